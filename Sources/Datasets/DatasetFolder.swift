/// A folder in which the four files of a data set may lie.
struct DatasetFolder {
  typealias Part = PublishedDataset.Part

  let path: String
  /// What the names of the files begin with, as `emnist-letters-`; nothing for MNIST's own.
  let prefix: String
  /// The file of each part that is there.
  let files: [Part: String]

  /// Looks which files are there.
  init(_ path: String, prefix: String = "") {
    (self.path, self.prefix) = (path, prefix)
    var files: [Part: String] = [:]
    for part in Part.allCases {
      files[part] = Self.names(of: part).map { Self.join(path, prefix + $0) }
        .first { FileAccess.kind(of: $0) == .file }
    }
    self.files = files
  }

  /// The names under which a part is known, first choice first.
  ///
  /// The original site had a dot in place of a dash; EMNIST and QMNIST call the second part `test`, and
  /// QMNIST's labels have two axes. A plain file goes before an archive, since it loads faster.
  private static func names(of part: Part) -> [String] {
    let names = [
      part.fileName, part.fileName.replacing("-idx", with: ".idx"),
      part.fileName.replacing("t10k", with: "test"),
      part.fileName.replacing("t10k", with: "test")
        .replacing("idx1-ubyte", with: "idx2-int"),
    ]
    return names + names.map { $0 + ".gz" }
  }

  /// The folder of four IDX files that a path means: one that holds them under MNIST's names or with
  /// one prefix before these; one that torchvision keeps them in, two folders below (`MNIST/raw`); or
  /// a folder and a prefix, as `data/emnist-letters`.
  /// - Throws: ``DatasetError`` where there are none, or several sets to choose from.
  static func idx(_ path: String) throws(DatasetError) -> DatasetFolder {
    let plain = DatasetFolder(path)
    if plain.isComplete { return plain }
    var found: [DatasetFolder] = []
    if FileAccess.kind(of: path) == .folder {
      let inner = PictureFolder.entries(of: path).map { join(path, $0) }
      let folders =
        [path] + inner
        + inner.flatMap { folder in
          PictureFolder.entries(of: folder).map { join(folder, $0) }
        }
      found = folders.filter { FileAccess.kind(of: $0) == .folder }.flatMap(sets)
    } else if let slash = path.lastIndex(of: "/") {
      found = sets(in: String(path[...slash])).filter {
        $0.prefix == path[path.index(after: slash)...] + "-"
      }
    } else {
      found = sets(in: ".").filter { $0.prefix == path + "-" }
    }
    if let one = found.first, found.count == 1 { return one }
    guard found.isEmpty else {
      let choices = found.map {
        $0.prefix.isEmpty ? $0.path : join($0.path, String($0.prefix.dropLast()))
      }
      throw .malformed(
        path, expected: "one set of four IDX files",
        found: "\(found.count); choose one: \(choices.joined(separator: ", "))")
    }
    throw DatasetError(.missingFile, path: path, "expected the four IDX files, found \(plain.lack)")
  }

  /// The complete sets in a folder, by their prefixes.
  private static func sets(in path: String) -> [DatasetFolder] {
    let marks = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"]
    let prefixes = PictureFolder.entries(of: path).compactMap { name in
      marks.compactMap { mark in name.firstRange(of: mark).map { String(name[..<$0.lowerBound]) } }
        .first
    }
    return Set(prefixes).sorted().map { DatasetFolder(path, prefix: $0) }.filter(\.isComplete)
  }

  var isComplete: Bool { files.count == Part.allCases.count }

  /// What the folder lacks, in words: itself, or some of the files.
  var lack: String {
    if FileAccess.kind(of: path) != .folder { return "\(path) (no such folder)" }
    let missing = Part.allCases.filter { files[$0] == nil }.map(\.fileName)
    return "\(path) (lacks \(missing.joined(separator: ", ")))"
  }

  /// The size of the files as they are stored, in bytes.
  var byteCount: Int { files.values.reduce(0) { $0 + (FileAccess.size(of: $1) ?? 0) } }

  /// A path of a folder and a name in it.
  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}

extension DatasetFolder {
  /// Where Debian's packages of data sets put them.
  private static let systemFolder = "/usr/share/datasets"

  /// The user's folder for data that can be had again: `$XDG_CACHE_HOME/maru`, or `~/.cache/maru`;
  /// `nil` where the environment names neither.
  static func cacheFolder(environment: [String: String]) -> String? {
    // The XDG specification wants relative paths ignored.
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") {
      return join(folder, "maru")
    }
    guard let home = environment["HOME"], !home.isEmpty else { return nil }
    return join(home, ".cache/maru")
  }

  /// The folders that may hold a set, first choice first.
  ///
  /// A data directory comes first if given, and may hold the files itself.
  static func candidates(
    for name: String, dataDirectory: String?, environment: [String: String]
  ) -> [String] {
    let given = dataDirectory.map { [join($0, name), $0] } ?? []
    let places = [environment["MARU_DATA"], cacheFolder(environment: environment), systemFolder]
    return given + places.compactMap { $0 }.filter { !$0.isEmpty }.map { join($0, name) }
  }

  /// The first folder that holds the whole set.
  /// - Throws: ``DatasetError`` of kind `missingFile` that names every place looked at, and how to
  ///   get the set.
  static func find(
    _ dataset: PublishedDataset, dataDirectory: String?, environment: [String: String]
  ) throws(DatasetError) -> DatasetFolder {
    if let dataDirectory, FileAccess.kind(of: dataDirectory) != .folder {
      throw DatasetError(
        .missingFile, path: dataDirectory, "expected a folder of data sets, found no such folder")
    }
    let folders = candidates(
      for: dataset.name, dataDirectory: dataDirectory, environment: environment
    ).map { DatasetFolder($0) }
    if let folder = folders.first(where: \.isComplete) { return folder }
    var help = "get it by `maru data fetch \(dataset.name)`"
    if let package = dataset.debianPackage { help += " or as Debian's package \(package)" }
    throw DatasetError(
      .missingFile, path: dataset.name,
      "found in none of \(folders.map(\.lack).joined(separator: ", ")); \(help)")
  }
}
