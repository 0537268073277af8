import Foundation

/// Files read whole.
enum WholeFile {
  /// The contents of a file; `expected` says in the error what a folder or a device stands for.
  static func read(_ path: String, expected: String) throws(ModelFileError) -> Data {
    var status = stat()
    guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
      throw .system("read", path: path)
    }
    // Reading a device might never end.
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelFileError(
        .malformed, path: path, "expected \(expected), found a folder or a device")
    }
    // Foundation leaks a page for each empty file.
    guard status.st_size > 0 else { return Data() }
    do {
      // Mapped, so that a huge file that is no such one is refused by its first bytes alone.
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw ModelFileError(.inputOutput, path: path, "cannot read: \(error.localizedDescription)")
    }
  }
}
