import CKernels

/// Scores to probabilities, for each sample: `yⱼ = e^xⱼ / Σᵢ e^xᵢ`.
///
/// The maximum of a row is subtracted first, which changes nothing but keeps `e^x` finite.
/// Shapes: [batch, classes] → the same. As the last layer before a cross-entropy it is not run in
/// training: the loss then works from the scores, in log space.
public struct Softmax: Layer {
  /// Creates the layer.
  public init() {}

  /// [classes], at least one → the same.
  public func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard input.rank == 1 && input.count >= 1 else {
      throw LayerError("Softmax expects a vector of at least one score, got shape \(input)")
    }
    return input
  }

  /// A sum needs its whole row.
  public var division: WorkDivision { .rows }

  /// `yⱼ = e^xⱼ / Σᵢ e^xᵢ`
  public func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    let rows = pass.worker.share(of: y.rows)
    maru_softmax_rows(
      x[rows: rows].baseAddress, y[rows: rows].baseAddress, rows.count, y.columns)
  }

  /// `dxⱼ = yⱼ · (dyⱼ − Σᵢ dyᵢ·yᵢ)`
  public func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    let rows = pass.worker.share(of: dX.rows)
    maru_softmax_rows_backward(
      dY[rows: rows].baseAddress, y[rows: rows].baseAddress, dX[rows: rows].baseAddress,
      rows.count, dX.columns)
  }
}
