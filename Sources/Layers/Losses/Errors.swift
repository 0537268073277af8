import CKernels

/// Squared error: the mean over a row of `(x − t)²`.
///
/// The gradient is `2·(x − t) / columns`. Keras's `MeanSquaredError`, PyTorch's `MSELoss`.
public struct MeanSquaredError: Loss {
  /// Creates the loss.
  public init() {}

  /// Values.
  public var outputKind: OutputKind { .values }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    let values = checkedValues(outputs, targets, gradient, "MeanSquaredError")
    maru_squared_error(
      outputs.baseAddress, values, scale, outputs.rows, outputs.columns, losses,
      gradient.baseAddress)
  }
}

/// Absolute error: the mean over a row of `|x − t|`, which outliers move less than the squared one.
///
/// The gradient is `sign(x − t) / columns`, and 0 at the kink `x = t`, as in PyTorch's `L1Loss` and in
/// Keras's `MeanAbsoluteError` on TensorFlow.
public struct MeanAbsoluteError: Loss {
  /// Creates the loss.
  public init() {}

  /// Values.
  public var outputKind: OutputKind { .values }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    let values = checkedValues(outputs, targets, gradient, "MeanAbsoluteError")
    maru_absolute_error(
      outputs.baseAddress, values, scale, outputs.rows, outputs.columns, losses,
      gradient.baseAddress)
  }
}

/// Huber's loss, squared near the target and absolute far from it: with `e = x − t`, the mean over a
/// row of `e² / 2` where `|e| ≤ δ`, and of `δ·(|e| − δ/2)` elsewhere (Huber 1964).
///
/// The gradient is `e / columns` cut off at `±δ / columns`, so it has no jump at `|e| = δ`. Keras's
/// `Huber`, PyTorch's `HuberLoss`.
public struct Huber: Loss {
  /// The error δ from which on it is absolute, in the units of the targets.
  public let delta: Float

  /// Creates the loss.
  /// - Parameter delta: δ, above 0 and finite; 1 unless given, as in Keras
  public init(delta: Float = 1) {
    require(
      delta > 0 && delta.isFinite, "Huber: expected δ above 0 and finite, got \(delta)")
    self.delta = delta
  }

  /// Values.
  public var outputKind: OutputKind { .values }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    let values = checkedValues(outputs, targets, gradient, "Huber")
    maru_huber(
      outputs.baseAddress, values, delta, scale, outputs.rows, outputs.columns, losses,
      gradient.baseAddress)
  }
}

extension Loss where Self == MeanSquaredError {
  /// The mean squared error; see ``MeanSquaredError``.
  public static var meanSquaredError: MeanSquaredError { MeanSquaredError() }
}

extension Loss where Self == MeanAbsoluteError {
  /// The mean absolute error; see ``MeanAbsoluteError``.
  public static var meanAbsoluteError: MeanAbsoluteError { MeanAbsoluteError() }
}

extension Loss where Self == Huber {
  /// Huber's loss; see ``Huber``.
  /// - Parameter delta: the error from which on it is absolute
  public static func huber(delta: Float = 1) -> Huber { Huber(delta: delta) }
}
