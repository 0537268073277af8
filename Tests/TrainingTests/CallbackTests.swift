import Testing
import TestSupport
import Training

@Suite struct CallbackTests {
  private func compiledModel(metrics: [any Metric] = [.accuracy]) throws -> Sequential {
    let model = try Problem.model()
    model.compile(optimizer: .sgd(learningRate: 1.0), loss: .softmaxCrossEntropy, metrics: metrics)
    return model
  }

  @Test func callsComeInOrder() throws {
    let (first, second) = (Watcher(), Watcher())
    try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 2, batchSize: 40, validation: .last(0.25),
      callbacks: [first, second])
    #expect(
      first.events == [
        "begin 2 epochs of 2", "epoch 1 step 1", "epoch 1 step 2", "epoch 1 ended",
        "epoch 2 step 1", "epoch 2 step 2", "epoch 2 ended", "end after 2",
      ])
    #expect(second.events == first.events)
    #expect(first.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
  }

  @Test func stoppingAtAStepEndsTheEpochThere() throws {
    let (first, second) = (Watcher(), Watcher())
    first.stopsAtStep = 3
    let history = try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 4, batchSize: 8, callbacks: [first, second])
    #expect(history.stopReason == "the watcher ends step 3")
    #expect(history.epochs.count == 1)
    let events = [
      "begin 4 epochs of 10", "epoch 1 step 1", "epoch 1 step 2", "epoch 1 step 3",
      "epoch 1 ended", "end after 1",
    ]
    #expect(first.events == events)
    // The second hears of the last step, too.
    #expect(second.events == events)
  }

  @Test func stoppingAtAnEpochNamesTheFirstReason() throws {
    let (first, second) = (Watcher(), Watcher())
    (first.stopsAtEpoch, second.stopsAtEpoch) = (2, 2)
    (first.name, second.name) = ("the first", "the second")
    let history = try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 4, callbacks: [first, second])
    #expect(history.stopReason == "the first ends epoch 2" && history.epochs.count == 2)
    #expect(second.events.suffix(2) == ["epoch 2 ended", "end after 2"])
  }

  @Test(arguments: Goldens.stops)
  func earlyStoppingEndsWhereKerasDoes(
    _ golden: (patience: Int, delta: Double, end: Int, best: Int)
  ) throws {
    let stopping = EarlyStopping(patience: golden.patience, minimumDelta: golden.delta)
    let model = try compiledModel()
    var end = 0
    for (epoch, value) in Goldens.monitored.enumerated() where end == 0 {
      model.weights = weights(epoch + 1)
      let record = EpochRecord(epoch: epoch + 1, values: [("val_loss", value)], seconds: 0)
      if try stopping.epochDidEnd(record, model: model) != .proceed { end = epoch + 1 }
    }
    #expect(end == golden.end)
    #expect(stopping.bestEpoch == golden.best)
    #expect(stopping.best == Goldens.monitored[golden.best - 1])
    try stopping.trainingDidEnd(History(), model: model)
    #expect(model.flatWeights == weights(golden.best).flatMap(\.elements))
  }

  @Test func earlyStoppingMayKeepTheLastWeights() throws {
    let stopping = EarlyStopping(monitor: "loss", restoresBestWeights: false)
    let model = try compiledModel()
    for (epoch, value) in [1.0, 2.0].enumerated() {
      model.weights = weights(epoch + 1)
      _ = try stopping.epochDidEnd(
        EpochRecord(epoch: epoch + 1, values: [("loss", value)], seconds: 0), model: model)
    }
    try stopping.trainingDidEnd(History(), model: model)
    #expect(model.flatWeights == weights(2).flatMap(\.elements))
  }

  @Test func earlyStoppingWantsMoreOfAnAccuracy() throws {
    let stopping = EarlyStopping(monitor: "val_accuracy", patience: 2)
    let model = try compiledModel()
    let decisions = try [0.5, 0.7, 0.6, 0.7, 0.9].enumerated().map { epoch, value in
      try stopping.epochDidEnd(
        EpochRecord(epoch: epoch + 1, values: [("val_accuracy", value)], seconds: 0), model: model)
    }
    #expect(decisions[..<3] == [.proceed, .proceed, .proceed])
    #expect(decisions[3] == .stop("val_accuracy has not improved for 2 epochs"))
    #expect(decisions[4] == .proceed && stopping.bestEpoch == 5)
  }

  @Test func aNumberIsBetterThanNaNButNaNIsNotBetter() throws {
    let stopping = EarlyStopping(monitor: "loss", patience: 9)
    let model = try compiledModel()
    for (epoch, value) in [Double.nan, 2.0, .nan, .infinity].enumerated() {
      _ = try stopping.epochDidEnd(
        EpochRecord(epoch: epoch + 1, values: [("loss", value)], seconds: 0), model: model)
    }
    #expect(stopping.bestEpoch == 2 && stopping.best == 2)
  }

  @Test func trainingThatIsNaNFromTheStartStopsEarly() throws {
    let stopping = EarlyStopping(monitor: "loss", patience: 2)
    let model = try compiledModel()
    let decisions = try (1...3).map {
      try stopping.epochDidEnd(
        EpochRecord(epoch: $0, values: [("loss", .nan)], seconds: 0), model: model)
    }
    #expect(decisions == [.proceed, .proceed, .stop("loss has not improved for 2 epochs")])
  }

  @Test func earlyStoppingEndsTrainingAndRestores() throws {
    // A minimum delta that nothing exceeds: the first epoch stays the best.
    let model = try compiledModel()
    let stopping = EarlyStopping(patience: 2, minimumDelta: 100)
    let history = try model.fit(
      Problem.samples, Problem.labels, epochs: 9, batchSize: 8, validation: .last(0.25),
      callbacks: [stopping])
    #expect(history.epochs.count == 3)
    #expect(history.stopReason == "val_loss has not improved for 2 epochs")
    let held = (Problem.samples[rows: 60..<80], Array(Problem.labels[60...]))
    #expect(try model.evaluate(held.0, held.1).loss == history.validationLoss[0])
    // Used again it starts anew.
    let again = try model.fit(
      Problem.samples, Problem.labels, epochs: 9, validation: .last(0.25), callbacks: [stopping])
    #expect(again.epochs.count == 3 && stopping.bestEpoch == 1)
  }

  @Test(arguments: Goldens.reductions)
  func ratesFallAsInKeras(_ golden: Reduction) throws {
    let reducing = ReduceOnPlateau(
      factor: golden.factor, patience: golden.patience, cooldown: golden.cooldown,
      minimumRate: golden.minimumRate)
    let model = try compiledModel()
    let rates = try Goldens.monitored.enumerated().map { epoch, value in
      let record = EpochRecord(epoch: epoch + 1, values: [("val_loss", value)], seconds: 0)
      let decision = try reducing.epochDidEnd(record, model: model)
      #expect(decision == .proceed)
      return model.learningRate
    }
    expectClose(rates, golden.rates, within: 1e-7)
  }

  @Test func theRateFallsWhileTraining() throws {
    let (model, watcher) = (try compiledModel(), Watcher())
    try model.fit(
      Problem.samples, Problem.labels, epochs: 5, validation: .last(0.25),
      callbacks: [ReduceOnPlateau(factor: 0.5, patience: 2, minimumDelta: 100), watcher])
    #expect(watcher.rates == [1, 1, 0.5, 0.5, 0.25])
  }

  @Test(arguments: [
    (Float.nan, 2, "the loss became NaN in epoch 1, step 3"),
    (Float.infinity, 5, "the loss became infinite in epoch 1, step 6"),
  ])
  func trainingStopsAtTheFirstStepWithoutALoss(value: Float, step: Int, reason: String) throws {
    let model = try Sequential(inputShape: [4], [Dense(1)])
    model.compile(optimizer: .sgd(learningRate: 0.0), loss: .meanSquaredError, metrics: [])
    var targets = Tensor(zeros: [80, 1])
    targets[step * 8 + 1, 0] = value
    let steps = StepLosses()
    let history = try model.fit(
      Problem.samples, .values(targets), epochs: 3, batchSize: 8, shuffle: false,
      callbacks: [StopOnNaN(), steps])
    #expect(history.stopReason == reason)
    #expect(history.epochs.count == 1 && steps.values.count == step + 1)
  }

  /// Weights near the end of the range, in the layer of that number.
  @Test(arguments: [0, 2, 4], [1, 2])
  func theLayerThatLeftTheRangeFirstIsNamed(layer: Int, threads: Int) throws {
    let model = try Sequential(
      inputShape: [4], [Dense(130), ReLU(), Dense(80), ReLU(), Dense(3), Softmax()], seed: 1)
    model.threads = threads
    model.compile(optimizer: .sgd(learningRate: 0.0), loss: .softmaxCrossEntropy)
    // A weight and a bias per layer, of which every second is without.
    model.weights[layer] = Tensor(repeating: 3e38, shape: model.weights[layer].shape)
    let history = try model.fit(
      Problem.samples, Problem.labels, batchSize: 8, callbacks: [StopOnNaN()])
    let name = ["dense", "", "dense_1", "", "dense_2"][layer]
    let reason = try #require(history.stopReason)
    #expect(
      reason.hasSuffix(
        " in epoch 1, step 1; values first left the range in the output of layer \(layer), \(name)"),
      "\(reason)")
  }

  @Test func samplesThatAreNotFiniteAreNamed() throws {
    var samples = Problem.samples
    samples[9, 2] = .nan
    let history = try compiledModel().fit(
      samples, Problem.labels, batchSize: 8, shuffle: false, callbacks: [StopOnNaN()])
    #expect(
      history.stopReason
        == "the loss became NaN in epoch 1, step 2; some of the samples are not finite")
  }

  @Test func aFigureThatDoesNotExistIsAnErrorBeforeTraining() throws {
    let model = try compiledModel()
    let (before, watcher) = (model.flatWeights, Watcher())
    #expect(
      throws: ModelError(
        "there is no figure val_loss to monitor, there are loss, accuracy")
    ) {
      try model.fit(
        Problem.samples, Problem.labels, callbacks: [EarlyStopping(), watcher])
    }
    #expect(
      throws: ModelError(
        "there is no figure acc to monitor, there are loss, accuracy, val_loss, val_accuracy")
    ) {
      try model.fit(
        Problem.samples, Problem.labels, validation: .last(0.5),
        callbacks: [ReduceOnPlateau(monitor: "acc"), watcher])
    }
    #expect(watcher.events.isEmpty)
    #expect(firstDifference(model.flatWeights, before) == nil)
  }

  @Test func settingsOutsideTheirRangeTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = EarlyStopping(patience: -1)
      }, "EarlyStopping: expected a patience from 0, got -1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = EarlyStopping(minimumDelta: -1)
      }, "EarlyStopping: expected a minimum delta from 0, got -1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReduceOnPlateau(factor: 1)
      }, "ReduceOnPlateau: expected a factor above 0 and below 1, got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReduceOnPlateau(factor: 0)
      }, "ReduceOnPlateau: expected a factor above 0 and below 1, got 0.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReduceOnPlateau(patience: -1)
      }, "ReduceOnPlateau: expected patience and cooldown from 0, got -1 and 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReduceOnPlateau(cooldown: -1)
      }, "ReduceOnPlateau: expected patience and cooldown from 0, got 10 and -1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReduceOnPlateau(minimumRate: -1)
      }, "ReduceOnPlateau: expected a minimum delta and rate from 0, got 0.0001 and -1.0")
  }

  /// Weights that tell of which epoch they are.
  private func weights(_ epoch: Int) -> [Tensor] {
    [[5, 4], [5], [3, 5], [3]].map { Tensor(repeating: Float(epoch), shape: Shape($0)) }
  }
}
