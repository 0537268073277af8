import COpenBLAS
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The address space in which OpenBLAS packs operands, a buffer for each thread that multiplies.
///
/// OpenBLAS maps a buffer at the first product that needs another one, and keeps it. Where the system
/// refuses it (`ulimit -v`, or a machine that does not overcommit), it tries again for ever. So here it
/// maps them before threads begin, and there are no more threads than buffers.
package enum ThreadMemory {
  /// The size of a buffer on a server's processor.
  package static let bytes = 128 << 20

  /// How many threads use a buffer, and how many buffers OpenBLAS has mapped.
  private static let buffers = Mutex((used: 0, mapped: 0))

  /// For how many of so many threads, beside those that run, there are buffers from now on.
  package static func reserve(upTo count: Int) -> Int {
    let granted = take(upTo: count)
    giveBack(granted)
    return granted
  }

  /// Takes buffers for up to so many threads, and tells for how many.
  static func take(upTo count: Int) -> Int {
    buffers.withLock { buffers in
      let wanted = buffers.used + count
      if wanted > buffers.mapped { buffers.mapped += map(wanted - buffers.mapped, of: wanted) }
      let granted = min(count, buffers.mapped - buffers.used)
      buffers.used += granted
      return granted
    }
  }

  static func giveBack(_ count: Int) { buffers.withLock { $0.used -= count } }

  /// Has OpenBLAS map buffers until it has so many, as far as the system grants them; how many are new.
  private static func map(_ count: Int, of wanted: Int) -> Int {
    let granted = granted(count)
    // It takes the next one only while all before are in use, and ends the program where it has none.
    let held = min(wanted - count + granted, OpenBLAS.mostThreads)
    let buffers = (0..<held).map { _ in maru_take_buffer() }
    for buffer in buffers { maru_return_buffer(buffer) }
    return granted
  }

  /// How many of so many buffers the system grants at once: it is asked for a little more.
  private static func granted(_ count: Int) -> Int {
    var blocks: [UnsafeMutableRawPointer] = []
    let size = bytes + 1 << 20
    while blocks.count < count {
      let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
      guard let block, block != MAP_FAILED else { break }
      blocks.append(block)
    }
    for block in blocks { munmap(block, size) }
    return blocks.count
  }
}
