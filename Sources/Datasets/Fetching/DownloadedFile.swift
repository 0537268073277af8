#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that is being written beside its final place, under a name that nobody looks for.
struct DownloadedFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// Creates an empty file for what will be `name`.
  init(in folder: String, name: String) throws(DatasetError) {
    let number = UInt64.random(in: 0...UInt64.max)
    path = DatasetFolder.join(folder, ".\(name).\(String(number, radix: 36)).partial")
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw DatasetError(
        .inputOutput, path: path, "cannot be created: \(FileAccess.reason(errno))")
    }
  }

  /// Appends bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(DatasetError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Self.write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw DatasetError(
          .inputOutput, path: path, "cannot be written: \(FileAccess.reason(errno))")
      }
      rest = rest.dropFirst(count)
    }
  }

  private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  /// Moves the file to its final place in one step, once its bytes are on the disk: after a power
  /// failure there is the whole file or none.
  func keep(as final: String) throws(DatasetError) {
    guard fsync(descriptor) == 0, rename(path, final) == 0 else {
      throw DatasetError(
        .inputOutput, path: final, "cannot be written: \(FileAccess.reason(errno))")
    }
  }

  /// Closes the file and deletes it, unless it was kept.
  func remove() {
    close(descriptor)
    unlink(path)
  }

  /// What a file turns out to hold.
  enum Contents {
    /// The expected bytes, as an archive or as they are.
    case expected(isArchive: Bool)
    /// Something else, in words.
    case other(String)
  }

  /// Compares what a file holds with what it should.
  ///
  /// The contents are compared, not the archive, which each packer makes another way.
  static func contents(
    of path: String, expecting expected: PublishedDataset.File
  ) throws(DatasetError) -> Contents {
    let plain: [UInt8]
    let isArchive: Bool
    do {
      let limit = Gzip.largestArchive(of: expected.byteCount)
      let bytes = try FileAccess.read(path, limit: limit)
      isArchive = Gzip.isArchive(bytes)
      plain = try IDXArray.plainBytes(in: bytes, limit: expected.byteCount, path: path)
    } catch {
      guard error.kind == .malformed else { throw error }
      return .other("another file: \(error.problem)")
    }
    if plain.first == UInt8(ascii: "<") { return .other("a web page in place of the file") }
    let hash = sha256(plain[...])
    guard hash == expected.sha256 else {
      return .other("another file: expected SHA-256 \(expected.sha256), found \(hash)")
    }
    return .expected(isArchive: isArchive)
  }
}
