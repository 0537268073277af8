import Testing
import TestSupport
import Training

@Suite struct MetricTests {
  /// A model without layers hands its input on as scores.
  private func scorer(_ classes: Int, loss: Loss, metrics: [Metric]) throws -> Sequential {
    let model = try Sequential(inputShape: [classes], [])
    model.threads = 2
    model.compile(optimizer: .sgd(), loss: loss, metrics: metrics)
    return model
  }

  @Test func topKIsThatOfScikitLearn() throws {
    let scores = Problem.matrix(80, 6) { i, j in 8 * ((5 * i + 7 * j + i * j * j) % 31) + j }
    let labels = (0..<80).map { ($0 * 5 + $0 / 7) % 6 }
    let model = try scorer(
      6, loss: .softmaxCrossEntropy, metrics: [.accuracy] + (1...6).map { .topK($0) })
    let figures = try model.evaluate(scores, labels)
    #expect(figures.names == ["loss", "accuracy"] + (1...6).map { "top_\($0)_accuracy" })
    expectClose((1...5).map { figures["top_\($0)_accuracy"] ?? .nan }, Goldens.topK, within: 1e-12)
    #expect(figures["accuracy"] == Goldens.topK[0])
    #expect(figures["top_6_accuracy"] == 1)
  }

  @Test func ofEqualScoresTheFirstIsTheHighest() throws {
    let model = try scorer(3, loss: .softmaxCrossEntropy, metrics: [.accuracy, .topK(2)])
    let scores = Tensor(repeating: 1, shape: [3, 3])
    let figures = try model.evaluate(scores, [0, 1, 2])
    expectClose(figures.dropFirst().map(\.value), [1.0 / 3, 2.0 / 3], within: 1e-12)
  }

  @Test func aNaNIsNeverAHit() throws {
    let model = try scorer(2, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    let scores = Tensor([.nan, .nan, 0, 1], shape: [2, 2])
    #expect(try model.evaluate(scores, [0, 1])["accuracy"] == 0.5)
  }

  @Test func yesOrNoCountsEveryOutput() throws {
    let model = try scorer(2, loss: .binaryCrossEntropy(), metrics: [.accuracy])
    let scores = Tensor([1, -1, 2, 3, -1, 0], shape: [3, 2])
    let targets = Tensor([1, 0, 1, 0, 1, 0], shape: [3, 2])
    let figures = try model.evaluate(scores, .values(targets))
    expectClose([figures["accuracy"]!], [4.0 / 6], within: 1e-7)
  }

  @Test func rowsOfValuesCountByTheirLargest() throws {
    let model = try scorer(3, loss: .softmaxCrossEntropy, metrics: [.accuracy])
    let scores = Tensor([3, 1, 2, 0, 1, 5], shape: [2, 3])
    let targets = Tensor([0.8, 0.1, 0.1, 0.2, 0.5, 0.3], shape: [2, 3])
    #expect(try model.evaluate(scores, .values(targets))["accuracy"] == 0.5)
  }

  /// The largest of one output is always in the right place.
  @Test func aRegressionReportsItsLossAlone() throws {
    let targets = Targets.values(Problem.samples[rows: 0..<80].reshaped(to: [320, 1]))
    let samples = randomSamples([320, 5], seed: 4)
    let compile: [(Sequential) -> Void] = [
      { $0.compile(optimizer: .sgd(learningRate: 0.01), loss: .meanSquaredError) },
      { $0.compile(optimizer: .lbfgs(), loss: .meanSquaredError) },
    ]
    for compile in compile {
      let model = try Sequential(inputShape: [5], [Dense(1)])
      compile(model)
      let history = try model.fit(samples, targets, validation: .last(0.25))
      #expect(history.names == ["loss", "val_loss"])
      #expect(try model.evaluate(samples, targets).names == ["loss"])
    }
    // Of several outputs the largest means something to whoever asks.
    let several = try Sequential(inputShape: [4], [Dense(3)])
    several.compile(optimizer: .sgd(), loss: .meanSquaredError, metrics: [.accuracy])
    #expect(
      try several.evaluate(Problem.samples, .values(Problem.rows)).names == ["loss", "accuracy"])
    for loss in [.softmaxCrossEntropy, .categoricalCrossEntropy(), .binaryCrossEntropy()] as [Loss]
    {
      several.compile(optimizer: .sgd(), loss: loss)
      #expect(
        try several.evaluate(Problem.samples, .values(Problem.rows)).names == ["loss", "accuracy"])
    }
  }

  @Test func aPlaceBelowOneTraps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = try Sequential(inputShape: [2], [])
        model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy, metrics: [.topK(0)])
      }, "Sequential.compile: expected top 1 or more, got top 0")
  }
}
