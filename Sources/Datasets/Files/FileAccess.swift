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

  /// In bytes: what a thread reads at once.
  private static let stretch = 1 << 22

  /// Reads on all threads: copying from the system's memory, and getting pages of one's own, takes one
  /// of them longer than reading the numbers of a table.
  private static func read(
    _ file: Int32, size: Int, spare: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size + spare) { buffer, count in
      if size == 0 { return }
      let memory = SharedMemory(unwritten: buffer)
      let results = inParallel((size + stretch - 1) / stretch) { index in
        read(file, memory, index * stretch..<min(size, (index + 1) * stretch))
      }
      // What lies behind a place that could not be read is not looked at.
      let broken = results.firstIndex { $0.count < stretch } ?? results.count - 1
      failure = results[broken].failure
      count = broken * stretch + results[broken].count
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

  /// Reads a range of a file to its place; says how many bytes there were, and the error, if any.
  private static func read(
    _ file: Int32, _ memory: SharedMemory<UInt8>, _ range: Range<Int>
  ) -> (count: Int, failure: Int32) {
    var place = range.lowerBound
    while place < range.upperBound {
      let received = pread(file, memory.start + place, range.upperBound - place, off_t(place))
      if received < 0 && errno == EINTR { continue }
      if received <= 0 { return (place - range.lowerBound, received < 0 ? errno : 0) }
      place += received
    }
    return (range.count, 0)
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
