#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Pictures in a folder for each class: `CLASS/*.png`, or `train/CLASS/*.png` and `test/CLASS/*.png`.
struct PictureFolder {
  /// One part of it: the files of each class.
  struct Part {
    let path: String
    /// The names of the classes, sorted, and the files of each.
    let classes: [(name: String, files: [String])]
  }

  let path: String
  let train: Part
  /// Nil where there is one part for both.
  let test: Part?

  private static let trainNames = ["train", "training"]
  private static let testNames = ["test", "testing", "valid", "validation", "val"]
  private static let endings = [".png", ".jpg", ".jpeg", ".jpe", ".jfif"]

  /// Whether a folder has folders with pictures in it.
  static func isOne(_ path: String) -> Bool {
    entries(of: path).contains { name in
      let inner = DatasetFolder.join(path, name)
      return FileAccess.kind(of: inner) == .folder
        && entries(of: inner).contains { entry in
          isPicture(entry)
            || (trainNames + testNames).contains(name.lowercased())
              && entries(of: DatasetFolder.join(inner, entry)).contains(where: isPicture)
        }
    }
  }

  /// Looks which files are there; nothing is read.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    let names = Self.entries(of: path).filter {
      FileAccess.kind(of: DatasetFolder.join(path, $0)) == .folder
    }
    func part(_ choices: [String]) -> Part? {
      for choice in choices {
        if let name = names.first(where: { $0.lowercased() == choice }) {
          return Self.part(DatasetFolder.join(path, name))
        }
      }
      return nil
    }
    guard let train = part(Self.trainNames) else {
      self.train = Self.part(path)
      test = nil
      return
    }
    self.train = train
    test = part(Self.testNames)
    guard let test else { return }
    guard !test.classes.isEmpty else {
      throw .malformed(
        test.path, expected: "a folder of PNG or JPEG files for each class", found: "none")
    }
    if let other = test.classes.first(where: { other in
      !train.classes.contains { $0.name == other.name }
    }) {
      throw .malformed(
        test.path, expected: "the classes of \(train.path)",
        found: "\(other.name), of which nothing can be learned")
    }
  }

  private static func part(_ path: String) -> Part {
    let classes = entries(of: path).compactMap { name -> (name: String, files: [String])? in
      let folder = DatasetFolder.join(path, name)
      let files = entries(of: folder).filter(isPicture).map { DatasetFolder.join(folder, $0) }
      return files.isEmpty ? nil : (name, files)
    }
    return Part(path: path, classes: classes)
  }

  /// The names in a folder, sorted; hidden ones are left out.
  static func entries(of path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  static func isPicture(_ name: String) -> Bool {
    endings.contains { name.lowercased().hasSuffix($0) }
  }
}
