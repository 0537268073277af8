import Foundation

/// Whole files, written so that a reader finds either the old contents or the new.
public enum AtomicFile {
  /// Writes a file: to a temporary one in the same folder, flushed to the disk, then renamed.
  ///
  /// Where anything fails, the temporary file is removed, and what was at `path` before stays.
  public static func write(_ contents: Data, to path: String) throws(ModelFileError) {
    let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard descriptor >= 0 else { throw .system("write", path: path) }
    do throws(ModelFileError) {
      defer { close(descriptor) }
      try writeAll(contents, to: descriptor, path: path)
      guard fsync(descriptor) == 0 else { throw ModelFileError.system("write", path: path) }
      guard rename(temporary, path) == 0 else { throw ModelFileError.system("write", path: path) }
    } catch {
      unlink(temporary)
      throw error
    }
    synchronizeFolder(of: path)
  }

  /// Writes a text file in UTF-8, by a temporary one that is flushed and renamed.
  public static func write(_ text: String, to path: String) throws(ModelFileError) {
    try write(Data(text.utf8), to: path)
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

  /// Makes the rename itself last; a file system that cannot has nothing to add.
  private static func synchronizeFolder(of path: String) {
    let folder = open((path as NSString).deletingLastPathComponent.ifEmpty("."), O_RDONLY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }
}

extension String {
  fileprivate func ifEmpty(_ other: String) -> String { isEmpty ? other : self }
}
