import Testing
import TestSupport
import Training

@Suite struct WeightsTests {
  // No length is a whole number of cache lines, so that every range is followed by a gap.
  private func model(seed: UInt64) throws -> Sequential {
    try Sequential(
      inputShape: [5], [Dense(7), ReLU(), Dense(3, bias: false), Tanh(), Dense(2)], seed: seed)
  }

  @Test func whatIsSetIsReadBack() throws {
    let (source, target) = (try model(seed: 1), try model(seed: 2))
    let samples = randomSamples([4, 5], seed: 3)
    let expected = try source.predict(samples).elements
    #expect(firstDifference(try target.predict(samples).elements, expected) == 0)
    target.weights = source.weights
    #expect(firstDifference(target.flatWeights, source.flatWeights) == nil)
    #expect(firstDifference(try target.predict(samples).elements, expected) == nil)
  }

  @Test func namesAndShapesFollowTheLayers() throws {
    let model = try model(seed: 1)
    #expect(
      model.weightNames == [
        "layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.4.weight", "layers.4.bias",
      ])
    #expect(model.weights.map(\.shape) == [[7, 5], [7], [3, 7], [2, 3], [2]])
    #expect(model.parameterCount == 35 + 7 + 21 + 6 + 2)
    #expect(model.outputShape == [2])
  }

  @Test func aCopyDoesNotFollowTraining() throws {
    let model = try Problem.model()
    model.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
    let copy = model.weights
    try model.fit(Problem.samples, Problem.labels)
    #expect(copy[0].elements == Problem.weight(5, 4).elements)
    #expect(firstDifference(model.weights[0].elements, copy[0].elements) != nil)
  }

  @Test func otherShapesTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = try Problem.model()
        var weights = model.weights
        weights[0] = Tensor(zeros: [4, 5])
        model.weights = weights
      },
      "Sequential.weights: expected shapes [[5, 4], [5], [3, 5], [3]], got [[4, 5], [5], [3, 5], [3]]"
    )
  }
}
