import TestSupport
import Testing
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Models whose last layer is a sigmoid.
@Suite struct SigmoidTests {
  private static let x = Tensor([1.5, -0.5, 0.25, -2, -3, -1, 3, 2.5, -4, 0, 0, 0], shape: [4, 3])
  private static let bits = Tensor([1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0], shape: [4, 3])

  /// Keras 3.15.1 on JAX 0.10.2 in float64, of `sigmoid(x)`.
  @Test func lossesAreThoseOfKeras() throws {
    let model = try Sequential(inputShape: [3], [Sigmoid()])
    // SparseCategoricalCrossentropy()
    model.compile(optimizer: .sgd(), loss: .categoricalCrossEntropy())
    let classes = try model.evaluate(Self.x, [0, 2, 1, 1])
    expectClose([classes.loss], [0.7659782910190494], within: 1e-6)
    #expect(classes["accuracy"] == 0.5)
    // BinaryCrossentropy()
    model.compile(optimizer: .sgd(), loss: .binaryCrossEntropy())
    let decisions = try model.evaluate(Self.x, .values(Self.bits))
    expectClose([decisions.loss], [0.41377294436097145], within: 1e-6)
    // Right but for x = −1 with 1, 0 with 1.
    expectClose([decisions["accuracy"] ?? .nan], [10.0 / 12], within: 1e-6)
  }

  /// The sigmoid is part of the loss, as a last softmax is: training never divides by a probability.
  @Test func yesOrNoModelsTrainAsThoseThatEndInScores() throws {
    let targets = Targets.values(Problem.rows)
    let ends: [[any Layer]] = [[], [Sigmoid()]]
    let models = try ends.map { end in
      let model = try Sequential(inputShape: [4], [Dense(5), Tanh(), Dense(3)] + end, seed: 6)
      model.compile(optimizer: .sgd(learningRate: 0.5), loss: .binaryCrossEntropy())
      let history = try model.fit(
        Problem.samples, targets, epochs: 3, batchSize: 16, validation: .last(0.2))
      return (model, history.epochs.map(\.values))
    }
    #expect(firstDifference(models[0].0.flatWeights, models[1].0.flatWeights) == nil)
    #expect(models[0].1 == models[1].1)
    let scores = try models[0].0.predict(Problem.samples).elements
    #expect(
      firstDifference(try models[1].0.predict(Problem.samples, scores: true).elements, scores)
        == nil)
    expectClose(
      try models[1].0.predict(Problem.samples).elements.map { Double($0) },
      scores.map { 1 / (1 + exp(-Double($0))) }, within: 1e-6)
  }

  /// An output far from what it should be still learns.
  @Test func saturatedScoresKeepTheirGradient() throws {
    let model = try Sequential(
      inputShape: [1], [Dense(weight: Tensor([200], shape: [1, 1]), bias: nil), Sigmoid()])
    model.compile(optimizer: .sgd(learningRate: 1.0), loss: .binaryCrossEntropy())
    let history = try model.fit(Tensor([1], shape: [1, 1]), .values(Tensor([0], shape: [1, 1])))
    #expect(history.loss == [200] && model.flatWeights == [199])
  }

  /// Class labels, one output per class: the outputs are divided by their sum, so not all can grow.
  @Test func classesTrainOnShares() throws {
    let model = try Sequential(inputShape: [4], [Dense(3), Sigmoid()], seed: 2)
    model.compile(optimizer: .adam(learningRate: 0.05), loss: .categoricalCrossEntropy())
    let labels = (0..<80).map { Problem.samples[$0, 0] > 0 ? 1 : 0 }
    let history = try model.fit(Problem.samples, labels, epochs: 40, batchSize: 16)
    #expect(history.loss[39] < 0.3 * history.loss[0] && history.accuracy[39] > 0.95)
  }
}
