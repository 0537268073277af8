/// A folder in which the four files of a data set may lie.
struct DatasetFolder {
  typealias Part = PublishedDataset.Part

  let path: String
  /// The file of each part that is there.
  let files: [Part: String]

  /// Looks which files are there.
  init(_ path: String) {
    self.path = path
    var files: [Part: String] = [:]
    for part in Part.allCases {
      files[part] = Self.names(of: part).map { Self.join(path, $0) }
        .first { FileAccess.kind(of: $0) == .file }
    }
    self.files = files
  }

  /// The names under which a part is known, first choice first.
  ///
  /// The original site had a dot in place of a dash. A plain file goes before an archive, since it
  /// loads faster.
  private static func names(of part: Part) -> [String] {
    let dotted = part.fileName.replacing("-idx", with: ".idx")
    return [part.fileName, dotted, part.fileName + ".gz", dotted + ".gz"]
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
    let folders = candidates(
      for: dataset.name, dataDirectory: dataDirectory, environment: environment
    ).map(DatasetFolder.init)
    if let folder = folders.first(where: \.isComplete) { return folder }
    var help = "get it by `maru data fetch \(dataset.name)`"
    if let package = dataset.debianPackage { help += " or as Debian's package \(package)" }
    throw DatasetError(
      .missingFile, path: dataset.name,
      "found in none of \(folders.map(\.lack).joined(separator: ", ")); \(help)")
  }
}
