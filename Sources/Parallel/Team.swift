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

  /// Runs steps, each on as many of the threads as pay at the moment, until one is the last.
  ///
  /// The first thread is always among them.
  /// - Parameters:
  ///   - size: how many that is; it keeps what was found, for the next steps
  ///   - first: the number of the first step
  ///   - join: called on a thread when it begins to take part
  ///   - step: one step, by its number; all that take part call it, and wait for each other behind it
  ///   - isLast: whether the step that has just ended was the last, asked of the first thread
  package static func steps(
    _ size: inout TeamSize, from first: Int, join: (TeamThread) -> Void,
    step: (Int, TeamThread, Barrier) -> Void, until isLast: () -> Bool
  ) {
    var now = size
    var start = monotonicNanoseconds()
    OpenBLAS.withThreads(upTo: size.most) { count in
      func decide(_ slept: UInt64) -> Int {
        let end = monotonicNanoseconds()
        now.note(nanoseconds: end - start, slept: slept)
        start = end
        return isLast() ? 0 : now.count
      }
      func run(_ index: Int, _ formation: Formation) {
        let state = maru_flush_denormals()
        formation.run(index, join: join, step: step, decide: decide)
        maru_restore_denormals(state)
      }
      func form(_ count: Int) -> Formation { Formation(count, count: now.count, first: first) }
      if count == 1 { run(0, form(1)) } else { Threads.together(count, form, run) }
    }
    size = now
  }

  private static func run(
    _ index: Int, _ barrier: Barrier, _ body: (TeamThread, Barrier) -> Void
  ) {
    let state = maru_flush_denormals()
    body(TeamThread(index: index, of: barrier.count), barrier)
    maru_restore_denormals(state)
  }
}
