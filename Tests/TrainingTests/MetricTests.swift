import Testing
import TestSupport
import Training

@Suite struct MetricTests {
  /// A model without layers hands its input on as scores.
  private func scorer(_ classes: Int, loss: any Loss, metrics: [any Metric]) throws -> Sequential {
    let model = try Sequential(inputShape: [classes], [])
    model.threads = 2
    model.compile(optimizer: .sgd(), loss: loss, metrics: metrics)
    return model
  }

  @Test func topKIsThatOfScikitLearn() throws {
    let scores = Problem.matrix(80, 6) { i, j in 8 * ((5 * i + 7 * j + i * j * j) % 31) + j }
    let labels = (0..<80).map { ($0 * 5 + $0 / 7) % 6 }
    let model = try scorer(
      6, loss: .softmaxCrossEntropy, metrics: [Accuracy()] + (1...6).map { TopKAccuracy($0) })
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
    for loss in [.softmaxCrossEntropy, .categoricalCrossEntropy, .binaryCrossEntropy] as [any Loss]
    {
      several.compile(optimizer: .sgd(), loss: loss)
      #expect(
        try several.evaluate(Problem.samples, .values(Problem.rows)).names == ["loss", "accuracy"])
    }
  }

  /// Values do not depend on how samples are cut into batches, parts and threads.
  @Test func theFiguresOfAnEpochAreThoseOfEvaluate() throws {
    // No two the same, whose scores rounding could set apart.
    let samples = randomSamples([80, 4], seed: 21)
    let values = Problem.matrix(80, 2) { i, j in (i * i + 3 * j) % 23 }
    let cases: [(Int, Targets, any Loss, [any Metric])] = [
      (2, .values(values), .huber(), [.meanAbsoluteError, .rootMeanSquaredError, .r2]),
      (2, .classes(Problem.labels.map { $0 % 2 }), .softmaxCrossEntropy, [.rocAUC, .macroF1]),
      (1, .classes(Problem.labels.map { $0 % 2 }), .binaryCrossEntropy, [.accuracy, .rocAUC]),
    ]
    for (outputs, targets, loss, metrics) in cases {
      for (threads, batchSize) in [(1, 80), (1, 7), (3, 32)] {
        let model = try Sequential(inputShape: [4], [Dense(outputs)], seed: 5)
        (model.threads, model.fixedParts) = (threads, threads)
        model.compile(optimizer: .sgd(learningRate: 0.0), loss: loss, metrics: metrics)
        let history = try model.fit(
          samples, targets, batchSize: batchSize,
          validation: .data(samples, targets), shuffle: false)
        let evaluated = try model.evaluate(samples, targets)
        for (name, value) in evaluated.dropFirst() {
          #expect(value.isFinite && abs(value) > 1e-3)
          expectClose(history[name], [value], within: 1e-6 * abs(value), "\(name), \(threads)")
          #expect(history["val_" + name] == [value])
        }
      }
    }
  }

  /// As far as an epoch has come, whatever was noted before.
  @Test func aCallbackSeesTheSamplesSoFar() throws {
    let model = try Sequential(inputShape: [4], [Dense(3)], seed: 5)
    model.compile(optimizer: .sgd(learningRate: 0.0), loss: .softmaxCrossEntropy)
    let reader = MetricReader()
    try model.fit(
      Problem.samples, Problem.labels, epochs: 2, batchSize: 30, shuffle: false,
      callbacks: [reader])
    let expected = try [30, 60, 80].map {
      try model.evaluate(Problem.samples[rows: 0..<$0], Array(Problem.labels[..<$0]))["accuracy"]
    }
    #expect(reader.values == expected + expected)
  }

  /// Every epoch is better than the one before, so that training goes on to the last.
  @Test(arguments: [("val_mae", false), ("val_rmse", false), ("val_r2", true), ("mae", false)])
  func aMetricSaysWhichValuesAreBetter(name: String, isHigherBetter: Bool) throws {
    let x = Tensor((0..<40).map { Float($0) / 40 }, shape: [40, 1])
    let targets = Targets.values(x * 2)
    let model = try Sequential(inputShape: [1], [Dense(1, weightInitializer: .zeros)])
    model.compile(
      optimizer: .sgd(learningRate: 0.1), loss: .meanSquaredError,
      metrics: [.meanAbsoluteError, .rootMeanSquaredError, .r2])
    let stopping = EarlyStopping(monitor: name, patience: 1)
    let history = try model.fit(
      x, targets, epochs: 6, batchSize: 40, validation: .data(x, targets), callbacks: [stopping])
    #expect(history.stopReason == nil && stopping.bestEpoch == 6)
    let values = history[name]
    #expect(isHigherBetter ? values[5] > values[0] : values[5] < values[0])
  }

  @Test func oneDecisionTakesLabels() throws {
    let labels = Problem.labels.map { $0 % 2 }
    let rows = Tensor(labels.map { Float($0) }, shape: [80, 1])
    let runs = try [Targets.classes(labels), .values(rows)].map { targets in
      let model = try Sequential(inputShape: [4], [Dense(1), Sigmoid()], seed: 5)
      model.compile(
        optimizer: .sgd(), loss: .binaryCrossEntropy, metrics: [.accuracy, .rocAUC],
        classWeights: [0.5, 2])
      let history = try model.fit(Problem.samples, targets, epochs: 2, validation: .last(0.25))
      return (history.epochs.map(\.values), model.flatWeights)
    }
    #expect(runs[0].0 == runs[1].0 && runs[0].1 == runs[1].1)
    let model = try Sequential(inputShape: [4], [Dense(1)])
    model.compile(optimizer: .sgd(), loss: .binaryCrossEntropy)
    #expect(
      throws: ModelError("the model has 1 output, so labels are 0 to 1, got 2 for sample 2")
    ) {
      try model.fit(Problem.samples, (0..<80).map { $0 % 3 })
    }
  }

  /// A loss of probabilities decides at ½.
  @Test func probabilitiesDecideAtOneHalf() throws {
    let model = try Sequential(inputShape: [1], [])
    model.compile(optimizer: .sgd(), loss: Brier(), metrics: [.accuracy, .macroF1])
    let figures = try model.evaluate(Tensor([0.2, 0.4, 0.6, 0.9], shape: [4, 1]), [0, 0, 1, 1])
    #expect(figures["accuracy"] == 1 && figures["f1_macro"] == 1)
  }

  @Test func aPlaceBelowOneTraps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = try Sequential(inputShape: [2], [])
        model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy, metrics: [.topK(0)])
      }, "TopKAccuracy: expected the top 1 or more, got the top 0")
  }

  @Test func metricsWithoutMeaningTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(3, .softmaxCrossEntropy, [.rocAUC])
      },
      "Sequential.compile: the metric auc expects two classes or one decision, got 3 classes")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(2, .binaryCrossEntropy, [.macroF1])
      },
      "Sequential.compile: the metric f1_macro expects classes or one decision, got 2 decisions")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(2, .softmaxCrossEntropy, [.accuracy, .r2])
      }, "Sequential.compile: the metric r2 expects values, got 2 classes")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(1, .binaryCrossEntropy, [.topK(1)])
      }, "Sequential.compile: the metric top_1_accuracy expects classes, got 1 decision")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(2, .softmaxCrossEntropy, [.accuracy, .accuracy])
      }, "Sequential.compile: expected metrics of different names, got two figures accuracy")
  }

  @Test func classWeightsThatDoNotFitTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(3, .softmaxCrossEntropy, classWeights: [1, 2])
      }, "Sequential.compile: expected 3 class weights for 3 classes, got 2")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(2, .meanSquaredError, classWeights: [1, 2])
      }, "Sequential.compile: expected no class weights for 2 values, got 2")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try compile(1, .binaryCrossEntropy, classWeights: [1, -2])
      }, "Sequential.compile: expected class weights from 0, got [1.0, -2.0]")
  }
}

private func compile(
  _ outputs: Int, _ loss: any Loss, _ metrics: [any Metric]? = nil, classWeights: [Float]? = nil
) throws {
  try Sequential(inputShape: [4], [Dense(outputs)]).compile(
    optimizer: .sgd(), loss: loss, metrics: metrics, classWeights: classWeights)
}

/// Reads the first metric after each step.
private final class MetricReader: Callback {
  private(set) var values: [Double?] = []

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    values.append(progress.metric(0))
    return .proceed
  }
}

/// The squared error of the probability of yes, which outputs are (Brier 1950).
private struct Brier: Loss {
  var outputKind: OutputKind { .decisions }

  func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    MeanSquaredError().evaluate(
      outputs, targets, scale: scale, losses: losses, gradient: gradient)
  }
}
