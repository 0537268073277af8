import Foundation

/// Whole files, written so that a reader finds either the old contents or the new.
public enum AtomicFile {
  /// Writes a file: to a temporary one in the same folder, flushed to the disk, then renamed.
  ///
  /// Where anything fails, the temporary file is removed, and what was at `path` before stays. A
  /// symbolic link stays one, and its target is replaced; a folder or a device is refused.
  public static func write(_ contents: Data, to path: String) throws(ModelFileError) {
    try write([(path, contents)])
  }

  /// Writes files that belong together: all are on the disk under other names before the first one
  /// is renamed, so that a full disk leaves what was there before.
  public static func write(_ files: [(path: String, contents: Data)]) throws(ModelFileError) {
    var staged: [StagedFile] = []
    // Where all went well, there is nothing left to remove.
    defer { for file in staged { unlink(file.temporary) } }
    for file in files { staged.append(try StagedFile(file.contents, for: file.path)) }
    for file in staged {
      guard rename(file.temporary, file.target) == 0 else {
        throw .system("write", path: file.path)
      }
    }
    for folder in Set(staged.map(\.folder)) { synchronize(folder) }
  }

  /// Makes sure that a file can be written, and leaves nothing behind.
  public static func check(_ path: String) throws(ModelFileError) {
    unlink(try StagedFile(Data(), for: path).temporary)
  }

  /// The folder that a path lies in.
  ///
  /// Not by Foundation's `deletingLastPathComponent`, which traps for a name of one letter on Linux.
  public static func folder(of path: String) -> String {
    guard let slash = path.dropLast(path.hasSuffix("/") ? 1 : 0).lastIndex(of: "/") else {
      return "."
    }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes a rename itself last; a file system that cannot has nothing to add.
  private static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}

/// Contents on the disk under a temporary name, to be renamed.
private struct StagedFile {
  /// The path as it was asked for, and the file that it leads to.
  let path, target: String
  let folder, temporary: String

  init(_ contents: Data, for path: String) throws(ModelFileError) {
    self.path = path
    target = try Self.target(of: path)
    folder = AtomicFile.folder(of: target)
    // Not the process's number: in a container it is the same in every run.
    temporary = "\(folder)/.maru-\(String(UInt64.random(in: 0 ... .max), radix: 36)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system("write", path: path) }
    defer { close(descriptor) }
    do throws(ModelFileError) {
      try Self.writeAll(contents, to: descriptor, path: path)
      guard fsync(descriptor) == 0 else { throw ModelFileError.system("write", path: path) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func target(of path: String) throws(ModelFileError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelFileError(
        .inputOutput, path: path, "cannot write: expected a file, found a folder or a device")
    }
    guard let resolved = realpath(path, nil) else { throw .system("write", path: path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func writeAll(
    _ contents: Data, to descriptor: Int32, path: String
  ) throws(ModelFileError) {
    var written = 0
    while written < contents.count {
      let result = contents.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress! + written, contents.count - written)
      }
      if result < 0 && errno == EINTR { continue }
      guard result > 0 else { throw .system("write", path: path) }
      written += result
    }
  }
}
