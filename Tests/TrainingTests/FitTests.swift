import Testing
import Training

@Suite struct FitTests {
  /// A layer of few units needs no more on each thread; one of many units needs all.
  @Test(arguments: [(3, [0..<96, 96..<200] as Set), (128, [0..<200] as Set)])
  func eachThreadFetchesTheColumnsThatItNeeds(units: Int, columns: Set<Range<Int>>) throws {
    let source = RecordingSource(50, width: 200)
    let model = try Sequential(inputShape: [200], [Dense(units)])
    model.threads = 2
    model.fixedParts = 2
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    try model.fit(source, (0..<50).map { $0 % 3 }, batchSize: 16)
    #expect(source.columns == columns)
    #expect(source.requests.count == 100)
  }

  @Test func withoutShufflingTheOrderStays() throws {
    let source = RecordingSource(50)
    let model = try RecordingSource.model(classes: 2)
    try model.fit(
      source, (0..<50).map { $0 % 2 }, epochs: 3, batchSize: 16, shuffle: false)
    #expect(source.requests == Array(0..<50) + Array(0..<50) + Array(0..<50))
  }

  @Test func everyEpochHasANewOrderOfTheSeed() throws {
    let source = RecordingSource(50)
    let model = try RecordingSource.model(classes: 2)
    try model.fit(source, (0..<50).map { $0 % 2 }, epochs: 3, batchSize: 16)
    try model.fit(source, (0..<50).map { $0 % 2 }, epochs: 1, batchSize: 16)
    let epochs = (0..<4).map { Array(source.requests[$0 * 50..<($0 + 1) * 50]) }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<50)) }
    #expect(Set(epochs + [Array(0..<50)]).count == 5)

    let (again, other) = (RecordingSource(50), RecordingSource(50))
    for (source, seed) in [(again, UInt64(3)), (other, 4)] {
      let model = try RecordingSource.model(classes: 2, seed: seed)
      try model.fit(source, (0..<50).map { $0 % 2 }, batchSize: 16)
    }
    #expect(again.requests == epochs[0])
    #expect(other.requests != epochs[0])
  }

  /// Keras 3.15.1: `fit(…, validation_data=(x, y), class_weight={0: 0.5, 1: 2, 2: 1.25})` with
  /// `SGD(0)` on the problem of make_goldens.py.
  @Test func classWeightsCountInTrainingAlone() throws {
    let model = try Problem.model()
    let rows: [Targets] = [.classes(Problem.labels), .values(Problem.rows)]
    for targets in rows {
      model.compile(
        optimizer: .sgd(learningRate: 0.0), loss: .softmaxCrossEntropy,
        classWeights: [0.5, 2, 1.25])
      let history = try model.fit(
        Problem.samples, targets, batchSize: 8, validation: .data(Problem.samples, targets))
      expectClose(history.loss, [1.546013593673706], within: 1e-6)
      expectClose(history.validationLoss, [1.223069667816162], within: 1e-6)
      #expect(try model.evaluate(Problem.samples, targets).loss == history.validationLoss[0])
    }
    // An epoch of L-BFGS has the loss of the weights that it ends with.
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy, classWeights: [3, 3, 3])
    let history = try model.fit(
      Problem.samples, Problem.labels,
      validation: .data(Problem.samples, .classes(Problem.labels)))
    expectClose(history.loss, history.validationLoss.map { 3 * $0 }, within: 1e-5)
  }

  @Test(arguments: [(80, 8, 10), (80, 7, 12), (80, 79, 2), (80, 80, 1), (80, 1000, 1), (1, 32, 1)])
  func everySampleIsInOneBatch(count: Int, batchSize: Int, steps: Int) throws {
    let model = try Problem.model()
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let watcher = Watcher()
    try model.fit(
      Problem.samples[rows: 0..<count], Array(Problem.labels[..<count]), epochs: 2,
      batchSize: batchSize, callbacks: [watcher])
    let expected = (1...2).flatMap { epoch in (1...steps).map { "epoch \(epoch) step \($0)" } }
    #expect(watcher.events.filter { $0.contains("step") } == expected)
  }

  @Test func aBatchLargerThanTheDataIsAllOfIt() throws {
    let (large, exact) = (try Problem.model(), try Problem.model())
    for (model, size) in [(large, 1000), (exact, 80)] {
      model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
      try model.fit(
        Problem.samples, Problem.labels, epochs: 2, batchSize: size, shuffle: false)
    }
    #expect(firstDifference(large.flatWeights, exact.flatWeights) == nil)
  }

  @Test func theLossOfAnEpochIsTheMeanOverItsSamples() throws {
    // With rate 0 nothing changes, so the epoch's figures are those of the model as it is.
    let model = try Problem.model(l2: 0.05, threads: 2)
    model.compile(optimizer: .sgd(learningRate: 0.0), loss: .softmaxCrossEntropy)
    let history = try model.fit(Problem.samples, Problem.labels, batchSize: 32)
    let evaluated = try model.evaluate(Problem.samples, Problem.labels)
    expectClose(history.loss, [evaluated.loss], within: 1e-6)
    #expect(history.accuracy == [evaluated["accuracy"]])
  }

  @Test func thePenaltyIsPartOfEveryLoss() throws {
    let (with, without) = (try Problem.model(l2: 0.05), try Problem.model())
    var losses: [[Double]] = []
    for model in [with, without] {
      model.compile(optimizer: .sgd(learningRate: 0.0), loss: .softmaxCrossEntropy)
      let steps = StepLosses()
      let history = try model.fit(
        Problem.samples, Problem.labels, batchSize: 32, validation: .last(0.25), shuffle: false,
        callbacks: [steps])
      let evaluated = try model.evaluate(Problem.samples, Problem.labels)
      losses.append(steps.values + history.loss + history.validationLoss + [evaluated.loss])
    }
    let squares = [Problem.weight(5, 4), Problem.weight(3, 5)].map { ($0 * $0).sum }
    let penalty = Double(Float(0.05)) * squares.reduce(0, +)
    expectClose(
      zip(losses[0], losses[1]).map { $0 - $1 }, [Double](repeating: penalty, count: 5),
      within: 1e-6 * penalty)
  }

  @Test func dropoutLeavesTheOutputOfAnActivationBelowFlatten() throws {
    // Tanh's gradient reads its output, so that may not become Dropout's buffer. Where Flatten
    // stands below Tanh instead, the model is the same function.
    let orders: [[any Layer]] = [[Tanh(), Flatten()], [Flatten(), Tanh()]]
    let models = try orders.map { middle in
      let model = try Sequential(
        inputShape: [4], [Dense(8)] + middle + [Dropout(0.5), Dense(3)], seed: 4)
      model.threads = 1
      model.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
      try model.fit(Problem.samples, Problem.labels, epochs: 2, batchSize: 8, shuffle: false)
      return model.flatWeights
    }
    #expect(firstDifference(models[0], models[1]) == nil)
  }

  @Test func aConvexProblemReachesItsMinimum() throws {
    let model = try Sequential(inputShape: [4], [Dense(3, l2: 0.01), Softmax()], seed: 9)
    model.threads = 1
    model.compile(
      optimizer: .sgd(learningRate: 0.5, momentum: 0.9), loss: .softmaxCrossEntropy)
    try model.fit(Problem.samples, Problem.labels, epochs: 1500, batchSize: 80)
    // Glorot-uniform weights have no bias to start with, and a softmax's gradients sum to 0, so
    // the biases' mean stays 0.
    expectClose(model.weights[0].elements, Goldens.logistic.weight, within: 1e-5)
    expectClose(model.weights[1].elements, Goldens.logistic.bias, within: 1e-5)
    let loss = try model.evaluate(Problem.samples, Problem.labels).loss
    expectClose([loss], [Goldens.logistic.loss], within: 1e-6)
  }
}

/// Writes down all calls, and ends training where it is told to.
final class Watcher: Callback {
  private(set) var events: [String] = []
  private(set) var names: [String] = []
  private(set) var rates: [Float] = []
  /// Who gives the reason for an end.
  var name = "the watcher"
  var stopsAtStep: Int?
  var stopsAtEpoch: Int?

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {
    events.append("begin \(progress.epochs) epochs of \(progress.steps)")
    names = progress.figureNames
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    events.append("epoch \(progress.epoch) step \(progress.step)")
    return progress.step == stopsAtStep ? .stop("\(name) ends step \(progress.step)") : .proceed
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    events.append("epoch \(record.epoch) ended")
    rates.append(model.learningRate)
    return record.epoch == stopsAtEpoch ? .stop("\(name) ends epoch \(record.epoch)") : .proceed
  }

  func trainingDidEnd(_ history: History, model: Sequential) throws {
    events.append("end after \(history.epochs.count)")
  }
}
