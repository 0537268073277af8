import BLAS

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that is read where it lies: the system fetches its pages as they are touched, and takes back
/// the memory that they are in when others need it.
///
/// Whoever touches a page that the file no longer has, or that cannot be read, gets the signal SIGBUS.
final class MappedFile: @unchecked Sendable {
  let path: String
  let bytes: UnsafeRawBufferPointer
  private let file: Int32
  private let state: State

  /// What changes where somebody writes to a file.
  private struct State: Equatable {
    let size, seconds, nanoseconds: Int

    init?(_ file: Int32) {
      var status = stat()
      guard fstat(file, &status) == 0 else { return nil }
      #if os(Linux)
        let time = status.st_mtim
      #else
        let time = status.st_mtimespec
      #endif
      (size, seconds, nanoseconds) = (Int(status.st_size), Int(time.tv_sec), Int(time.tv_nsec))
    }
  }

  /// Opens a file that is not empty.
  init(_ path: String) throws(DatasetError) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw Self.failed(path, "cannot be opened: \(FileAccess.reason(errno))")
    }
    guard let state = State(file),
      let start = mmap(nil, max(state.size, 1), PROT_READ, MAP_SHARED, file, 0),
      start != MAP_FAILED
    else {
      let code = errno
      close(file)
      throw Self.failed(path, "cannot be mapped into memory: \(Self.reason(code))")
    }
    guard state.size > 0 else {
      munmap(start, 1)
      close(file)
      throw Self.failed(path, "is empty")
    }
    (self.path, self.file, self.state) = (path, file, state)
    bytes = UnsafeRawBufferPointer(start: start, count: state.size)
  }

  /// Takes what was written to a file without a name.
  init(_ scratch: ScratchFile) throws(DatasetError) {
    let file = dup(scratch.file)
    guard let state = State(file),
      let start = mmap(nil, state.size, PROT_READ, MAP_SHARED, file, 0), start != MAP_FAILED
    else {
      let code = errno
      close(file)
      throw Self.failed(scratch.path, "cannot be mapped into memory: \(Self.reason(code))")
    }
    (path, self.file, self.state) = (scratch.path, file, state)
    bytes = UnsafeRawBufferPointer(start: start, count: state.size)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
    close(file)
  }

  /// The system's words for an error, or the limit that keeps the process from more address space.
  private static func reason(_ code: Int32) -> String {
    guard code == ENOMEM, let space = AddressSpace.current else { return FileAccess.reason(code) }
    return "more bytes are refused (\(space.limit)); raise the limit"
  }

  private static func failed(_ path: String, _ problem: String) -> DatasetError {
    DatasetError(.inputOutput, path: path, problem)
  }

  /// Maps the first bytes, whole pages, once more, in place of what is mapped there; false where the system
  /// refuses it.
  func map(_ count: Int, at place: UnsafeMutableRawPointer) -> Bool {
    count == 0 || mmap(place, count, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED
  }

  /// The error of a mapping that was refused.
  func failed(_ code: Int32) -> DatasetError {
    Self.failed(path, "cannot be mapped into memory: \(Self.reason(code))")
  }

  /// Throws where somebody has written to the file since it was opened.
  func check() throws(DatasetError) {
    guard let now = State(file), now == state else {
      throw Self.failed(path, "was changed while it was in use; what was read of it may be wrong")
    }
  }

  /// Lets the system know that only what is asked for is worth reading, and that what was read once is the
  /// first that memory can do without.
  func expectRandomAccess() { advise(0..<bytes.count, MADV_RANDOM) }

  /// In bytes: of one request, Linux reads no more than it reads ahead or a disk takes at once, which is
  /// rarely less than this.
  private static let request = 1 << 17

  /// Has the system begin to read a range of the bytes.
  func fetch(_ range: Range<Int>) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.request) {
      advise(start..<min(start + Self.request, range.upperBound), MADV_WILLNEED)
    }
  }

  /// Gives back the memory that a range of the bytes is in; what the system keeps of it beside is its own.
  func release(_ range: Range<Int>) { advise(range, MADV_DONTNEED) }

  /// Where the system does not take advice, all goes on as before.
  private func advise(_ range: Range<Int>, _ advice: Int32) {
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    if range.isEmpty { return }
    madvise(
      UnsafeMutableRawPointer(mutating: bytes.baseAddress! + start), range.upperBound - start,
      advice)
  }
}
