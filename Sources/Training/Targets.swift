import Layers

/// What a model should answer for each sample.
public enum Targets: Sendable {
  /// The class of each sample, from 0.
  case classes([Int])
  /// The values of each sample as a row: [samples, outputs].
  case values(Tensor)

  /// The number of samples.
  public var count: Int {
    switch self {
    case .classes(let labels): labels.count
    case .values(let tensor): tensor.sampleCount
    }
  }
}

/// Targets checked against a model and stored for gathering.
struct PreparedTargets {
  /// The class of each sample: its label, or the column of its largest value.
  let labels: [Int32]
  let values: Tensor?

  init(_ targets: Targets, outputs: Int, loss: Loss) throws(ModelError) {
    switch targets {
    case .classes(let classes):
      guard loss.takesLabels else {
        throw ModelError("this loss expects rows of values as targets, got class labels")
      }
      if let wrong = classes.firstIndex(where: { !(0..<outputs).contains($0) }) {
        throw ModelError(
          "the model has \(outputs) outputs, so labels are 0 to \(outputs - 1), got \(classes[wrong]) for sample \(wrong)"
        )
      }
      labels = classes.map { Int32($0) }
      values = nil
    case .values(let tensor):
      guard tensor.shape.rank == 2 && tensor.shape[1] == outputs else {
        throw ModelError(
          "the model has \(outputs) outputs, so targets are [samples, \(outputs)], got \(tensor.shape)"
        )
      }
      labels = tensor.argmaxOfRows().map { Int32($0) }
      values = tensor
    }
    if let weights = loss.classWeights, weights.count != outputs {
      throw ModelError("expected \(outputs) class weights, one an output, got \(weights.count)")
    }
  }
}

/// The targets of one batch, gathered in its order.
///
/// `Sendable` because the parts of a step write different rows.
final class TargetBatch: @unchecked Sendable {
  private let labels: UnsafeMutableBufferPointer<Int32>
  private let classWeights: [Float]?
  private let weights: AlignedBuffer?
  private let values: AlignedBuffer?
  private let columns: Int

  /// - Parameter classWeights: what the samples of each class weigh in training; nil where all weigh
  ///   the same, as they do wherever a model is only scored
  init(rows: Int, columns: Int, for targets: PreparedTargets, classWeights: [Float]?) {
    labels = .allocate(capacity: rows)
    self.classWeights = classWeights
    weights = classWeights.map { _ in AlignedBuffer(zeros: rows) }
    values = targets.values.map { _ in AlignedBuffer(zeros: rows * columns) }
    self.columns = columns
  }

  deinit { labels.deallocate() }

  /// Writes the targets of samples `indices[rows]` to the same rows of the batch.
  func gather(
    _ targets: PreparedTargets, _ indices: UnsafeBufferPointer<Int32>, rows: Range<Int>
  ) {
    targets.labels.withUnsafeBufferPointer { source in
      for row in rows { labels[row] = source[Int(indices[row])] }
    }
    if let weights, let classWeights {
      for row in rows { weights.floats[row] = classWeights[Int(labels[row])] }
    }
    if let values, let source = targets.values, !rows.isEmpty {
      source.gather(
        UnsafeBufferPointer(rebasing: indices[rows]),
        into: values.matrix(at: rows.lowerBound * columns, rows: rows.count, columns: columns))
    }
  }

  /// The targets from one row of the batch on.
  func rows(from row: Int) -> TargetRows {
    TargetRows(
      labels: labels.baseAddress! + row, values: values.map { $0.floats + row * columns },
      weights: weights.map { $0.floats + row })
  }
}
