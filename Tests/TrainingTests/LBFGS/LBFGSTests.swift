import AllocationCounter
import TestSupport
import Testing
import Training

/// Networks trained by L-BFGS.
@Suite struct LBFGSTests {
  // MARK: What it reaches

  /// Near its minimum the loss is a bowl whose least curvature μ the golden tells, so weights whose
  /// gradient is g are ‖g‖/μ away at the most.
  @Test(arguments: LogisticGoldens.minima, [1, 3])
  func theMinimumIsThatOfScikitLearn(_ golden: LogisticGolden, threads: Int) throws {
    let model = try LogisticProblem.model(l2: golden.l2, threads: threads)
    let first = LogisticProblem.gradientNorm(model, l2: golden.l2)
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    let history = try model.fit(LogisticProblem.samples, LogisticGoldens.labels, epochs: 300)
    let left = LogisticProblem.gradientNorm(model, l2: golden.l2)
    // Beside the tolerance, the rounding of a gradient in single precision.
    #expect(left <= 1.02e-5 * first, "\(left / first) of the first gradient")
    let reason = try #require(history.stopReason)
    #expect(reason.hasPrefix("the gradient fell to ") && reason.hasSuffix(" over the samples"))
    let distance = zip(
      model.flatWeights.map { Double($0) }, golden.weight + golden.bias
    ).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    let size = golden.weight.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(distance <= 1.1 * left / golden.curvature + 1e-6 * size)
    expectClose([try #require(history.loss.last)], [golden.loss], within: 1e-6)
  }

  /// The gradient of a network with a hidden layer, checked where it is to be small: blocks of
  /// samples, the last of them shorter, and penalties add up to the loss that is meant.
  @Test func aNetworkReachesAPointWithoutSlope() throws {
    let (samples, labels) = (
      randomSamples([333, 6], seed: 5), randomLabels(333, classes: 3, seed: 6)
    )
    let model = try Sequential(
      inputShape: [6], [Dense(7, l2: 0.002), Tanh(), Dense(3, l2: 0.002), Softmax()], seed: 1)
    model.threads = 2
    let reference = Reference(sizes: [6, 7, 3], activation: .tanh, l2: Double(Float(0.002)))
    let rows = (0..<333).map { row in samples[rows: row..<row + 1].elements.map { Double($0) } }
    let gradientNorm = {
      let parameters = model.flatWeights.map { Double($0) }
      return reference.gradient(parameters, rows, labels).reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let first = gradientNorm()
    model.compile(optimizer: .lbfgs(tolerance: 1e-4), loss: .softmaxCrossEntropy)
    let history = try model.fit(samples, labels, epochs: 1000)
    #expect(gradientNorm() <= 1.02e-4 * first)
    let loss = reference.loss(model.flatWeights.map { Double($0) }, rows, labels).loss
    expectClose([try #require(history.loss.last)], [loss], within: 1e-6)
    #expect(zip(history.loss, history.loss.dropFirst()).allSatisfy { $1 <= $0 * (1 + 1e-7) })
  }

  @Test func whatEndsItIsTold() throws {
    // All weights 0 is the minimum where half of equal samples are of either class.
    let balanced = try Sequential(
      inputShape: [2], [Dense(2, weightInitializer: .zeros), Softmax()])
    balanced.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    let same = try balanced.fit(Tensor([1, 1, 1, 1], shape: [2, 2]), [0, 1], epochs: 5)
    #expect(same.stopReason == "the gradient is 0 after 1 pass over the samples")
    #expect(same.epochs.count == 1)

    // The best weight lies half way between two neighbouring floats, either of which is as good.
    let halfWay = try Sequential(
      inputShape: [1], [Dense(weight: Tensor([1], shape: [1, 1]), bias: nil)])
    halfWay.compile(optimizer: .lbfgs(), loss: .meanSquaredError, metrics: [])
    let level = try halfWay.fit(
      Tensor([1, 1], shape: [2, 1]), .values(Tensor([1, Float(1).nextUp], shape: [2, 1])),
      epochs: 5)
    // At the start, along the line to the end of the search, and again where it began.
    #expect(
      level.stopReason
        == "rounding hides any lower loss; the gradient is 1.0e+00 of its start after 22 passes over "
        + "the samples")
    #expect(level.epochs.count == 1 && halfWay.flatWeights == [1])

    let model = try LogisticProblem.model(l2: 0.01, threads: 1)
    model.compile(optimizer: .lbfgs(tolerance: 0), loss: .softmaxCrossEntropy)
    let history = try model.fit(LogisticProblem.samples, LogisticGoldens.labels, epochs: 1000)
    let reason = try #require(history.stopReason)
    let pattern =
      /rounding hides any lower loss; the gradient is (.*) of its start after \d+ passes .*/
    let match = try #require(reason.wholeMatch(of: pattern), "\(reason)")
    #expect(try #require(Double(match.1)) < 1e-4)
  }

  @Test func targetsMayBeValues() throws {
    let model = try Sequential(inputShape: [4], [Dense(3)], seed: 2)
    model.threads = 2
    model.compile(optimizer: .lbfgs(), loss: .meanSquaredError, metrics: [])
    let history = try model.fit(Problem.samples, .values(Problem.rows), epochs: 100)
    #expect(history.names == ["loss"] && history.stopReason != nil)
    // At a minimum of least squares what is left is orthogonal to a constant.
    let outputs = try model.predict(Problem.samples)
    let sums = [outputs, Problem.rows].map { rows in
      (0..<3).map { column in
        stride(from: column, to: rows.count, by: 3).reduce(0) { $0 + rows.elements[$1] }
      }
    }
    expectClose(sums[0], sums[1], within: 1e-2)
  }

  // MARK: What it reports

  @Test func anEpochIsAnIterationWithTheFiguresOfItsWeights() throws {
    let model = try LogisticProblem.model(l2: 0.01, threads: 2)
    model.compile(
      optimizer: .lbfgs(), loss: .softmaxCrossEntropy, metrics: [.accuracy, .topK(2)])
    let watcher = EvaluatingWatcher()
    let history = try model.fit(
      LogisticProblem.samples, LogisticGoldens.labels, epochs: 4, validation: .last(0.3),
      callbacks: [watcher])
    #expect(
      history.names == [
        "loss", "accuracy", "top_2_accuracy", "val_loss", "val_accuracy", "val_top_2_accuracy",
      ])
    #expect(watcher.steps == [1, 1, 1, 1] && history.epochs.count == 4)
    #expect(history.stopReason == nil)
    for (record, evaluated) in zip(history.epochs, watcher.figures) {
      // The same sums, of blocks on other threads.
      expectClose([try #require(record["loss"])], [evaluated.training.loss], within: 1e-6)
      #expect(record["accuracy"] == evaluated.training["accuracy"])
      #expect(record["top_2_accuracy"] == evaluated.training["top_2_accuracy"])
      expectClose([try #require(record["val_loss"])], [evaluated.heldOut.loss], within: 1e-6)
      #expect(record["val_accuracy"] == evaluated.heldOut["accuracy"])
    }
  }

  @Test func aProfileTellsWhereThePassesWent() throws {
    let profile = StepProfile()
    let model = try LogisticProblem.model(l2: 0.01, threads: 2)
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    try model.fit(
      LogisticProblem.samples, LogisticGoldens.labels, epochs: 3, profile: profile)
    let work = profile.rows.map { "\($0.layer ?? "") \($0.work.rawValue)" }
    #expect(
      work == [
        " gather", "dense forward", " loss", "dense weight gradient", " update", " waiting",
      ])
    #expect(profile.steps == 3)
  }

  @Test func aCallbackEndsIt() throws {
    let model = try LogisticProblem.model(l2: 0.01, threads: 1)
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    let watcher = EvaluatingWatcher()
    watcher.last = 2
    let history = try model.fit(
      LogisticProblem.samples, LogisticGoldens.labels, epochs: 9, validation: .last(0.3),
      callbacks: [watcher])
    #expect(history.epochs.count == 2 && history.stopReason == "enough")
  }

  @Test func aLossThatIsNotFiniteIsSaid() throws {
    let model = try LogisticProblem.model(l2: 0, threads: 1)
    model.weights[0] = Tensor(
      [Float](repeating: .nan, count: LogisticProblem.classes * LogisticProblem.inputs),
      shape: [LogisticProblem.classes, LogisticProblem.inputs])
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    for callbacks in [[], [StopOnNaN()]] {
      let history = try model.fit(
        LogisticProblem.samples, LogisticGoldens.labels, epochs: 9, callbacks: callbacks)
      #expect(history.epochs.count == 1 && history.loss[0].isNaN)
      #expect(
        history.stopReason
          == (callbacks.isEmpty
            ? "the loss or its gradient is not finite" : "the loss became NaN in epoch 1, step 1")
          + "; values first left the range in the output of layer 0, dense")
    }
  }

  /// A weight near the end of the range, in the layer of that number; the samples of the last, shorter
  /// block alone are large enough to leave it.
  @Test(arguments: [0, 2], [1, 2])
  func theLayerThatLeftTheRangeFirstIsNamed(layer: Int, threads: Int) throws {
    let model = try Sequential(inputShape: [2], [Dense(5), ReLU(), Dense(3), Softmax()], seed: 1)
    model.threads = threads
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    model.weights[0] = Tensor(repeating: 1, shape: model.weights[0].shape)
    model.weights[layer] = Tensor(repeating: 3e36, shape: model.weights[layer].shape)
    var samples = Tensor(repeating: 0.01, shape: [300, 2])
    samples[299, 1] = 1000
    let history = try model.fit(
      samples, randomLabels(300, classes: 3, seed: 1), epochs: 9, callbacks: [StopOnNaN()])
    let name = layer == 0 ? "dense" : "dense_1"
    let reason = try #require(history.stopReason)
    #expect(
      reason.hasSuffix(
        " in epoch 1, step 1; values first left the range in the output of layer \(layer), \(name)"),
      "\(reason)")
  }

  @Test func aGradientThatLeftTheRangeIsNamed() throws {
    let model = try Sequential(inputShape: [2], [Dense(1, weightInitializer: .zeros)])
    model.compile(optimizer: .lbfgs(), loss: .meanSquaredError, metrics: [])
    let history = try model.fit(
      Tensor(repeating: 3e38, shape: [4, 2]), .values(Tensor(repeating: 1000, shape: [4, 1])),
      epochs: 9)
    #expect(
      history.stopReason
        == "the loss or its gradient is not finite; values first left the range in the gradient of "
        + "layer 0, dense")
  }

  // MARK: The same bits

  @Test func theSameThreadsGiveTheSameBits() throws {
    var (weights, losses): ([[Float]], [[Double]]) = ([], [])
    for threads in [1, 2, 2, 3, 3] {
      let model = try LogisticProblem.model(l2: 0.001, threads: threads)
      model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
      let history = try model.fit(
        LogisticProblem.samples, LogisticGoldens.labels, epochs: 12, validation: .shuffled(0.1))
      weights.append(model.flatWeights)
      losses.append(history.loss + history.validationLoss)
    }
    for (again, first) in [(2, 1), (4, 3)] {
      #expect(firstDifference(weights[again], weights[first]) == nil)
      #expect(losses[again] == losses[first])
    }
    // Sums of blocks in another order, in double precision.
    for other in [1, 3] { expectClose(weights[other], weights[0], within: 1e-4) }
  }

  // MARK: What it refuses

  @Test func dropoutIsRefused() throws {
    let model = try Sequential(inputShape: [4], [Dense(5), Dropout(0.1), Dense(3)])
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    let (before, watcher) = (model.flatWeights, Watcher())
    #expect(
      throws: ModelError(
        "layer 1: Dropout changes the loss from pass to pass, and L-BFGS expects one that stays")
    ) {
      try model.fit(Problem.samples, Problem.labels, callbacks: [watcher])
    }
    #expect(watcher.events.isEmpty && firstDifference(model.flatWeights, before) == nil)
  }

  @Test func aRateToReduceIsRefused() throws {
    let model = try Problem.model()
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    #expect(
      throws: ModelError("ReduceOnPlateau lowers the learning rate, and L-BFGS has none")
    ) {
      try model.fit(
        Problem.samples, Problem.labels, callbacks: [ReduceOnPlateau(monitor: "loss")])
    }
  }

  @Test func mistakesTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(memory: 0)
      }, "LBFGS: expected a memory from 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(tolerance: 1)
      }, "LBFGS: expected a tolerance from 0 to below 1, got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LBFGS(tolerance: .nan)
      }, "LBFGS: expected a tolerance from 0 to below 1, got nan")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = try Problem.model()
        model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
        try model.fit(Problem.samples, Problem.labels, batchSize: 80)
      }, "Sequential.fit: expected no batch size, since L-BFGS takes all samples, got 80")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let model = try Problem.model()
        model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
        _ = model.learningRate
      }, "Sequential.learningRate: expected an optimizer that has one, got L-BFGS")
  }

  @Test func defaultsAreThoseOfSciPy() {
    let settings: LBFGS = .lbfgs()
    #expect(settings.memory == 10 && settings.tolerance == 1e-5)
  }

  // MARK: Memory

  /// Starting a team takes some allocations per pass; samples and parameters take none.
  @Test(
    .enabled(
      if: allocation_count() >= 0,
      "allocations are counted with glibc only, and without sanitizers"))
  func largerProblemsTakeNoMoreAllocations() async {
    await #expect(processExitsWith: .success) {
      var counts: [Int] = []
      for (samples, units) in [(200, 3), (5_000, 300)] {
        let model = try Sequential(inputShape: [20], [Dense(units), Tanh(), Dense(10)], seed: 1)
        model.threads = 2
        model.compile(optimizer: .lbfgs(tolerance: 0), loss: .softmaxCrossEntropy)
        let counter = EpochCounter()
        try model.fit(
          randomSamples([samples, 20], seed: 1), randomLabels(samples, classes: 10, seed: 2),
          epochs: 8, callbacks: [counter])
        counts.append(counter.fewest)
      }
      #expect(counts[0] == counts[1] && counts[1] < 60, "\(counts)")
    }
  }
}

/// Evaluates the model after each epoch, on the samples of LogisticProblem that were trained on and
/// on the rest.
private final class EvaluatingWatcher: Callback {
  private(set) var steps: [Int] = []
  private(set) var figures: [(training: Figures, heldOut: Figures)] = []
  var last = Int.max

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    #expect(progress.steps == 1)
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    steps.append(progress.step)
    return .proceed
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    let parts = try [0..<210, 210..<300].map {
      try model.evaluate(LogisticProblem.samples[rows: $0], Array(LogisticGoldens.labels[$0]))
    }
    figures.append((parts[0], parts[1]))
    return record.epoch == last ? .stop("enough") : .proceed
  }
}

/// The fewest allocations of an epoch, that is of one with a single pass.
private final class EpochCounter: Callback {
  private(set) var fewest = Int.max
  private var before = 0

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    let now = allocation_count()
    if progress.epoch > 1 { fewest = min(fewest, now - before) }
    before = now
    return .proceed
  }
}
