import CKernels

/// A point that no thread of a team passes before all have reached it.
package final class Barrier: @unchecked Sendable {
  private let barrier: UnsafeMutablePointer<maru_barrier>

  package init(count: Int) {
    barrier = .allocate(capacity: 1)
    barrier.initialize(
      to: maru_barrier(count: UInt32(count), arrived: 0, generation: 0, sleepers: 0))
  }

  deinit { barrier.deallocate() }

  /// How many threads have to reach it.
  package var count: Int { Int(barrier.pointee.count) }

  /// Waits for the others: a while in a loop, then asleep.
  package func wait() { maru_wait_at(barrier) }
}
