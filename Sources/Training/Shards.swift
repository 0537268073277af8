import CKernels
import Parallel

/// The shards that a batch is cut into, one after the other, and the sums over them.
///
/// All have the same number of samples but for the last ones of a short batch, which have fewer or none.
/// Gradients, and what layers save without training it, are added up in one fixed tree, whoever computes
/// the shards: each pair of neighbours, then each pair of pairs.
final class Shards {
  let count: Int
  /// The most samples of one.
  let size: Int
  private let gradients, state: AlignedBuffer
  /// By level of the tree: the sum that waits for its neighbour.
  private let gradientSums, stateSums: [AlignedBuffer]
  /// What is saved but not trained, as every shard finds it.
  private let before: AlignedBuffer

  /// - Parameters:
  ///   - count: a power of two
  ///   - batchSize: the most samples of a batch
  ///   - gradients: where a shard leaves its gradients, and where their sum goes
  ///   - state: where a shard changes what is saved but not trained, and where their mean goes
  init(_ count: Int, batchSize: Int, gradients: AlignedBuffer, state: AlignedBuffer) {
    self.count = count
    size = (batchSize + count - 1) / count
    self.gradients = gradients
    self.state = state
    let levels = 0..<count.trailingZeroBitCount
    gradientSums = levels.map { _ in AlignedBuffer(zeros: gradients.count) }
    stateSums = levels.map { _ in AlignedBuffer(zeros: state.count) }
    before = AlignedBuffer(zeros: count == 1 ? 0 : state.count)
  }

  /// The samples of a shard in a batch of so many.
  func range(_ shard: Int, of samples: Int) -> Range<Int> {
    min(shard * size, samples)..<min((shard + 1) * size, samples)
  }

  /// Remembers, before the first shard, what all begin with.
  func begin(_ thread: TeamThread) {
    let own = thread.share(of: before.count)
    (before.floats + own.lowerBound).update(from: state.floats + own.lowerBound, count: own.count)
  }

  /// Adds a thread's range of what a shard has left, of nothing where it has no samples.
  func add(_ shard: Int, isEmpty: Bool, of samples: Int, _ thread: TeamThread) {
    let gradients = thread.share(of: gradients.count)
    add(shard, isEmpty, self.gradients, gradientSums, gradients)
    let own = thread.share(of: state.count)
    add(shard, isEmpty, state, stateSums, own)
    let target = state.floats + own.lowerBound
    if shard + 1 < count {
      target.update(from: before.floats + own.lowerBound, count: own.count)
    } else {
      let filled = (samples + size - 1) / size
      for index in 0..<own.count { target[index] /= Float(filled) }
    }
  }

  private func add(
    _ shard: Int, _ isEmpty: Bool, _ values: AlignedBuffer, _ sums: [AlignedBuffer],
    _ own: Range<Int>
  ) {
    let value = values.floats + own.lowerBound
    if isEmpty { value.update(repeating: 0, count: own.count) }
    let levels = (~shard).trailingZeroBitCount
    for level in 0..<levels {
      maru_add(sums[level].floats + own.lowerBound, value, value, own.count)
    }
    if levels < sums.count {
      (sums[levels].floats + own.lowerBound).update(from: value, count: own.count)
    }
  }
}
