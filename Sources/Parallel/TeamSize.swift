import BLAS

/// How many threads of a team pay at the moment, found by trying.
///
/// A thread costs more than it gains where its processor has other work to do, or where the work is too
/// small to be passed between processors. What a step takes tells; so from time to time a team makes
/// some steps with half of its threads, or with twice as many, and stays there if that is faster. It tries
/// fewer at its start, and then where threads sleep a tenth of their time while they wait; more wherever it
/// has given some up. A trial that gains nothing makes the next one come later, until there is one in 65
/// windows.
package struct TeamSize: Sendable {
  /// What is measured before a decision, in nanoseconds and in steps.
  private static let window: (nanoseconds: UInt64, steps: Int) = (10_000_000, 4)
  /// The share of the time that a trial has to save, so that chance decides nothing.
  private static let gain = 0.05
  /// By how much the time of a step may change before it is taken for a change of the machine.
  private static let change = 1.25
  /// The share of their time that threads have to sleep for fewer to be tried.
  private static let waiting = 0.1
  /// In windows: the first pause between two trials, and the longest.
  private static let (firstPause, longestPause) = (4, 64)

  /// The most threads.
  package let most: Int
  /// How many carry out the next step.
  package private(set) var count: Int
  /// How many there are when nothing is tried.
  private var home: Int
  /// What a step takes with so many; nil until that is known.
  private var homeTime: Double?
  private var triedLower = false
  private var windows = 0
  private var pause = Self.firstPause
  private var (steps, nanoseconds, slept) = (0, UInt64(0), UInt64(0))

  /// Begins with all threads.
  package init(most: Int) {
    require(most >= 1, "TeamSize: expected at least one thread, got \(most)")
    self.most = most
    (count, home) = (most, most)
  }

  /// Notes how long a step has taken with ``count`` threads, and how long they slept in it, all together.
  package mutating func note(nanoseconds: UInt64, slept: UInt64) {
    if most == 1 { return }
    self.nanoseconds += nanoseconds
    steps += 1
    self.slept += slept
    let time = Double(self.nanoseconds) / Double(steps)
    // A trial that is clearly lost ends early.
    let isLost = count != home && steps >= 2 && time > 2 * (homeTime ?? .infinity)
    guard isLost || self.nanoseconds >= Self.window.nanoseconds && steps >= Self.window.steps else {
      return
    }
    let all = self.nanoseconds * UInt64(count)
    let isWaiting = Double(self.slept) > Self.waiting * Double(all)
    (steps, self.nanoseconds, self.slept) = (0, 0, 0)
    if count == home { endWindow(time, isWaiting) } else { endTrial(time) }
  }

  private mutating func endTrial(_ time: Double) {
    if let homeTime, time < (1 - Self.gain) * homeTime {
      (home, self.homeTime) = (count, time)
      pause = Self.firstPause
      // Perhaps the same way further.
      windows = pause - 1
    } else {
      count = home
      pause = min(2 * pause, Self.longestPause)
      windows = 0
    }
  }

  private mutating func endWindow(_ time: Double, _ isWaiting: Bool) {
    let isFirst = homeTime == nil
    if let homeTime, max(time / homeTime, homeTime / time) > Self.change { pause = Self.firstPause }
    homeTime = time
    windows += 1
    guard isFirst || windows >= pause else { return }
    let canGrow = home < most
    let canShrink = home > 1 && (isFirst || isWaiting || canGrow)
    guard canGrow || canShrink else { return }
    triedLower = canShrink && !(canGrow && triedLower)
    count = triedLower ? (home + 1) / 2 : min(2 * home, most)
  }
}
