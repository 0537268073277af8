import Testing
import Training

/// A batch that is cut into shards.
struct ShardTests {
  private let samples = randomSamples([110, 20], seed: 41)
  private let labels = randomLabels(110, classes: 4, seed: 41)

  private func model(
    shards: Int, threads: Int = 1, _ layers: [any Layer]? = nil, optimizer: any Optimizer = .adam(),
    clipNorm: Float? = nil
  ) throws -> Sequential {
    let layers =
      layers ?? [Dense(70, l2: 0.01), ReLU(), Dropout(0.3), LayerNorm(), Dense(4), Softmax()]
    let model = try Sequential(inputShape: [20], layers, seed: 5)
    model.shards = shards
    model.threads = threads
    model.isDeterministic = true
    model.fixedParts = 3
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy, clipNorm: clipNorm)
    return model
  }

  /// Three batches of 48, the last of them 14: of four shards two are full and one has two samples.
  @discardableResult
  private func train(_ model: Sequential, epochs: Int = 2, resuming state: TrainingState? = nil)
    throws -> History
  {
    try model.fit(samples, labels, epochs: epochs, batchSize: 48, resuming: state)
  }

  /// Dropout, penalties and clipping are those of the batch.
  @Test(arguments: [2, 4, 16, 64])
  func shardsMakeTheStepOfTheBatch(shards: Int) throws {
    for clipNorm in [nil, 0.2] as [Float?] {
      let whole = try model(shards: 1, optimizer: .sgd(momentum: 0.9), clipNorm: clipNorm)
      let cut = try model(shards: shards, optimizer: .sgd(momentum: 0.9), clipNorm: clipNorm)
      let (expected, history) = (try train(whole), try train(cut))
      expectClose(cut.flatWeights, whole.flatWeights, within: 1e-5, "\(shards) shards")
      expectClose(history.loss, expected.loss, within: 1e-5)
      #expect(history.accuracy == expected.accuracy)
    }
  }

  @Test(arguments: [2, 8])
  func anyNumberOfThreadsGivesTheSameBits(shards: Int) throws {
    let alone = try model(shards: shards)
    let history = try train(alone)
    for threads in [2, 3, 5] {
      let together = try model(shards: shards, threads: threads)
      #expect(try train(together).loss == history.loss, "\(threads) threads")
      #expect(together.flatWeights == alone.flatWeights, "\(threads) threads")
    }
  }

  /// The tree is ((0 + 1) + (2 + 3)), whose bits no other order gives.
  @Test func gradientsAreAddedInOneTree() throws {
    let rows: [Float] = [1, 1e8, -1e8, 1]
    let model = try Sequential(inputShape: [1], [Dense(1, bias: false, weightInitializer: .zeros)])
    model.shards = 4
    model.compile(optimizer: .sgd(learningRate: 1), loss: .meanSquaredError)
    // With weight 0, the gradient of a row is −2·x·y / 4: of y = −2, x itself.
    try model.fit(
      Tensor(rows, shape: [4, 1]), .values(Tensor(Array(repeating: -2, count: 4), shape: [4, 1])),
      batchSize: 4, shuffle: false)
    #expect(model.flatWeights == [-((rows[0] + rows[1]) + (rows[2] + rows[3]))])
  }

  /// Random numbers follow from a sample's place in the batch, in lanes as in rows: whole numbers, whose sums
  /// are exact, come out the same.
  @Test func dropoutIsTheSameForAnyShardsAndLayout() throws {
    let values = (0..<50 * 12).map { Float($0 % 7 - 3) }
    let samples = Tensor(values, shape: [50, 2, 3, 2])
    let targets = Tensor(Array(repeating: -2, count: 50), shape: [50, 1])
    // Each has one layer before, which does nothing; the first lies in lanes.
    let layers: [[any Layer]] = [
      [MaxPool2D(1), Dropout(0.5), Flatten(), Dense(1, weightInitializer: .zeros)],
      [Flatten(), Dropout(0.5), Dense(1, weightInitializer: .zeros)],
    ]
    let weights = try layers.flatMap { layers in
      try [1, 2, 8].map { shards in
        let model = try Sequential(inputShape: [2, 3, 2], layers, seed: 3)
        model.shards = shards
        model.compile(optimizer: .sgd(learningRate: 1), loss: .meanSquaredError)
        try model.fit(samples, .values(targets), epochs: 1, batchSize: 64, shuffle: false)
        return model.flatWeights.map { ($0 * 50).rounded() }
      }
    }
    #expect(weights[0].contains { $0 != 0 })
    #expect(weights.allSatisfy { $0 == weights[0] }, "\(weights)")
  }

  /// What is saved but not trained becomes the mean over the shards that have samples.
  @Test func runningValuesAreTheMeanOverShards() throws {
    let layers: [any Layer] = [BatchNorm(momentum: 0.5), Dense(4), Softmax()]
    let cut = try model(shards: 4, layers)
    let first = Tensor(Array(samples.elements[..<400]), shape: [20, 20])
    try cut.fit(first, Array(labels[..<20]), epochs: 1, batchSize: 48, shuffle: false)
    let rows = first.elements
    let mean = (0..<20).map { column -> Float in
      // Of shards of one size it is half the mean of all: half of it has moved from 0.
      let sum = (0..<20).reduce(Float(0)) { $0 + rows[$1 * 20 + column] }
      return 0.5 * sum / 20
    }
    expectClose((0..<20).map { cut.state.floats[$0] }, mean, within: 1e-6)
  }

  @Test func aRunGoesOnWithItsShardsAlone() throws {
    let whole = try model(shards: 4)
    try train(whole, epochs: 3)
    let half = try model(shards: 4)
    let pause = Pause(after: 4)
    _ = try half.fit(samples, labels, epochs: 3, batchSize: 48, callbacks: [pause])
    let state = try #require(pause.state)
    let rest = try model(shards: 4, threads: 2)
    try train(rest, epochs: 3, resuming: state)
    #expect(rest.flatWeights == whole.flatWeights)
    #expect {
      try train(try model(shards: 2), epochs: 3, resuming: state)
    } throws: { error in
      "\(error)"
        == "training was interrupted with a number of shards of 4, and cannot go on with 2"
    }
  }
}

/// Notes the state after some steps.
private final class Pause: Callback {
  private let steps: Int
  private(set) var state: TrainingState?
  private var count = 0

  init(after steps: Int) { self.steps = steps }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    count += 1
    return count == steps ? .pause : .proceed
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) { self.state = state }
}
