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

  /// What a file holds in place of the expected one, in words; `nil` if it is the right one.
  ///
  /// The contents are compared, not the archive, which each packer makes another way.
  static func problem(
    of path: String, _ expected: PublishedDataset.File
  ) throws(DatasetError) -> String? {
    let bytes: [UInt8]
    do {
      bytes = try IDXArray.plainBytes(of: path, limit: expected.byteCount)
    } catch {
      guard error.kind == .malformed else { throw error }
      return "another file: \(error.problem)"
    }
    if bytes.first == UInt8(ascii: "<") { return "a web page in place of the file" }
    let hash = sha256(bytes[...])
    if hash == expected.sha256 { return nil }
    return "another file: expected SHA-256 \(expected.sha256), found \(hash)"
  }
}
