import TestSupport
import Testing
import Training

/// Batch normalisation behind layers of weights becomes part of these in inference.
struct FoldingTests {
  private static let layers: [any Layer] = [
    BatchNorm(), Conv2D(3, 3, bias: false), BatchNorm(), BatchNorm(), ReLU(),
    Residual([
      DepthwiseConv2D(Window2D(3, padding: .same)), BatchNorm(), Tanh(), BatchNorm(),
      Residual([ReLU()]),
    ]),
    Flatten(), BatchNorm(), Dense(4), BatchNorm(), Softmax(),
  ]

  private func model() throws -> Sequential {
    let model = try Sequential(inputShape: [5, 6, 2], Self.layers, seed: 5)
    var random = Seeded(6)
    let filled = { (tensor: Tensor, values: [Float]) in Tensor(values, shape: tensor.shape) }
    model.weights = model.weights.map { filled($0, random.values($0.count)) }
    // Variances are from 0.5.
    model.nonTrainableWeights = zip(model.nonTrainableWeightNames, model.nonTrainableWeights).map {
      let values = random.values($1.count)
      return filled($1, $0.hasSuffix("variance") ? values.map { abs($0) + 0.5 } : values)
    }
    return model
  }

  /// A layer of a user's own, of two branches.
  private struct Forked: Layer {
    func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
      try LayerPlan(sumOf: [[Dense(3), BatchNorm()], [Dense(3), Tanh()]], input, context)
    }
  }

  @Test func sumsOfAUserKeepTheirParameters() throws {
    let model = try Sequential(inputShape: [4], [Forked(), BatchNorm(), Dense(2), BatchNorm()])
    let samples = randomSamples([20, 4], seed: 8)
    let expected = try model.predict(samples).elements
    for (found, expected) in zip(try Predictor(model).predict(samples).elements, expected) {
      #expect(abs(found - expected) < 1e-5)
    }
  }

  @Test func whatIsPredictedStaysWithinRounding() throws {
    let model = try model()
    let samples = randomSamples([20, 5, 6, 2], seed: 7)
    let expected = try model.predict(samples).elements
    let folded = model.folded()
    #expect(
      folded.layers.map { "\(type(of: $0))" } == [
        "BatchNorm", "Conv2D", "Absorbed", "Absorbed", "ReLU", "Residual", "Flatten", "BatchNorm",
        "Dense", "Absorbed", "Softmax",
      ])
    let block = try #require(folded.layers[5] as? Residual).layers.map { "\(type(of: $0))" }
    #expect(block == ["DepthwiseConv2D", "Absorbed", "Tanh", "BatchNorm", "Residual"])
    for found in [try folded.predict(samples), try Predictor(model).predict(samples)] {
      for (found, expected) in zip(found.elements, expected) {
        #expect(abs(found - expected) < 1e-5)
      }
    }
    #expect(try model.predict(samples).elements == expected)
    #expect(model.layers.count { $0 is BatchNorm } == 5)
  }
}
