import Layers

/// As a metric, the mean of `|x − t|` over all samples and values: scikit-learn's
/// `mean_absolute_error`, Keras's `MeanAbsoluteError`.
extension MeanAbsoluteError: Metric {
  /// `mae`
  public var name: String { "mae" }
  /// False.
  public var isHigherBetter: Bool { false }

  /// One: the mean over a sample's values.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    try outputs.checkValues()
    return 1
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    for row in 0..<scores.rows {
      let x = scores.row(row)
      let sum = (0..<scores.columns).reduce(0.0) { $0 + Double(abs(x[$1] - targets[row, $1])) }
      notes[row, 0] = Float(sum / Double(scores.columns))
    }
  }

  /// Their mean.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double { notes.mean }
}

/// The root of the mean of `(x − t)²` over the samples, in the units of the targets.
///
/// Of several values the mean of each one's: scikit-learn's `root_mean_squared_error`.
public struct RootMeanSquaredError: Metric {
  /// Creates the metric.
  public init() {}

  /// `rmse`
  public var name: String { "rmse" }
  /// False.
  public var isHigherBetter: Bool { false }

  /// One per value: its error.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    try outputs.checkValues()
    return outputs.count
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    for row in 0..<scores.rows {
      let (x, errors) = (scores.row(row), notes.row(row))
      for column in 0..<scores.columns { errors[column] = x[column] - targets[row, column] }
    }
  }

  /// The mean over the values of the root of each one's mean square.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    let roots = (0..<notes.columns).map { column in
      let squares = (0..<notes.rows).reduce(0.0) { $0 + square(Double(notes[$1, column])) }
      return (squares / Double(notes.rows)).squareRoot()
    }
    return roots.reduce(0, +) / Double(notes.columns)
  }
}

/// The coefficient of determination, `R² = 1 − Σ (x − t)² / Σ (t − t̄)²` over the samples: 1 where
/// all is predicted, 0 where no better than by the mean, below 0 where worse.
///
/// Of several values the mean of each one's. Where a value does not vary it is 1 if all errors are 0,
/// else 0; of a single sample it is NaN. All that is as in scikit-learn's `r2_score`.
public struct R2: Metric {
  /// Creates the metric.
  public init() {}

  /// `r2`
  public var name: String { "r2" }

  /// Two per value: the target and the prediction.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    try outputs.checkValues()
    return 2 * outputs.count
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    for row in 0..<scores.rows {
      let (x, pairs) = (scores.row(row), notes.row(row))
      for column in 0..<scores.columns {
        (pairs[2 * column], pairs[2 * column + 1]) = (targets[row, column], x[column])
      }
    }
  }

  /// The mean of the values' coefficients.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    if notes.rows < 2 { return .nan }
    let scores = stride(from: 0, to: notes.columns, by: 2).map { column -> Double in
      let rows = 0..<notes.rows
      // Sums of squares of what is left of the mean, which large offsets do no harm.
      let mean = rows.reduce(0.0) { $0 + Double(notes[$1, column]) } / Double(rows.count)
      let total = rows.reduce(0.0) { $0 + square(Double(notes[$1, column]) - mean) }
      let left = rows.reduce(0.0) {
        $0 + square(Double(notes[$1, column]) - Double(notes[$1, column + 1]))
      }
      if total == 0 && !left.isNaN { return left == 0 ? 1 : 0 }
      return 1 - left / total
    }
    return scores.reduce(0, +) / Double(scores.count)
  }
}

extension Metric where Self == MeanAbsoluteError {
  /// The mean absolute error; see ``/Layers/MeanAbsoluteError``.
  public static var meanAbsoluteError: MeanAbsoluteError { MeanAbsoluteError() }
}

extension Metric where Self == RootMeanSquaredError {
  /// The root of the mean squared error; see ``RootMeanSquaredError``.
  public static var rootMeanSquaredError: RootMeanSquaredError { RootMeanSquaredError() }
}

extension Metric where Self == R2 {
  /// The coefficient of determination; see ``R2``.
  public static var r2: R2 { R2() }
}

extension Outputs {
  fileprivate func checkValues() throws(ModelError) {
    guard kind == .values else { throw ModelError("expects values, got \(self)") }
  }
}

private func square(_ x: Double) -> Double { x * x }
