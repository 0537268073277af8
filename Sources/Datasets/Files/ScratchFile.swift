import BLAS

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where files lie that take the place of memory.
struct ScratchFolder: Sendable {
  let path: String

  /// The folder, or nil where there can be none and memory has room for the file.
  static func find(
    _ environment: [String: String], for path: String, _ memory: MemoryBudget
  ) throws(DatasetError) -> ScratchFolder? {
    do throws(DatasetError) { return try ScratchFolder(environment: environment, for: path) } catch
    {
      if memory.isTooLarge(path) { throw error }
      return nil
    }
  }

  /// A folder in the user's cache, which is made where it is not there; `/tmp` may be memory itself.
  private init(environment: [String: String], for path: String) throws(DatasetError) {
    guard let cache = DatasetFolder.cacheFolder(environment: environment) else {
      throw DatasetError(
        .inputOutput, path: path,
        "is large for the memory, so that its rows go to a file in the cache, for which "
          + "$XDG_CACHE_HOME or $HOME has to be set")
    }
    self.path = DatasetFolder.join(cache, "tables")
    var made = ""
    for name in self.path.split(separator: "/") {
      made += "/\(name)"
      if mkdir(made, 0o755) != 0 && errno != EEXIST {
        throw DatasetError(.inputOutput, path: made, "cannot be made: \(FileAccess.reason(errno))")
      }
    }
  }
}

/// A file of a given size, to be written in place by several threads.
///
/// The system writes its pages out where others need the memory that they are in, and there is room on the
/// disk for all of them from the beginning.
final class ScratchFile: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let path: String
  let file: Int32
  private let count: Int

  /// Makes a file that nobody else can see, and that goes with the last reference.
  init(_ count: Int, in folder: ScratchFolder) throws(DatasetError) {
    var name = Array(DatasetFolder.join(folder.path, "rows.XXXXXX").utf8CString)
    let file = mkstemp(&name)
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard file >= 0 else { throw Self.failed(folder.path, errno) }
    unlink(path)
    // A page that has no place on a full disk would end the process by SIGBUS.
    let failure = Self.reserve(count, in: file)
    guard failure == 0 else {
      close(file)
      throw Self.failed(folder.path, failure)
    }
    let size = max(count, 1)
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    guard let start, start != MAP_FAILED else {
      let code = errno
      close(file)
      throw Self.failed(folder.path, code)
    }
    (self.start, self.file, self.count) = (start, file, size)
  }

  /// Gives a file its size; the code of the error, 0 for none.
  private static func reserve(_ count: Int, in file: Int32) -> Int32 {
    #if os(Linux)
      while count > 0 {
        let code = posix_fallocate(file, 0, off_t(count))
        if code != EINTR { return code }
      }
      return 0
    #else
      return ftruncate(file, off_t(count)) == 0 ? 0 : errno
    #endif
  }

  deinit {
    munmap(start, count)
    close(file)
  }

  private static func failed(_ path: String, _ code: Int32) -> DatasetError {
    DatasetError(.inputOutput, path: path, "has no room for rows: \(FileAccess.reason(code))")
  }
}
