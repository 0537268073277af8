import Synchronization
import Testing
import TestSupport
import Training

/// Epochs that go through samples in blocks, and what they ask of the file that has them.
struct BlockShuffleTests {
  private static let shuffle = BlockShuffle(samples: 5, mixed: 3)

  /// The orders of epochs over a source, batches of four.
  private func orders(
    _ source: some SampleSource, count: Int, epochs: Int = 3, log: () -> [Int],
    validation: Validation = .none
  ) throws -> [[Int]] {
    let model = try RecordingSource.model(classes: 2)
    try model.fit(
      source, (0..<source.sampleCount).map { $0 % 2 }, epochs: epochs, batchSize: 4,
      validation: validation)
    let all = log()
    return (0..<epochs).map { Array(all[$0 * count..<($0 + 1) * count]) }
  }

  /// What an epoch mixes is whole blocks, and no two epochs are alike.
  @Test(arguments: [1, 4, 5, 14, 15, 16, 31, 52])
  func mixesWholeBlocks(_ count: Int) throws {
    let source = FileSource(count, Self.shuffle)
    let orders = try orders(source, count: count, log: { source.requests })
    for order in orders {
      #expect(order.sorted() == Array(0..<count))
      var rest = order[...]
      while !rest.isEmpty {
        // The last block, wherever it is, may be shorter.
        let sizes = [15, 15 - (5 - count % 5), min(15, rest.count)]
        let window = sizes.first { size in
          let blocks = Dictionary(grouping: rest.prefix(size)) { $0 / 5 }
          return size <= rest.count && blocks.allSatisfy { $1.count == min(5, count - $0 * 5) }
        }
        rest = rest.dropFirst(try #require(window))
      }
    }
    if count > 5 { #expect(orders[0] != orders[1] && orders[1] != orders[2]) }
    if count > 15 { #expect(orders[0].prefix(15).sorted() != orders[1].prefix(15).sorted()) }
  }

  /// One block after the other has the samples that are held out left out.
  @Test func heldOutSamplesLieBetween() throws {
    let source = FileSource(50, Self.shuffle)
    let model = try RecordingSource.model(classes: 2)
    try model.fit(
      source, (0..<50).map { $0 % 2 }, batchSize: 4, validation: .shuffled(0.2))
    let trainedOn = Set(source.requests.prefix(40))
    #expect(trainedOn.count == 40 && Set(source.requests).count == 50)
    #expect(trainedOn.isDisjoint(with: source.misses))
  }

  /// Every sample that is trained on has been asked for, and is not yet let go; in the end little of
  /// what was asked for is kept.
  @Test(arguments: [1, 5, 16, 52, 203]) func readsAheadAndLetsGo(_ count: Int) throws {
    let source = FileSource(count, Self.shuffle)
    _ = try orders(source, count: count, log: { source.requests })
    #expect(source.misses == [])
    #expect(source.most <= 3 * (3 + 1) * 5)
  }

  @Test func withoutShufflingTheOrderStays() throws {
    let source = FileSource(20, Self.shuffle)
    let model = try RecordingSource.model(classes: 2)
    try model.fit(source, (0..<20).map { $0 % 2 }, batchSize: 4, shuffle: false)
    #expect(source.requests == Array(0..<20) && source.misses == [])
  }

  /// What an epoch mixes goes with the state: where memory holds all samples, too.
  @Test func goesOnToTheSameBits() throws {
    func train(
      _ source: some SampleSource, _ callbacks: [any Callback] = [],
      resuming state: TrainingState? = nil
    ) throws -> [Float] {
      let model = try RecordingSource.model(classes: 2)
      try model.fit(
        source, (0..<52).map { $0 % 2 }, epochs: 3, batchSize: 4, callbacks: callbacks,
        resuming: state)
      return model.flatWeights
    }
    let whole = try train(FileSource(52, Self.shuffle))
    #expect(try train(FileSource(52, nil)) != whole)
    for step in [1, 5, 13, 17, 26] {
      let pauser = Pause(after: step)
      #expect(throws: Pause.Done.self) { try train(FileSource(52, Self.shuffle), [pauser]) }
      let state = try #require(pauser.state)
      for other in [Self.shuffle, nil, BlockShuffle(samples: 2, mixed: 2)] {
        let source = FileSource(52, other)
        #expect(try train(source, resuming: state) == whole)
        #expect(other == nil || source.misses == [])
      }
    }
  }

  @Test func countsBelow1Trap() async {
    let results = [
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = BlockShuffle(samples: 0, mixed: 1)
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = BlockShuffle(samples: 1, mixed: 0)
      },
    ]
    expectTrap(results[0], "BlockShuffle: expected counts from 1 to 2³¹ − 1, got 0 and 1")
    expectTrap(results[1], "BlockShuffle: expected counts from 1 to 2³¹ − 1, got 1 and 0")
  }

  @Test(arguments: [
    (784, 1e9, 1337, 119), (784, 64e9, 1337, 128), (1 << 22, 1e9, 1, 29), (4, 1e3, 1, 31),
    (4_000_000_000, 1.0, 1, 2),
  ])
  func sizesFollowFromMemory(_ bytes: Int, memory: Double, samples: Int, mixed: Int) {
    let shuffle = BlockShuffle(sampleBytes: bytes, memory: memory)
    #expect(shuffle.samples == samples && shuffle.mixed == mixed)
  }

  /// Ends training after so many updates.
  private final class Pause: Callback {
    struct Done: Error {}
    private let updates: Int
    private var count = 0
    private(set) var state: TrainingState?

    init(after updates: Int) { self.updates = updates }

    func stepDidEnd(_ progress: TrainingProgress) -> Decision {
      count += 1
      return count == updates ? .pause : .proceed
    }

    func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
      self.state = state
      throw Done()
    }
  }
}

/// Samples in a file that remembers what was asked of it.
private final class FileSource: SampleSource, SampleFile {
  let sampleCount: Int
  let sampleShape: Shape = [1]
  let blockShuffle: BlockShuffle?
  let samplesAtOnce = 3
  private let log = Mutex(Log())

  private struct Log {
    var requests: [Int] = []
    var fetched: Set<Int> = []
    var misses: [Int] = []
    var most = 0
  }

  init(_ count: Int, _ shuffle: BlockShuffle?) {
    (sampleCount, blockShuffle) = (count, shuffle)
  }

  var file: (any SampleFile)? { self }
  /// The samples gathered so far, in order.
  var requests: [Int] { log.withLock { $0.requests } }
  /// Those that had not been asked for, or were let go.
  var misses: [Int] { log.withLock { $0.misses } }
  /// The most samples that were fetched and not let go.
  var most: Int { log.withLock { $0.most } }

  func fetch(_ samples: Range<Int>) {
    log.withLock {
      $0.fetched.formUnion(samples.clamped(to: 0..<sampleCount))
      $0.most = max($0.most, $0.fetched.count)
    }
  }

  func release(_ samples: Range<Int>) { log.withLock { $0.fetched.subtract(samples) } }

  func check() {}

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    log.withLock { log in
      for (row, index) in indices.enumerated() {
        batch[row, 0] = Float(index) / Float(sampleCount)
        if !log.fetched.contains(Int(index)) { log.misses.append(Int(index)) }
        log.requests.append(Int(index))
      }
    }
  }
}
