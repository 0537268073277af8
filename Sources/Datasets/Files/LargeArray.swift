#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Elements that several threads write once, and that are only read from then on: in memory, or in a
/// file where there are too many for it.
final class LargeArray<Element: BitwiseCopyable>: @unchecked Sendable {
  /// How many there are, of those that there is room for.
  private(set) var count = 0
  private let capacity: Int
  private let start: UnsafeMutablePointer<Element>
  private let file: ScratchFile?

  /// Makes room for elements.
  init(capacity: Int, in folder: ScratchFolder?) throws(DatasetError) {
    let size = capacity * MemoryLayout<Element>.stride
    if let folder {
      let file = try ScratchFile(size, in: folder)
      (self.file, start) = (file, file.start.assumingMemoryBound(to: Element.self))
    } else {
      (file, start) = (nil, .allocate(capacity: capacity))
    }
    self.capacity = capacity
  }

  /// No elements.
  init() { (capacity, start, file) = (0, .allocate(capacity: 0), nil) }

  deinit { if file == nil { start.deallocate() } }

  /// The room, for threads to write to.
  var memory: SharedMemory<Element> {
    SharedMemory(unwritten: UnsafeMutableBufferPointer(start: start, count: capacity))
  }

  /// Moves what was written in several places together, and lets it be read.
  func join(_ runs: [(source: Int, target: Int, count: Int)]) {
    for run in runs {
      if run.source != run.target {
        memmove(
          start + run.target, start + run.source, run.count * MemoryLayout<Element>.stride)
      }
      count += run.count
    }
  }

  subscript(index: Int) -> Element { start[index] }

  func withUnsafeBufferPointer<Result>(_ body: (UnsafeBufferPointer<Element>) -> Result) -> Result {
    body(UnsafeBufferPointer(start: start, count: count))
  }
}
