import CKernels

/// A point that no thread of a team passes before all have reached it.
package final class Barrier: @unchecked Sendable {
  private let barrier: UnsafeMutablePointer<maru_barrier>
  /// Two cache lines, which processors fetch together: nothing else that threads write lies there.
  private static let room = 128

  package init(count: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.room, alignment: Self.room)
    barrier = memory.bindMemory(to: maru_barrier.self, capacity: 1)
    barrier.initialize(
      to: maru_barrier(count: UInt32(count), arrived: 0, generation: 0, sleepers: 0, slept: 0))
  }

  deinit { barrier.deallocate() }

  /// Of one thread, which never waits.
  static let alone = Barrier(count: 1)

  /// How many threads have to reach it.
  package var count: Int { Int(barrier.pointee.count) }

  /// The nanoseconds that threads have slept here, all together.
  var slept: UInt64 { barrier.pointee.slept }

  /// Waits for the others: a while in a loop, then asleep.
  package func wait() { maru_wait_at(barrier) }
}
