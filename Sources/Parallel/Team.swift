import BLAS
import CKernels

/// One of the threads of a team.
package struct TeamThread: Sendable {
  /// The number of the thread, from 0, the one that called.
  package let index: Int
  /// How many threads there are.
  package let count: Int

  package init(index: Int, of count: Int) {
    require(
      0 <= index && index < count, "TeamThread: expected an index below \(count), got \(index)")
    self.index = index
    self.count = count
  }

  /// This thread's range of `total` parts, the same whenever it is asked for; it may be empty.
  package func share(of total: Int) -> Range<Int> {
    total * index / count..<total * (index + 1) / count
  }
}

/// The threads that carry out work together, each calling BLAS on its own.
package enum Team {
  /// Runs `body` once for each of up to `count` threads, the first on the calling one, until all are
  /// done; there are fewer where the system grants no more.
  ///
  /// Meanwhile BLAS stays on the thread that calls it, and denormal numbers are flushed to 0.
  package static func run(_ count: Int, _ body: (TeamThread, Barrier) -> Void) {
    require(count >= 1, "Team: expected at least one thread, got \(count)")
    OpenBLAS.withThreads(upTo: count) { count in
      if count == 1 { return run(0, .alone, body) }
      Threads.together(count, Barrier.init) { index, barrier in run(index, barrier, body) }
    }
  }

  private static func run(
    _ index: Int, _ barrier: Barrier, _ body: (TeamThread, Barrier) -> Void
  ) {
    let state = maru_flush_denormals()
    body(TeamThread(index: index, of: barrier.count), barrier)
    maru_restore_denormals(state)
  }
}
