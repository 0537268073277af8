#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The few things asked of the file system, with errors that name the path.
enum FileAccess {
  /// What a path leads to.
  enum Kind { case file, folder, other, nothing }

  /// What a path leads to, through symbolic links; what can't be looked at counts as nothing.
  static func kind(of path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    return kind(status)
  }

  /// The size of a file in bytes, or `nil` where there is none.
  static func size(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, kind(status) == .file else { return nil }
    return Int(status.st_size)
  }

  /// Reads a whole file of at most `limit` bytes; there is room for `spare` more behind them.
  static func read(_ path: String, limit: Int, spare: Int = 0) throws(DatasetError) -> [UInt8] {
    // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      let code = errno
      let kind: DatasetError.Kind = code == ENOENT || code == ENOTDIR ? .missingFile : .inputOutput
      throw DatasetError(kind, path: path, "cannot be opened: \(reason(code))")
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      throw DatasetError(.inputOutput, path: path, "cannot be read: \(reason(errno))")
    }
    guard kind(status) == .file else {
      throw .malformed(path, expected: "a file", found: "a folder or a device")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw .malformed(path, expected: "at most \(limit) bytes", found: "\(size)")
    }
    return try read(file, size: size, spare: spare, path: path)
  }

  private static func read(
    _ file: Int32, size: Int, spare: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size + spare) { buffer, count in
      while count < size {
        let received = Self.read(file, buffer.baseAddress! + count, size - count)
        if received < 0 && errno == EINTR { continue }
        if received < 0 { failure = errno }
        if received <= 0 { break }
        count += received
      }
    }
    guard failure == 0 else {
      throw DatasetError(.inputOutput, path: path, "cannot be read: \(reason(failure))")
    }
    guard bytes.count == size else {
      throw DatasetError(
        .inputOutput, path: path,
        "became shorter while it was read: \(bytes.count) of \(size) bytes")
    }
    return bytes
  }

  private static func read(_ file: Int32, _ target: UnsafeMutablePointer<UInt8>, _ size: Int) -> Int
  {
    #if canImport(Glibc)
      Glibc.read(file, target, size)
    #else
      Darwin.read(file, target, size)
    #endif
  }

  /// The system's words for an error number.
  static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func kind(_ status: stat) -> Kind {
    switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    default: .other
    }
  }
}
