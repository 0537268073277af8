#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes of a text: in memory, or in a file that is read where it lies.
struct TextBytes: RandomAccessCollection, Sendable {
  private enum Storage {
    case array([UInt8])
    case file(MappedText)
  }
  private let storage: Storage

  init(_ bytes: [UInt8]) { storage = .array(bytes) }

  /// The bytes of a file, and line breaks behind the last.
  init(_ file: MappedFile, breaks: Int) throws(DatasetError) {
    storage = .file(try MappedText(file, breaks: breaks))
  }

  /// Throws where somebody has written to the file.
  func check() throws(DatasetError) {
    if case .file(let text) = storage { try text.file.check() }
  }

  var startIndex: Int { 0 }

  var endIndex: Int {
    switch storage {
    case .array(let bytes): bytes.count
    case .file(let text): text.bytes.count
    }
  }

  subscript(index: Int) -> UInt8 {
    switch storage {
    case .array(let bytes): bytes[index]
    case .file(let text): text.bytes[index]
    }
  }

  func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch storage {
    case .array(let bytes): try bytes.withUnsafeBufferPointer(body)
    case .file(let text): try body(text.bytes)
    }
  }
}

/// A text in a file, as if it ended in line breaks: behind its whole pages lies memory with what is left of
/// it, and with these.
final class MappedText: @unchecked Sendable {
  let bytes: UnsafeBufferPointer<UInt8>
  let file: MappedFile
  private let size: Int

  init(_ file: MappedFile, breaks: Int) throws(DatasetError) {
    self.file = file
    let (page, count) = (Int(getpagesize()), file.bytes.count)
    let whole = count / page * page
    size = (count + breaks + page - 1) / page * page
    let start = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let start, start != MAP_FAILED else { throw file.failed(errno) }
    let end = mmap(
      start + whole, size - whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0
    )
    guard let end, end != MAP_FAILED, file.map(whole, at: start) else {
      let code = errno
      munmap(start, size)
      throw file.failed(code)
    }
    memcpy(end, file.bytes.baseAddress! + whole, count - whole)
    memset(end + (count - whole), Int32(UInt8(ascii: "\n")), breaks)
    bytes = UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: UInt8.self), count: count + breaks)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), size) }
}
