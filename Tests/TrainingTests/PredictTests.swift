import Testing
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct PredictTests {
  /// Two blocks of samples and some, on two threads.
  static let samples = randomSamples([300, 9], seed: 21)
  static let labels = randomLabels(300, classes: 4, seed: 21)

  private func model() throws -> Sequential {
    let model = try Sequential(
      inputShape: [9], [Dense(20, biasInitializer: .constant(0.1)), ReLU(), Dense(4), Softmax()],
      seed: 21)
    model.threads = 2
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }

  @Test(arguments: [0, 1, 127, 128, 129, 256, 257, 300])
  func aSampleDoesNotDependOnItsNeighbours(count: Int) throws {
    let model = try model()
    let together = try model.predict(Self.samples[rows: 0..<count])
    #expect(together.shape == [count, 4])
    for sample in Set([0, 126, 127, 128, count - 1]) where (0..<count).contains(sample) {
      let alone = try model.predict(Self.samples[rows: sample..<sample + 1])
      expectClose(
        together[rows: sample..<sample + 1].elements, alone.elements, within: 1e-6,
        "seed 21, sample \(sample)")
    }
  }

  @Test(arguments: [1, 127, 128, 129, 300])
  func evaluateAgreesWithPredict(count: Int) throws {
    let model = try model()
    let samples = Self.samples[rows: 0..<count]
    let labels = Array(Self.labels[..<count])
    let probabilities = try model.predict(samples)
    let losses = labels.indices.map { -log(Double(probabilities[$0, labels[$0]])) }
    let hits = zip(probabilities.argmaxOfRows(), labels).count { $0 == $1 }
    let figures = try model.evaluate(samples, labels)
    // Each logarithm has the relative rounding of a probability, some 2⁻²³.
    expectClose([figures.loss], [losses.reduce(0, +) / Double(count)], within: 2e-6, "seed 21")
    expectClose([figures["accuracy"]!], [Double(hits) / Double(count)], within: 1e-12, "seed 21")
  }

  @Test func noSamplesHaveNoFigures() throws {
    let figures = try model().evaluate(Tensor(zeros: [0, 9]), [])
    #expect(figures.names == ["loss", "accuracy"])
    #expect(figures.loss.isNaN && figures["accuracy"]!.isNaN)
  }

  @Test func scoresAreWhatTheSoftmaxIsTakenOf() throws {
    let model = try model()
    let scores = try model.predict(Self.samples, scores: true)
    let probabilities = try model.predict(Self.samples)
    let expected = (0..<300).flatMap { sample in
      let powers = (0..<4).map { exp(Double(scores[sample, $0])) }
      return powers.map { $0 / powers.reduce(0, +) }
    }
    expectClose(probabilities.elements.map { Double($0) }, expected, within: 1e-6)
    #expect(firstDifference(scores.elements, probabilities.elements) == 0)
  }

  @Test func withoutASoftmaxScoresAreTheOutput() throws {
    let model = try Sequential(inputShape: [9], [Dense(4)], seed: 2)
    let plain = try model.predict(Self.samples).elements
    let scores = try model.predict(Self.samples, scores: true).elements
    #expect(firstDifference(scores, plain) == nil)
  }

  @Test func dropoutRestsInPrediction() throws {
    let dense = Dense(4, weightInitializer: .values(randomSamples([4, 9], seed: 1)))
    let with = try Sequential(inputShape: [9], [Dropout(0.5), dense, Dropout(0.5)])
    let without = try Sequential(inputShape: [9], [dense])
    let expected = try without.predict(Self.samples).elements
    #expect(firstDifference(try with.predict(Self.samples).elements, expected) == nil)
  }
}
