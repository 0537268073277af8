import Testing
import TestSupport
import Training

/// What does not fit is said in one line, before anything changes.
@Suite struct ErrorTests {
  static let labels = [Int](repeating: 0, count: 4)
  static let samples = Tensor(zeros: [4, 6])

  struct Mistake: Sendable, CustomTestStringConvertible {
    var samples = ErrorTests.samples
    var targets = Targets.classes(ErrorTests.labels)
    var validation = Validation.none
    var loss: any Loss = .softmaxCrossEntropy
    let message: String

    var testDescription: String { message }
  }

  static let mistakes = [
    Mistake(
      samples: Tensor(zeros: [4, 5]),
      message: "the model expects samples of shape [2, 3], got [5]"),
    Mistake(
      samples: Tensor(zeros: [4, 3, 2]),
      message: "the model expects samples of shape [2, 3], got [3, 2]"),
    Mistake(
      targets: .classes([0, 1, 2]), message: "there are 4 samples, but targets for 3"),
    Mistake(
      targets: .classes([0, 1, 3, 0]),
      message: "the model has 3 outputs, so labels are 0 to 2, got 3 for sample 2"),
    Mistake(
      targets: .classes([0, 1, 2, -1]),
      message: "the model has 3 outputs, so labels are 0 to 2, got -1 for sample 3"),
    Mistake(
      targets: .values(Tensor(zeros: [4, 2])),
      message: "the model has 3 outputs, so targets are [samples, 3], got [4, 2]"),
    Mistake(
      loss: .meanSquaredError,
      message: "this loss expects rows of values as targets, got class labels"),
    Mistake(
      targets: .values(Tensor([0, 1, 0, 0, 0, 250, 1, 0, 0, 1, 0, 0], shape: [4, 3])),
      message: "this loss expects targets from 0 to 1, got 250.0 for sample 1"),
    Mistake(
      targets: .values(Tensor([0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, .nan], shape: [4, 3])),
      loss: .binaryCrossEntropy,
      message: "this loss expects targets from 0 to 1, got nan for sample 3"),
    Mistake(
      loss: .binaryCrossEntropy,
      message: "this loss expects rows of values as targets, got class labels"),
    Mistake(
      samples: Tensor(zeros: [0, 6]), targets: .classes([]),
      message: "there are no samples to train on"),
    Mistake(
      validation: .last(0), message: "expected a validation split above 0 and below 1, got 0.0"),
    Mistake(
      validation: .shuffled(1), message: "expected a validation split above 0 and below 1, got 1.0"),
    Mistake(
      validation: .stratified(.nan),
      message: "expected a validation split above 0 and below 1, got nan"),
    Mistake(
      validation: .last(0.9),
      message: "the validation split leaves 0 of 4 samples to train on and 4 to validate on"),
    Mistake(
      targets: .values(Tensor(zeros: [4, 3])), validation: .stratified(0.5),
      message: "a stratified split needs class labels as targets, got rows of values"),
    Mistake(
      validation: .data(Tensor(zeros: [2, 7]), .classes([0, 1])),
      message: "the model expects samples of shape [2, 3], got [7]"),
    Mistake(
      validation: .data(Tensor(zeros: [2, 6]), .classes([0])),
      message: "there are 2 samples, but targets for 1"),
  ]

  @Test(arguments: mistakes)
  func fitThrowsAndLeavesTheModelAlone(_ mistake: Mistake) throws {
    let model = try Sequential(inputShape: [2, 3], [Flatten(), Dense(3)])
    model.compile(optimizer: .sgd(), loss: mistake.loss)
    let (before, watcher) = (model.flatWeights, Watcher())
    #expect(throws: ModelError(mistake.message)) {
      try model.fit(
        mistake.samples, mistake.targets, validation: mistake.validation, callbacks: [watcher])
    }
    #expect(watcher.events.isEmpty)
    #expect(firstDifference(model.flatWeights, before) == nil)
  }

  @Test func evaluateAndPredictCheckTheirSamples() throws {
    let model = try Sequential(inputShape: [6], [Dense(3)])
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let wrong = ModelError("the model expects samples of shape [6], got [5]")
    #expect(throws: wrong) { try model.predict(Tensor(zeros: [4, 5])) }
    #expect(throws: wrong) { try model.evaluate(Tensor(zeros: [4, 5]), Self.labels) }
    #expect(throws: ModelError("there are 4 samples, but targets for 2")) {
      try model.evaluate(Self.samples, [0, 1])
    }
  }

  @Test func imagesAndVectorsOfOneLengthBothFit() throws {
    let model = try Sequential(inputShape: [2, 3], [Flatten(), Dense(3)])
    let vectors = randomSamples([4, 6], seed: 1)
    let images = vectors.reshaped(to: [4, 2, 3])
    #expect(try model.predict(vectors).elements == model.predict(images).elements)
  }

  @Test func layersThatDoNotFitAreNamedByTheirPlace() {
    #expect(
      throws: ModelError(
        "layer 1: Dense(4) expects a vector, got shape [2, 3]: put Flatten before it")
    ) {
      try Sequential(inputShape: [2, 3], [ReLU(), Dense(4)])
    }
    #expect(throws: ModelError("layer 1: Dense(2) has weights for 3 inputs, got 4")) {
      try Sequential(
        inputShape: [5], [Dense(4), Dense(weight: Tensor(zeros: [2, 3]), bias: nil)])
    }
  }

  @Test func mistakesOfTheProgrammerTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        // Not compiled.
        try Problem.model().fit(Problem.samples, Problem.labels)
      }, "Sequential.fit: expected a compiled model, got one that is not: call compile first")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Problem.model().evaluate(Problem.samples, Problem.labels)
      }, "Sequential.evaluate: expected a compiled model, got one that is not: call compile first")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try Problem.model().learningRate
      },
      "Sequential.learningRate: expected a compiled model, got one that is not: call compile first")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compiledModel().fit(Problem.samples, Problem.labels, epochs: -1)
      }, "Sequential.fit: expected epochs from 1, got -1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compiledModel().fit(Problem.samples, Problem.labels, epochs: 0)
      }, "Sequential.fit: expected epochs from 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try compiledModel().training(Problem.samples, Problem.labels, epochs: 0)
      }, "Sequential.fit: expected epochs from 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compiledModel().fit(Problem.samples, Problem.labels, batchSize: 0)
      }, "Sequential.fit: expected batches from 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try Problem.model().threads = 0
      }, "Sequential.threads: expected at least 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try Problem.model().compile(optimizer: .sgd(), loss: .softmaxCrossEntropy, clipNorm: 0)
      }, "Sequential.compile: expected a norm above 0 to clip to, got 0.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try Problem.model().weights = []
      }, "Sequential.weights: expected shapes [[5, 4], [5], [3, 5], [3]], got []")
  }

  /// Sigmoid outputs are no scores: their softmax is never far from even, whatever is learned.
  @Test func aLossOfScoresRefusesProbabilitiesThatAreNotItsOwn() async {
    let sigmoid = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Sequential(inputShape: [4], [Dense(3), Sigmoid()]).compile(
        optimizer: .sgd(), loss: .softmaxCrossEntropy)
    }
    #expect(
      text(sigmoid).contains(
        "Sequential.compile: expected scores or a last Softmax for SoftmaxCrossEntropy, got a last "
          + "Sigmoid"))
    let softmax = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Sequential(inputShape: [4], [Dense(3), Softmax()]).compile(
        optimizer: .lbfgs(), loss: .binaryCrossEntropy())
    }
    #expect(
      text(softmax).contains(
        "Sequential.compile: expected scores or a last Sigmoid for BinaryCrossEntropy, got a last "
          + "Softmax"))
  }

  @Test func theOneOutputOfARegressionHasNoAccuracy() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Sequential(inputShape: [4], [Dense(1)]).compile(
        optimizer: .sgd(), loss: .meanSquaredError, metrics: [.accuracy])
    }
    #expect(
      text(result).contains(
        "Sequential.compile: the metric accuracy expects classes, decisions or several values, got "
          + "1 value"
      ))
  }
}

private func text(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

private func compiledModel() throws -> Sequential {
  let model = try Problem.model()
  model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
  return model
}
