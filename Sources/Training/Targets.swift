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
  /// The class of each sample: its label, or the column of its largest value; of one yes-or-no
  /// decision whether its value is above ½.
  let labels: [Int32]
  let values: Tensor?

  init(_ targets: Targets, _ outputs: Outputs) throws(ModelError) {
    switch targets {
    case .classes(let classes):
      guard let count = outputs.classCount else {
        throw ModelError("this loss expects rows of values as targets, got class labels")
      }
      if let wrong = classes.firstIndex(where: { !(0..<count).contains($0) }) {
        throw ModelError(
          "the model has \(outputs.inWords), so labels are 0 to \(count - 1), got \(classes[wrong]) for sample \(wrong)"
        )
      }
      labels = classes.map { Int32($0) }
      values =
        outputs.kind == .decisions
        ? Tensor(classes.map { Float($0) }, shape: [classes.count, 1]) : nil
    case .values(let tensor):
      guard tensor.shape.rank == 2 && tensor.shape[1] == outputs.count else {
        throw ModelError(
          "the model has \(outputs.inWords), so targets are [samples, \(outputs.count)], got \(tensor.shape)"
        )
      }
      if outputs.kind != .values { try Self.checkProbabilities(tensor) }
      labels =
        outputs.kind == .decisions && outputs.count == 1
        ? tensor.elements.map { $0 > 0.5 ? 1 : 0 } : tensor.argmaxOfRows().map { Int32($0) }
      values = tensor
    }
  }

  /// By how much a probability may be above 1 or below 0: by some roundings.
  private static let slack: Float = 1e-5

  private static func checkProbabilities(_ targets: Tensor) throws(ModelError) {
    let wrong = targets.withUnsafeBufferPointer { elements in
      elements.firstIndex { !(-slack...1 + slack ~= $0) }
    }
    if let wrong {
      throw ModelError(
        "this loss expects targets from 0 to 1, got \(targets.elements[wrong]) for sample \(wrong / targets.shape[1])"
      )
    }
  }
}

extension Outputs {
  fileprivate var inWords: String { count == 1 ? "1 output" : "\(count) outputs" }
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
      // Without columns, the shape of a sample would be made for every batch.
      source.gather(
        UnsafeBufferPointer(rebasing: indices[rows]), columns: 0..<columns,
        into: values.matrix(at: rows.lowerBound * columns, rows: rows.count, columns: columns))
    }
  }

  /// The targets from one row of the batch on.
  func rows(from row: Int) -> TargetRows {
    TargetRows(
      labels: labels.baseAddress! + row, values: values.map { $0.floats + row * columns },
      columns: columns)
  }

  /// Computes the loss of each row from one of the batch on, and its gradient times `scale`, both
  /// multiplied by the weight of the row.
  func evaluate(
    _ loss: any Loss, _ outputs: MatrixView<Float>, from row: Int, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    loss.evaluate(outputs, rows(from: row), scale: scale, losses: losses, gradient: gradient)
    guard let weights else { return }
    for index in 0..<outputs.rows {
      let weight = weights.floats[row + index]
      losses[index] *= weight
      scal(weight, gradient.row(index), count: gradient.columns)
    }
  }
}
