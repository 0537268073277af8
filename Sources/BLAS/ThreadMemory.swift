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
/// maps them before threads begin, and there are no more threads than buffers; a program that knows
/// what else it will need has that kept free.
package enum ThreadMemory {
  /// The size of a buffer on a server's processor.
  package static let bytes = 128 << 20

  /// The stack of a buffer's thread, and what is mapped beside.
  private static let stackBytes = 9 << 20

  /// What is known of OpenBLAS's buffers.
  private struct Buffers {
    /// How many threads use one.
    var used = 0
    /// How many there are.
    var mapped = 0
    /// Where those lie that have been taken.
    var places: Set<UInt> = []
    /// The bytes that no other one may take.
    var kept = 0
  }
  private static let buffers = Mutex(Buffers())

  /// For how many of so many threads, beside those that run, there are buffers from now on.
  /// - Parameters:
  ///   - count: how many are wanted
  ///   - kept: the bytes of address space that buffers leave free, now and later
  package static func reserve(upTo count: Int, keeping kept: Int = 0) -> Int {
    buffers.withLock { $0.kept = kept }
    let granted = take(upTo: count)
    giveBack(granted)
    return granted
  }

  /// Takes buffers for up to so many threads, and tells for how many.
  static func take(upTo count: Int) -> Int {
    buffers.withLock { buffers in
      let wanted = buffers.used + count
      if wanted > buffers.mapped { map(wanted - buffers.mapped, &buffers) }
      let granted = min(count, buffers.mapped - buffers.used)
      buffers.used += granted
      return granted
    }
  }

  static func giveBack(_ count: Int) { buffers.withLock { $0.used -= count } }

  /// Has OpenBLAS map so many more buffers, as far as the system grants them.
  private static func map(_ count: Int, _ buffers: inout Buffers) {
    buffers.mapped += granted(count, keeping: buffers.kept)
    // It maps one only while all before are taken, some of them by threads of its own, and ends the
    // program where it has too many.
    var taken: [UnsafeMutableRawPointer] = []
    while buffers.places.count < buffers.mapped && taken.count < OpenBLAS.mostThreads,
      let buffer = maru_take_buffer()
    {
      taken.append(buffer)
      buffers.places.insert(UInt(bitPattern: buffer))
    }
    for buffer in taken { maru_return_buffer(buffer) }
  }

  /// How many of so many buffers, with their threads' stacks, the system grants beside what is kept.
  private static func granted(_ count: Int, keeping kept: Int) -> Int {
    var blocks: [UnsafeMutableRawBufferPointer] = []
    for size in [max(kept, 1)] + Array(repeating: bytes + stackBytes, count: count) {
      let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
      guard let block, block != MAP_FAILED else { break }
      blocks.append(UnsafeMutableRawBufferPointer(start: block, count: size))
    }
    for block in blocks { munmap(block.baseAddress, block.count) }
    return max(0, blocks.count - 1)
  }
}
