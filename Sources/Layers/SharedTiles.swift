import Synchronization

/// The parts of one result, dealt out to a team such that a worker on a fast processor takes over
/// parts of one on a slow processor.
///
/// Processors of a server are seldom equally fast, since others use them too. Each worker has three
/// parts of its own, the same in every step, so that what it needs for them stays in its cache; when
/// these are done it looks for parts that others have not begun. The parts are the same whoever
/// computes them, and so are the bits of the result.
package final class SharedTiles: @unchecked Sendable {
  /// A worker's parts, in quarters of its share: a large one for the speed of large products, and
  /// small ones that others can take over.
  private static let parts = [0..<2, 2..<3, 3..<4]
  private static let quarters = 4

  private let workers: Int
  /// By worker, the parts begun since the first step, far enough from each other that no two are in
  /// one cache line.
  private let begun: UnsafeMutablePointer<Atomic<Int>>
  private static let distance = 16

  package init(workers: Int) {
    self.workers = workers
    begun = .allocate(capacity: workers * Self.distance)
    for index in 0..<workers * Self.distance { (begun + index).initialize(to: Atomic(0)) }
  }

  deinit { begun.deallocate() }

  /// Whether a product of so many operations, shared among workers, is worth dealing out: the parts
  /// of a small one are slower than the whole, and a layer above it has to wait for all of it.
  package static func pay(operations: Int, workers: Int) -> Bool {
    workers > 1 && operations / workers >= 10_000_000
  }

  /// Calls `body` with ranges of `total` elements until all parts of this step are begun.
  func forEachPart(of total: Int, _ worker: Worker, step: Int, _ body: (Range<Int>) -> Void) {
    let quarter = { (index: Int) in
      Worker(index: index, of: self.workers * Self.quarters)
        .share(of: total, granule: Worker.granule)
    }
    for distance in 0..<workers {
      let owner = (worker.index + distance) % workers
      while let part = begin(owner, step: step) {
        let first = quarter(owner * Self.quarters + Self.parts[part].lowerBound)
        let last = quarter(owner * Self.quarters + Self.parts[part].upperBound - 1)
        body(first.lowerBound..<last.upperBound)
      }
    }
  }

  /// Takes one of the owner's parts, or returns nil where none is left in this step.
  private func begin(_ owner: Int, step: Int) -> Int? {
    let counter = begun + owner * Self.distance
    let first = step * Self.parts.count
    var value = counter.pointee.load(ordering: .relaxed)
    while true {
      // Steps may have been left out since, so the counter may lag behind.
      let next = max(value, first)
      if next - first >= Self.parts.count { return nil }
      let (exchanged, original) = counter.pointee.compareExchange(
        expected: value, desired: next + 1, ordering: .relaxed)
      if exchanged { return next - first }
      value = original
    }
  }
}
