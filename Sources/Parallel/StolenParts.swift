import BLAS
import Synchronization

/// Parts of which a thread that is done takes over those that others have not begun.
///
/// Processors of a server are seldom equally fast, since others use them too. Each thread begins
/// with the parts that are its own, the same in every round, so that what it needs for them stays in
/// its cache; then it looks for parts of the others.
package final class StolenParts: @unchecked Sendable {
  private let parts: Int
  /// By owner, the parts begun since the first round, far enough from each other that no two are in
  /// one cache line. There are never more owners than parts.
  private let begun: UnsafeMutablePointer<Atomic<Int>>
  private static let distance = 16

  /// Prepares rounds of so many parts.
  package init(parts: Int) {
    self.parts = parts
    begun = .allocate(capacity: max(parts, 1) * Self.distance)
    for index in 0..<max(parts, 1) * Self.distance { (begun + index).initialize(to: Atomic(0)) }
  }

  deinit { begun.deallocate() }

  /// Calls `body` with parts until all of this round are begun.
  ///
  /// All threads of a team call it with the same round; rounds go up, and may be left out.
  package func forEach(_ thread: TeamThread, round: Int, _ body: (Int) -> Void) {
    let owners = min(thread.count, parts)
    for distance in 0..<owners {
      let owner = (thread.index + distance) % owners
      let own = TeamThread(index: owner, of: owners).share(of: parts)
      while let part = begin(own, of: owner, round) { body(part) }
    }
  }

  /// Takes one of an owner's parts, or returns nil where none is left in this round.
  private func begin(_ own: Range<Int>, of owner: Int, _ round: Int) -> Int? {
    let counter = begun + owner * Self.distance
    // More than any owner can have, whatever the number of threads.
    let first = round * parts
    var value = counter.pointee.load(ordering: .relaxed)
    while true {
      let next = max(value, first)
      if next - first >= own.count { return nil }
      let (exchanged, original) = counter.pointee.compareExchange(
        expected: value, desired: next + 1, ordering: .relaxed)
      if exchanged { return own.lowerBound + next - first }
      value = original
    }
  }
}
