#if canImport(Glibc)
  import Glibc
#endif

/// Memory that threads write to, each to places of its own.
struct SharedMemory<Element>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>

  init(start: UnsafeMutablePointer<Element>) { self.start = start }

  /// Takes memory that nobody has written to yet; an empty buffer has an address too, to which nothing is
  /// written.
  ///
  /// Large pages are asked for: to get and clear those of 4 KiB one by one takes the system a quarter of
  /// the time in which a table is read.
  init(unwritten buffer: UnsafeMutableBufferPointer<Element>) {
    start = buffer.baseAddress!
    #if os(Linux)
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      let (begin, end) = (Int(bitPattern: start), Int(bitPattern: start + buffer.count))
      let aligned = (begin + page - 1) / page * page
      // Where there are none, or too few of them, all goes on as before.
      if aligned < end {
        madvise(UnsafeMutableRawPointer(bitPattern: aligned), end - aligned, MADV_HUGEPAGE)
      }
    #endif
  }
}
