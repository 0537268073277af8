import Layers

/// How far predicted numbers lie from the true ones, of each target and over all.
///
/// ```swift
/// let scores = RegressionScores(predictions: try model.predict(samples), targets: targets)
/// print(scores.mean.r2, scores.targets[0].rmse)
/// ```
public struct RegressionScores: Sendable, Hashable {
  /// The errors of one target, or their means over all.
  public struct Figures: Sendable, Hashable {
    /// The mean of the absolute errors, in the units of the target; see ``/Layers/MeanAbsoluteError``.
    public let mae: Double
    /// The root of the mean of the squared errors, in the units of the target; see
    /// ``RootMeanSquaredError``.
    public let rmse: Double
    /// The coefficient of determination; see ``R2``.
    public let r2: Double
  }

  /// The figures of each target.
  public let targets: [Figures]

  /// The mean of each figure over the targets: scikit-learn's `uniform_average`.
  public var mean: Figures {
    let mean = { (figure: KeyPath<Figures, Double>) in
      targets.reduce(0) { $0 + $1[keyPath: figure] } / Double(targets.count)
    }
    return Figures(mae: mean(\.mae), rmse: mean(\.rmse), r2: mean(\.r2))
  }

  /// Compares predictions with what is right.
  ///
  /// Traps unless both are [samples, targets], with at least one target.
  /// - Parameters:
  ///   - predictions: what a model gives
  ///   - targets: what is right
  ///   - units: what a difference of 1 is in the units of each target; 1 unless given
  public init(predictions: Tensor, targets: Tensor, units: [Double]? = nil) {
    require(
      predictions.shape.rank == 2 && predictions.shape == targets.shape && targets.shape[1] > 0,
      "RegressionScores: expected predictions and targets [samples, targets], got \(predictions.shape) and \(targets.shape)"
    )
    require(
      units.map { $0.count == targets.shape[1] } ?? true,
      "RegressionScores: expected \(targets.shape[1]) units, got \(units?.count ?? 0)")
    self.targets = (0..<targets.shape[1]).map { column in
      let unit = units?[column] ?? 1
      let value = { (metric: any Metric) in
        metric.value(of: predictions.column(column), targets.column(column))
      }
      return Figures(
        mae: unit * value(MeanAbsoluteError()), rmse: unit * value(RootMeanSquaredError()),
        r2: value(R2()))
    }
  }
}

extension Tensor {
  fileprivate func column(_ column: Int) -> [Float] {
    (0..<shape[0]).map { self[$0, column] }
  }
}

extension Metric {
  /// The value over predictions of one number a sample.
  fileprivate func value(of predictions: [Float], _ targets: [Float]) -> Double {
    let outputs = Outputs(count: 1, kind: .values, areScores: false)
    let (rows, width) = (predictions.count, (try? noteCount(for: outputs)) ?? 0)
    let (scores, notes) = (AlignedBuffer(zeros: rows), AlignedBuffer(zeros: rows * width))
    scores.floats.update(from: predictions, count: rows)
    let all = notes.matrix(rows: rows, columns: width)
    targets.withUnsafeBufferPointer { targets in
      guard let first = targets.baseAddress else { return }
      note(
        scores.matrix(rows: rows, columns: 1), TargetRows(labels: nil, values: first, columns: 1),
        outputs, into: all)
    }
    return rows == 0 ? .nan : value(of: all, outputs)
  }
}
