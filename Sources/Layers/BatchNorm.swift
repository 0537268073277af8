import CKernels

/// Normalises each feature over the samples of the batch, or each channel of images over samples and
/// places: `y = γ·(x − mean) / √(variance + ε) + β` (Ioffe and Szegedy 2015).
///
/// In inference, mean and variance are the running ones, which training moves towards the batch's:
/// `r ← m·r + (1 − m)·b`. Parameters: `gamma` and `beta`; not trained: `running_mean` and
/// `running_variance`; each [features], or [channels]. Shapes: `X` [batch, features], or [batch, height,
/// width, channels], or [batch, height, width] of one channel → the same. Initial values: 1 and 0, 0 and
/// 1; momentum, ε and the variance (divided by the number of values) are Keras's. PyTorch's running
/// variance is divided by one less.
public struct BatchNorm: Layer {
  /// The share m of the running values that a step keeps; 0.99 unless given, as in Keras.
  public let momentum: Float
  /// The number ε that keeps the divisor from 0; 0.001 unless given, as in Keras.
  public let epsilon: Float

  /// Creates the layer; the momentum is from 0 to below 1, and ε above 0.
  public init(momentum: Float = 0.99, epsilon: Float = 1e-3) {
    require(
      0 <= momentum && momentum < 1,
      "BatchNorm: expected a momentum from 0 to below 1, got \(momentum)")
    require(epsilon > 0, "BatchNorm: expected ε above 0, got \(epsilon)")
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// [features] or [height, width, channels] → the same.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard 1...3 ~= input.rank && input.count >= 1 else {
      throw LayerError(
        "BatchNorm expects a vector or images [height, width, channels], got shape \(input)")
    }
    let operations = context.operations(10, on: input)
    let features: Shape = [input.rank == 2 ? 1 : input.sizes[input.rank - 1]]
    var plan = LayerPlan(
      output: input,
      parameters: [
        Parameter("gamma", shape: features, initialValue: .constant(1)),
        Parameter("beta", shape: features, initialValue: .zeros),
      ],
      state: [
        Parameter("running_mean", shape: features, initialValue: .zeros),
        Parameter("running_variance", shape: features, initialValue: .constant(1)),
      ],
      workspace: [.shared(rows: 2, columns: features.count)])
    plan.couplesSamples = true
    if input.rank == 1 {
      plan.forward = [statistics(operations), normalization(operations)]
      plan.parameterGradients = [parameterGradients(operations)]
      plan.inputGradient = [inputGradient(operations)]
    } else {
      let images = NormalizedChannels(
        layer: self, channels: features[0], places: input.count / features[0],
        operations: operations)
      plan.layout = .lanes
      plan.scratch = images.scratch
      plan.forward = [images.moments(), images.statistics(), images.normalization()]
      plan.parameterGradients = [images.partialGradients(), images.sumOfGradients()]
      plan.inputGradient = [images.inputGradient()]
    }
    return plan
  }

  /// Rows of the workspace: the means, and the factors `1 / √(variance + ε)`.
  private func statistics(_ operations: Double) -> Phase {
    Phase(
      reads: [.input: .part, .state(0): .part, .state(1): .part],
      writes: [.workspace(0): .part, .state(0): .part, .state(1): .part], split: .features,
      operations: operations
    ) { [momentum, epsilon] operands, part, pass in
      let x = operands.x[columns: part.range]
      let kept = operands.workspace(0)[columns: part.range]
      let (mean, variance) = (kept.row(0), kept.row(1))
      let runningMean = operands.state(0)[columns: part.range].baseAddress
      let runningVariance = operands.state(1)[columns: part.range].baseAddress
      if pass.mode == .training {
        maru_column_moments(x.baseAddress, x.rows, x.columns, x.stride, mean, variance)
        for column in 0..<x.columns {
          runningMean[column] += (1 - momentum) * (mean[column] - runningMean[column])
          runningVariance[column] += (1 - momentum) * (variance[column] - runningVariance[column])
        }
      } else {
        mean.update(from: runningMean, count: x.columns)
        variance.update(from: runningVariance, count: x.columns)
      }
      for column in 0..<x.columns {
        variance[column] = 1 / (variance[column] + epsilon).squareRoot()
      }
    }
  }

  private func normalization(_ operations: Double) -> Phase {
    Phase(
      reads: [
        .input: .part, .workspace(0): .part, .parameter(0): .part, .parameter(1): .part,
      ],
      writes: [.output: .part], split: .features, operations: operations
    ) { operands, part, _ in
      let (x, kept) = (operands.x[columns: part.range], operands.workspace(0)[columns: part.range])
      maru_normalize_columns(
        x.baseAddress, x.rows, x.columns, x.stride, kept.row(0), kept.row(1),
        operands.parameter(0)[columns: part.range].baseAddress,
        operands.parameter(1)[columns: part.range].baseAddress,
        operands.y[columns: part.range].baseAddress)
    }
  }

  /// `dγ = Σ dY∘N` and `dβ = Σ dY` over the samples, `N` being what is normalised
  private func parameterGradients(_ operations: Double) -> Phase {
    Phase(
      reads: [.outputGradient: .part, .input: .part, .workspace(0): .part],
      writes: [.gradient(0): .part, .gradient(1): .part], split: .features,
      operations: operations
    ) { operands, part, _ in
      let (x, kept) = (operands.x[columns: part.range], operands.workspace(0)[columns: part.range])
      maru_normalize_columns_parameters(
        operands.dY[columns: part.range].baseAddress, x.baseAddress, x.rows, x.columns, x.stride,
        kept.row(0), kept.row(1), operands.gradient(0)[columns: part.range].baseAddress,
        operands.gradient(1)[columns: part.range].baseAddress)
    }
  }

  /// `dX = γ / √(variance + ε) · (dY − (dβ + N∘dγ) / samples)`
  private func inputGradient(_ operations: Double) -> Phase {
    Phase(
      reads: [
        .outputGradient: .part, .input: .part, .workspace(0): .part, .parameter(0): .part,
        .gradient(0): .part, .gradient(1): .part,
      ],
      writes: [.inputGradient: .part], inPlace: .inputGradientOverOutputGradient,
      split: .features, operations: operations
    ) { operands, part, _ in
      let (x, kept) = (operands.x[columns: part.range], operands.workspace(0)[columns: part.range])
      let vector = { (operand: Operand) in operands[operand][columns: part.range].baseAddress }
      maru_normalize_columns_backward(
        operands.dY[columns: part.range].baseAddress, x.baseAddress, x.rows, x.columns, x.stride,
        kept.row(0), kept.row(1), vector(.parameter(0)), vector(.gradient(0)),
        vector(.gradient(1)), operands.dX[columns: part.range].baseAddress)
    }
  }
}
