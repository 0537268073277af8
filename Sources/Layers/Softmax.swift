import CKernels

/// A layer that turns scores into probabilities, as the last one of a model.
///
/// In training the loss may stand for it, and scores can be asked for instead of what it gives.
public protocol OutputActivation: Layer {}

/// Scores to probabilities, for each sample: `yⱼ = e^xⱼ / Σᵢ e^xᵢ`.
///
/// The maximum of a row is subtracted first, which changes nothing but keeps `e^x` finite.
/// Shapes: [batch, classes] → the same. As the last layer before a cross-entropy it is not run in
/// training: the loss then works from the scores, in log space.
public struct Softmax: OutputActivation {
  /// Creates the layer.
  public init() {}

  /// [classes], at least one → the same.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard input.rank == 1 && input.count >= 1 else {
      throw LayerError("Softmax expects a vector of at least one score, got shape \(input)")
    }
    let operations = context.operations(20, on: input)
    return LayerPlan(
      output: input,
      forward: [
        // yⱼ = e^xⱼ / Σᵢ e^xᵢ
        Phase(
          reads: [.input: .part], writes: [.output: .part], inPlace: .outputOverInput,
          split: .samples, operations: operations
        ) { operands, part, _ in
          let y = operands.y[rows: part.range]
          maru_softmax_rows(
            operands.x[rows: part.range].baseAddress, y.baseAddress, y.rows, y.columns)
        }
      ],
      inputGradient: [
        // dxⱼ = yⱼ · (dyⱼ − Σᵢ dyᵢ·yᵢ)
        Phase(
          reads: [.outputGradient: .part, .output: .part], writes: [.inputGradient: .part],
          inPlace: .inputGradientOverOutputGradient, split: .samples, operations: operations
        ) { operands, part, _ in
          let dX = operands.dX[rows: part.range]
          maru_softmax_rows_backward(
            operands.dY[rows: part.range].baseAddress, operands.y[rows: part.range].baseAddress,
            dX.baseAddress, dX.rows, dX.columns)
        }
      ])
  }
}
