import CKernels

/// Normalises the last axis of each sample: `y = γ·(x − mean) / √(variance + ε) + β`
/// (Ba et al. 2016).
///
/// Parameters: `gamma` and `beta`, each [features], the size of the last axis. Shapes: any `X` of one
/// axis or more → the same. Initial values: 1 and 0, as in Keras.
public struct LayerNorm: Layer {
  /// The number ε that keeps the divisor from 0; 0.001 unless given, as in Keras.
  public let epsilon: Float

  /// Creates the layer; ε is above 0.
  public init(epsilon: Float = 1e-3) {
    require(epsilon > 0, "LayerNorm: expected ε above 0, got \(epsilon)")
    self.epsilon = epsilon
  }

  /// Any shape of one axis or more → the same.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard let features = input.sizes.last, features >= 1 else {
      throw LayerError("LayerNorm expects samples of at least one feature, got shape \(input)")
    }
    let groups = input.count / features
    let operations = context.operations(10, on: input)
    return LayerPlan(
      output: input,
      parameters: [
        Parameter("gamma", shape: [features], initialValue: .constant(1)),
        Parameter("beta", shape: [features], initialValue: .zeros),
      ],
      workspace: [.perSample(2 * groups)], scratch: [.perPart(2 * features)],
      forward: [forward(groups, operations)],
      parameterGradients: Self.parameterGradients(groups, features, operations),
      inputGradient: [Self.inputGradient(groups, operations)])
  }

  private func forward(_ groups: Int, _ operations: Double) -> Phase {
    Phase(
      reads: [.input: .part, .parameter(0): .part, .parameter(1): .part],
      writes: [.output: .part, .workspace(0): .part], split: .samples, operations: operations
    ) { [epsilon] operands, part, _ in
      let (x, gamma) = (operands.x[rows: part.range], operands.parameter(0))
      maru_layer_norm(
        x.baseAddress, x.rows * groups, gamma.columns, epsilon, gamma.baseAddress,
        operands.parameter(1).baseAddress, operands.y[rows: part.range].baseAddress,
        operands.workspace(0)[rows: part.range].baseAddress)
    }
  }

  /// `dγ = Σ dY∘N` and `dβ = Σ dY` over the samples, `N` being what is normalised: first over those
  /// of a part, then over the parts.
  private static func parameterGradients(
    _ groups: Int, _ features: Int, _ operations: Double
  ) -> [Phase] {
    let partialSums = Phase(
      reads: [.outputGradient: .part, .input: .part, .workspace(0): .part],
      writes: [.scratch(0): .part], split: .samples, operations: operations
    ) { operands, part, _ in
      let (dY, sums) = (operands.dY[rows: part.range], operands.scratch(0).row(part.index))
      maru_layer_norm_parameters(
        dY.baseAddress, operands.x[rows: part.range].baseAddress,
        operands.workspace(0)[rows: part.range].baseAddress, dY.rows * groups, features, sums,
        sums + features)
    }
    let sums = Phase(
      reads: [.scratch(0): .all], writes: [.gradient(0): .all, .gradient(1): .all],
      split: .samples
    ) { operands, part, _ in
      guard part.index == 0 else { return }
      let sums = operands.scratch(0)
      for index in 0...1 {
        maru_sum_columns(
          sums.baseAddress + index * features, sums.rows, features, sums.stride,
          operands.gradient(index).baseAddress)
      }
    }
    return [partialSums, sums]
  }

  private static func inputGradient(_ groups: Int, _ operations: Double) -> Phase {
    Phase(
      reads: [
        .outputGradient: .part, .input: .part, .workspace(0): .part, .parameter(0): .part,
      ],
      writes: [.inputGradient: .part], inPlace: .inputGradientOverOutputGradient,
      split: .samples, operations: operations
    ) { operands, part, _ in
      let (dX, gamma) = (operands.dX[rows: part.range], operands.parameter(0))
      maru_layer_norm_backward(
        operands.dY[rows: part.range].baseAddress, operands.x[rows: part.range].baseAddress,
        operands.workspace(0)[rows: part.range].baseAddress, dX.rows * groups, gamma.columns,
        gamma.baseAddress, dX.baseAddress)
    }
  }
}
