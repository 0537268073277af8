import Testing
import Training

@Suite struct ValidationTests {
  /// What one epoch trains on and validates on, in order.
  private func parts(
    of labels: [Int], _ validation: Validation, seed: UInt64 = 3, shuffle: Bool = false
  ) throws -> (training: [Int], heldOut: [Int]) {
    let source = RecordingSource(labels.count)
    let model = try RecordingSource.model(classes: (labels.max() ?? 0) + 1, seed: seed)
    let counter = RequestCounter(source)
    try model.fit(
      source, labels, batchSize: 64, validation: validation, shuffle: shuffle,
      callbacks: [counter])
    return (
      Array(source.requests[..<counter.training]), Array(source.requests[counter.training...])
    )
  }

  private let cyclic = (0..<1000).map { $0 % 4 }

  @Test func theLastTwelveThousandOfSixtyThousandAreHeldOut() throws {
    let labels = [Int](repeating: 0, count: 60_000)
    let (training, heldOut) = try parts(of: labels, .last(0.2))
    #expect(training == Array(0..<48_000))
    #expect(heldOut == Array(48_000..<60_000))
  }

  @Test(arguments: [(10, 0.25, 7), (7, 0.5, 3), (100, 0.015, 98), (3, 0.4, 1), (1000, 0.1, 900)])
  func theSizeIsRoundedDownAsKerasDoes(count: Int, fraction: Double, kept: Int) throws {
    let labels = [Int](repeating: 0, count: count)
    let (training, heldOut) = try parts(of: labels, .last(fraction))
    #expect(training == Array(0..<kept))
    #expect(heldOut == Array(kept..<count))
  }

  @Test func theLastPartIsHeldOutBeforeShuffling() throws {
    let (training, heldOut) = try parts(of: cyclic, .last(0.2), shuffle: true)
    #expect(training.sorted() == Array(0..<800) && training != Array(0..<800))
    #expect(heldOut == Array(800..<1000))
  }

  @Test func aShuffledPartIsDrawnFromTheSeed() throws {
    let (training, heldOut) = try parts(of: cyclic, .shuffled(0.2))
    #expect((training + heldOut).sorted() == Array(0..<1000))
    #expect(training == training.sorted() && heldOut == heldOut.sorted())
    #expect(heldOut != Array(800..<1000))
    #expect(try parts(of: cyclic, .shuffled(0.2)).heldOut == heldOut)
    #expect(try parts(of: cyclic, .shuffled(0.2), seed: 4).heldOut != heldOut)
  }

  @Test func aStratifiedPartKeepsTheProportions() throws {
    // 500, 300, 150 and 50 samples of four classes, in no order.
    let sizes = [500, 300, 150, 50]
    var generator = RandomGenerator(seed: 5, for: .data)
    let labels = sizes.enumerated().flatMap { [Int](repeating: $0, count: $1) }
      .shuffled(using: &generator)
    let (training, heldOut) = try parts(of: labels, .stratified(0.2))
    #expect((training + heldOut).sorted() == Array(0..<1000))
    for (label, size) in sizes.enumerated() {
      #expect(heldOut.count { labels[$0] == label } == size / 5)
    }
    #expect(heldOut != heldOut.indices.map { $0 + 800 })
    #expect(try parts(of: labels, .stratified(0.2)).heldOut == heldOut)
    #expect(try parts(of: labels, .stratified(0.2), seed: 4).heldOut != heldOut)
  }

  @Test func samplesOfTheirOwnAreAllValidatedOn() throws {
    let (source, own) = (RecordingSource(20), RecordingSource(7))
    let model = try RecordingSource.model(classes: 2)
    let history = try model.fit(
      source, (0..<20).map { $0 % 2 }, epochs: 2, batchSize: 8,
      validation: .data(own, .classes((0..<7).map { $0 % 2 })), shuffle: false)
    #expect(source.requests == Array(0..<20) + Array(0..<20))
    #expect(own.requests == Array(0..<7) + Array(0..<7))
    #expect(history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
  }

  @Test func validationFiguresAreThoseOfEvaluateOnTheHeldOut() throws {
    let model = try Problem.model(l2: 0.01, threads: 2)
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy, metrics: [.accuracy, .topK(2)])
    let history = try model.fit(
      Problem.samples, Problem.labels, epochs: 3, batchSize: 8, validation: .last(0.25))
    let evaluated = try model.evaluate(
      Problem.samples[rows: 60..<80], Array(Problem.labels[60...]))
    #expect(evaluated.names == ["loss", "accuracy", "top_2_accuracy"])
    for (name, value) in evaluated { #expect(history["val_" + name].last == value) }
  }

  @Test func noValidationReportsNone() throws {
    let (training, _) = try parts(of: cyclic, .none)
    #expect(training == Array(0..<1000))
  }
}

/// Counts the samples that were asked for until the last step was done, before validation starts.
private final class RequestCounter: Callback {
  private let source: RecordingSource
  private(set) var training = 0

  init(_ source: RecordingSource) { self.source = source }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    training = source.requests.count
    return .proceed
  }
}
