import Parallel
import Synchronization
import TestSupport
import Testing
import Training

/// How a team finds its size, on a clock that is simulated.
struct TeamSizeTests {
  /// What steps take with each number of threads, in milliseconds, from the first on.
  private struct Machine {
    var times: [Double]
    /// From which number of threads on one of them sleeps while it waits.
    var sleepsFrom = Int.max

    func step(_ count: Int, _ random: inout Seeded) -> (nanoseconds: UInt64, slept: UInt64) {
      let noise = Double(random.values(1, limit: 0.03)[0])
      let nanoseconds = UInt64(1e6 * times[count - 1] * (1 + noise))
      return (nanoseconds, nanoseconds * UInt64(count) / (count >= sleepsFrom ? 4 : 20))
    }
  }

  private static let quiet = Machine(times: [10, 5.5, 4, 3.2])
  /// Two processors have other work: with three or four threads, all wait for those.
  private static let halfBusy = Machine(times: [10, 5.5, 20, 20], sleepsFrom: 3)
  private static let busy = Machine(times: [18, 30, 40, 60], sleepsFrom: 2)
  /// A small network, which two threads carry out as fast as four.
  private static let small = Machine(times: [0.03, 0.02, 0.03, 0.06])

  /// The time of so many steps over that of the best fixed number of threads.
  private func cost(
    _ size: inout TeamSize, on machine: Machine, steps: Int, _ random: inout Seeded
  ) -> Double {
    var total = 0.0
    for _ in 0..<steps {
      let (nanoseconds, slept) = machine.step(size.count, &random)
      total += Double(nanoseconds) / 1e6
      size.note(nanoseconds: nanoseconds, slept: slept)
    }
    return total / (machine.times.min()! * Double(steps))
  }

  @Test func everyMachineGetsTheThreadsThatPay() {
    for (machine, steps) in [
      (Self.quiet, 1000), (Self.halfBusy, 1000), (Self.busy, 1000), (Self.small, 100_000),
    ] {
      var (size, random) = (TeamSize(most: 4), Seeded(61))
      let cost = cost(&size, on: machine, steps: steps, &random)
      #expect(cost < 1.15, "\(machine.times), \(random)")
    }
  }

  @Test func threadsAreGivenUpAndTakenBack() {
    var (size, random) = (TeamSize(most: 4), Seeded(62))
    for machine in [Self.quiet, Self.busy, Self.halfBusy, Self.quiet, Self.busy] {
      _ = cost(&size, on: machine, steps: 600, &random)
      let cost = cost(&size, on: machine, steps: 600, &random)
      #expect(cost < 1.15, "\(machine.times), \(random)")
    }
  }

  @Test func nothingIsTriedOnAQuietMachineAfterTheStart() {
    var (size, random) = (TeamSize(most: 4), Seeded(63))
    _ = cost(&size, on: Self.quiet, steps: 50, &random)
    for _ in 0..<10_000 {
      let (nanoseconds, slept) = Self.quiet.step(size.count, &random)
      size.note(nanoseconds: nanoseconds, slept: slept)
      #expect(size.count == 4)
    }
  }

  @Test func oneThreadIsNeverMore() {
    var size = TeamSize(most: 1)
    for _ in 0..<100 { size.note(nanoseconds: 1_000_000, slept: 900_000) }
    #expect(size.count == 1)
  }
}

/// Threads that take part in some steps and sit out others.
struct FormationTests {
  @Test(arguments: [2, 3, 6], [false, true])
  func everyStepIsCarriedOutByThoseWhoTakePart(threads: Int, beginsAlone: Bool) {
    for seed in 0..<30 as Range<UInt64> {
      var random = Seeded(seed)
      let steps = 300
      let counts = (0...steps).map { step in
        step == 0 && beginsAlone ? 1 : 1 + Int(random.labels(1, below: threads)[0])
      }
      let done = (0..<steps).map { _ in Counter() }
      let formation = Formation(threads, count: counts[0], first: 0)
      var step = 0
      Threads.together(threads, { _ in formation }) { index, formation in
        formation.run(index, join: { _ in }) { step, thread, barrier in
          done[step].mask.bitwiseOr(1 << thread.index, ordering: .relaxed)
          if thread.count != counts[step] { done[step].mask.store(-1, ordering: .relaxed) }
          barrier.wait()
        } decide: { _ in
          step += 1
          return step == steps ? 0 : counts[step]
        }
      }
      let wrong = (0..<steps).first {
        done[$0].mask.load(ordering: .relaxed) != (1 << counts[$0]) - 1
      }
      #expect(wrong == nil, "\(threads) threads, seed \(seed)")
    }
  }

  private final class Counter: Sendable {
    let mask = Atomic<Int>(0)
  }
}
