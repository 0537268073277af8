import CKernels
import Layers

/// The threads that carry out a part of training together, each calling BLAS on its own.
enum Team {
  /// Runs `body` once for each of up to `count` threads, the first on the calling one, until all are
  /// done; there are fewer where the system grants no more.
  ///
  /// Meanwhile BLAS stays on the thread that calls it, and denormal numbers are 0.
  static func run(_ count: Int, _ body: (Worker, Barrier) -> Void) {
    require(count >= 1, "Team: expected at least one thread, got \(count)")
    OpenBLAS.withThreads(upTo: count) { count in
      Threads.together(count, Barrier.init) { index, barrier in
        let state = maru_flush_denormals()
        body(Worker(index: index, of: barrier.count), barrier)
        maru_restore_denormals(state)
      }
    }
  }
}

/// A point that no thread of a team passes before all have reached it.
final class Barrier: @unchecked Sendable {
  private let barrier: UnsafeMutablePointer<maru_barrier>

  init(count: Int) {
    barrier = .allocate(capacity: 1)
    barrier.initialize(
      to: maru_barrier(count: UInt32(count), arrived: 0, generation: 0, sleepers: 0))
  }

  deinit { barrier.deallocate() }

  /// How many threads there are.
  var count: Int { Int(barrier.pointee.count) }

  func wait() { maru_wait_at(barrier) }
}
