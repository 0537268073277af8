import CKernels
import Layers

/// The share of samples whose highest output is that of the true class; of equal ones the first
/// counts as the highest.
///
/// Of yes-or-no decisions the share that are right, over all samples and outputs: Keras's
/// `BinaryAccuracy`. Of several values the highest counts, as of classes; one value has none.
public struct Accuracy: Metric {
  /// Creates the metric.
  public init() {}

  /// `accuracy`
  public var name: String { "accuracy" }

  /// One: 1 where the class is right, else 0; of decisions the share that are right.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    guard outputs.kind != .values || outputs.count > 1 else {
      throw ModelError("expects classes, decisions or several values, got \(outputs)")
    }
    return 1
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    guard outputs.kind == .decisions else {
      TopKAccuracy(1).note(scores, targets, outputs, into: notes)
      return
    }
    let threshold = outputs.threshold
    for row in 0..<scores.rows {
      let x = scores.row(row)
      // A NaN is neither.
      let hits = (0..<scores.columns).count { column in
        targets[row, column] > 0.5 ? x[column] > threshold : x[column] <= threshold
      }
      notes[row, 0] = Float(hits) / Float(scores.columns)
    }
  }

  /// Their mean.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double { notes.mean }
}

/// The share of samples whose true class is among the k highest outputs: Keras's
/// `TopKCategoricalAccuracy`, scikit-learn's `top_k_accuracy_score`.
public struct TopKAccuracy: Metric {
  /// How many of the highest outputs count.
  public let k: Int

  /// Creates the metric.
  /// - Parameter k: at least 1
  public init(_ k: Int) {
    require(k >= 1, "TopKAccuracy: expected the top 1 or more, got the top \(k)")
    self.k = k
  }

  /// As `top_5_accuracy`.
  public var name: String { "top_\(k)_accuracy" }

  /// One: 1 where the true class is among the highest, else 0.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    guard outputs.kind == .classes || outputs.count > 1 else {
      throw ModelError("expects classes, got \(outputs)")
    }
    return 1
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    maru_top_k(
      scores.baseAddress, targets.labels, scores.rows, scores.columns, k, notes.baseAddress)
  }

  /// Their mean.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double { notes.mean }
}

extension Metric where Self == Accuracy {
  /// The share of samples that are right; see ``Accuracy``.
  public static var accuracy: Accuracy { Accuracy() }
}

extension Metric where Self == TopKAccuracy {
  /// The share of samples whose class is among the k highest; see ``TopKAccuracy``.
  public static func topK(_ k: Int) -> TopKAccuracy { TopKAccuracy(k) }
}
