import CKernels
import Synchronization

/// Threads that carry out steps together, of which some may sit out.
///
/// A step ends when all that take part have come to its barrier; then as many carry out the next one as
/// ``TeamSize`` says. The others sleep until they are called.
package final class Formation: @unchecked Sendable {
  private let threads: Int
  /// One for each number of threads that may take part.
  private let barriers: [Barrier]
  private let first: Int
  private let firstCount: Int
  /// How many take part in the next step, 0 for none: in turns, as one who is late still reads the last.
  private let next = [Cell(), Cell()]
  /// Grows with each call of those who sit out.
  private let calls: UnsafeMutablePointer<UInt32>
  private let calledStep = Atomic<Int>(0)
  private let calledCount = Atomic<Int>(0)
  private let sitting = Atomic<Int>(0)

  private final class Cell: Sendable {
    let value = Atomic<Int>(0)
  }

  /// - Parameters:
  ///   - threads: all that there are
  ///   - count: how many begin
  ///   - first: the number of the first step
  package init(_ threads: Int, count: Int, first: Int) {
    self.threads = threads
    barriers = (1...threads).map { Barrier(count: $0) }
    firstCount = min(count, threads)
    self.first = first
    calls = .allocate(capacity: 1)
    calls.initialize(to: 0)
  }

  deinit { calls.deallocate() }

  /// Carries out steps on one of the threads, until `decide`, which the first is asked at the end of each,
  /// says 0.
  /// - Parameters:
  ///   - index: the number of the thread
  ///   - join: called when the thread begins to take part
  ///   - step: one step, by its number
  ///   - decide: how many take part in the next step, given the
  ///     nanoseconds that threads slept in this, all together
  package func run(
    _ index: Int, join: (TeamThread) -> Void, step: (Int, TeamThread, Barrier) -> Void,
    decide: (UInt64) -> Int
  ) {
    var (number, count, takesPart) = (first, firstCount, false)
    var slept: UInt64 = 0
    // Who sits out from the beginning may come when it has been called already.
    var seenCalls: UInt32 = 0
    while true {
      if index >= count {
        if takesPart { seenCalls = maru_calls(calls) }
        takesPart = false
        guard let call = sitOut(index, &seenCalls) else { return }
        (number, count) = call
        continue
      }
      let (thread, barrier) = (TeamThread(index: index, of: count), barriers[count - 1])
      if !takesPart {
        join(thread)
        takesPart = true
      }
      step(number, thread, barrier)
      let cell = next[number & 1]
      if index == 0 {
        let all = barrier.slept
        cell.value.store(min(decide(all - slept), threads), ordering: .relaxed)
        slept = all
      }
      barrier.wait()
      let following = cell.value.load(ordering: .relaxed)
      if index == 0 { settle(following, after: count, number + 1) }
      if following == 0 { return }
      if following != count { slept = barriers[following - 1].slept }
      (number, count) = (number + 1, following)
    }
  }

  /// Calls those that take part from the next step on, or all where there is none; waits until those that
  /// no longer do have left.
  private func settle(_ following: Int, after count: Int, _ number: Int) {
    if following == 0 || following > count {
      calledStep.store(number, ordering: .relaxed)
      // Who wakes late from an earlier call may see this one.
      calledCount.store(following, ordering: .releasing)
      maru_call(calls)
    } else if following < count {
      while sitting.load(ordering: .acquiring) < threads - following { maru_yield() }
    }
  }

  /// Sleeps until the thread is called: with the number of the step and how many carry it out; nil where
  /// there is none.
  private func sitOut(_ index: Int, _ seen: inout UInt32) -> (Int, Int)? {
    sitting.wrappingAdd(1, ordering: .acquiringAndReleasing)
    while true {
      seen = maru_sit_out(calls, seen)
      let count = calledCount.load(ordering: .acquiring)
      if count == 0 { return nil }
      if index < count {
        sitting.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        return (calledStep.load(ordering: .relaxed), count)
      }
    }
  }
}
