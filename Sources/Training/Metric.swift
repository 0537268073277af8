import CKernels
import Layers

/// A mean over samples that is reported beside the loss.
public enum Metric: Sendable, Hashable, CustomStringConvertible {
  /// The share of samples whose highest score is that of the true class.
  ///
  /// For a yes-or-no loss, the share of scores on the right side of 0, which are probabilities on the
  /// right side of ½. Of equal scores the first counts as the highest.
  case accuracy
  /// The share of samples whose true class is among the k highest scores.
  case topK(Int)

  /// Its name in a history: `accuracy`, or as `top_5_accuracy`.
  public var description: String {
    switch self {
    case .accuracy: "accuracy"
    case .topK(let k): "top_\(k)_accuracy"
    }
  }

  /// Writes each row's contribution, 0 to 1.
  func evaluate(
    _ scores: MatrixView<Float>, _ targets: TargetRows, loss: Loss,
    into values: UnsafeMutablePointer<Float>
  ) {
    if case .accuracy = self, loss.isYesOrNo, let targetValues = targets.values {
      for row in 0..<scores.rows {
        let hits = (0..<scores.columns).count { column in
          (scores[row, column] > 0) == (targetValues[row * scores.columns + column] > 0.5)
        }
        values[row] = Float(hits) / Float(scores.columns)
      }
      return
    }
    let k = if case .topK(let k) = self { k } else { 1 }
    maru_top_k(
      scores.baseAddress, targets.labels, scores.rows, scores.columns, k, values)
  }
}
