import Maru

/// A learned factor for each feature: `y = γ∘x`.
struct Scale: StoredLayer {
  static let storedName = "scale"
  var settings: [String: LayerSetting] { [:] }

  init() {}
  init?(settings: [String: LayerSetting]) {}

  func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    // y = γ∘x
    let forward = Phase(
      reads: [.input: .part, .parameter(0): .part], writes: [.output: .part], split: .features,
      operations: context.operations(on: input)
    ) { operands, part, _ in
      let (x, y, gamma) = (operands.x, operands.y, operands.parameter(0))
      for row in 0..<x.rows {
        for unit in part.range { y[row, unit] = gamma[0, unit] * x[row, unit] }
      }
    }
    // dγ = Σ dy∘x over the samples
    let gammaGradient = Phase(
      reads: [.outputGradient: .part, .input: .part], writes: [.gradient(0): .part],
      split: .features, operations: context.operations(2, on: input)
    ) { operands, part, _ in
      let (x, dY, gradient) = (operands.x, operands.dY, operands.gradient(0))
      for unit in part.range {
        gradient[0, unit] = (0..<x.rows).reduce(0) { $0 + dY[$1, unit] * x[$1, unit] }
      }
    }
    // dx = γ∘dy
    let inputGradient = Phase(
      reads: [.outputGradient: .part, .parameter(0): .part], writes: [.inputGradient: .part],
      split: .features, operations: context.operations(on: input)
    ) { operands, part, _ in
      let (dY, dX, gamma) = (operands.dY, operands.dX, operands.parameter(0))
      for row in 0..<dY.rows {
        for unit in part.range { dX[row, unit] = gamma[0, unit] * dY[row, unit] }
      }
    }
    return LayerPlan(
      output: input,
      parameters: [Parameter("gamma", shape: [input.count], initialValue: .constant(1))],
      forward: [forward], parameterGradients: [gammaGradient], inputGradient: [inputGradient])
  }
}

func trainScale(
  _ samples: Tensor, _ labels: [Int], epochs: Int, checkpoint: String, interrupted: Checkpoint?,
  path: String
) throws -> (model: Sequential, loaded: Sequential) {
  ModelFile.register(Scale.self)
  let model = try Sequential(inputShape: [4], [Dense(8), Scale(), Dense(2), Softmax()], seed: 1)
  model.compile(optimizer: .adam(learningRate: 0.01), loss: .softmaxCrossEntropy)
  try model.fit(
    samples, labels, epochs: epochs, callbacks: [Checkpoints(checkpoint, every: .epochs)],
    resuming: interrupted?.state)
  try ModelFile(model).write(to: path)
  let loaded = try ModelFile(contentsOf: path).model
  return (model, loaded)
}
