import Layers

/// All that training needs to go on as if it had never stopped: the finished model is the same, bit
/// by bit, as that of a run that was not interrupted.
///
/// A callback gets one whenever training rests (``Callback/trainingDidPause(_:model:)``), and `fit` and
/// `training` of a ``Sequential`` go on from it. It is a copy: what training does afterwards does not change it.
public struct TrainingState: Sendable {
  /// The epoch that is running or about to start, from 1.
  public package(set) var epoch: Int
  /// The steps done in it.
  public package(set) var step: Int
  /// The updates made since the model was compiled.
  public package(set) var updates: Int
  /// The figures of the epochs that are complete.
  public package(set) var history: History

  /// What of the run has to be the same again.
  package var identity: RunIdentity
  /// The arena of the parameters, and those of the optimizer's slots.
  package var parameters: AlignedBuffer
  package var slots: [AlignedBuffer]
  /// The arena of what is not trained, and the parts that a step was cut into; nil in states of
  /// versions that had neither.
  package var untrained: AlignedBuffer?
  package var parts: Int?
  package var rateFactor: Float
  package var shuffling: RandomGenerator
  /// The samples in the order of the running epoch, or of the one before.
  package var order: [Int32]
  /// How epochs go through the samples in blocks; nil for an order of all of them.
  package var blockShuffle: BlockShuffle?
  /// The sums of the running epoch, and what each metric has noted of its samples so far.
  package var sums: EpochSums
  package var notes: [AlignedBuffer]
  /// How long the running epoch has taken.
  package var seconds: Double
  /// What the callbacks remember, those of them that remember anything, by the names of their types.
  package var memories: [(callback: String, memory: CallbackMemory)]

  package init(
    epoch: Int, step: Int, updates: Int, history: History, identity: RunIdentity,
    parameters: AlignedBuffer, slots: [AlignedBuffer], untrained: AlignedBuffer?, parts: Int?,
    rateFactor: Float,
    shuffling: RandomGenerator, order: [Int32],
    blockShuffle: BlockShuffle?, sums: EpochSums, notes: [AlignedBuffer],
    seconds: Double,
    memories: [(callback: String, memory: CallbackMemory)]
  ) {
    self.epoch = epoch
    self.step = step
    self.updates = updates
    self.history = history
    self.identity = identity
    self.parameters = parameters
    self.slots = slots
    self.untrained = untrained
    self.parts = parts
    self.rateFactor = rateFactor
    self.shuffling = shuffling
    self.order = order
    self.blockShuffle = blockShuffle
    self.sums = sums
    self.notes = notes
    self.seconds = seconds
    self.memories = memories
  }

  /// Whether all parameters are finite, so that it is worth going on from.
  public var hasFiniteWeights: Bool {
    UnsafeBufferPointer(start: parameters.floats, count: parameters.count).allSatisfy(\.isFinite)
  }
}

/// What the parts of one run have in common as far as it can be told from outside; that the loss and
/// the activations are the same is left to the caller.
package struct RunIdentity: Sendable, Equatable, Codable {
  /// The names and shapes of the parameters.
  package var parameters: [String]
  package var optimizer: String
  package var figures: [String]
  package var batchSize: Int
  /// Nil for one.
  package var shards: Int?
  package var seed: UInt64

  private var shardCount: Int { shards ?? 1 }

  /// Throws ``ModelError`` with the first difference to the identity of the run that goes on.
  func check(against found: RunIdentity) throws(ModelError) {
    func expect<T: Equatable>(_ what: String, _ key: KeyPath<RunIdentity, T>) throws(ModelError) {
      if self[keyPath: key] != found[keyPath: key] {
        throw ModelError(
          "training was interrupted with \(what) \(self[keyPath: key]), "
            + "and cannot go on with \(found[keyPath: key])")
      }
    }
    try expect("the parameters", \.parameters)
    try expect("the optimizer", \.optimizer)
    try expect("the figures", \.figures)
    try expect("a batch size of", \.batchSize)
    try expect("a number of shards of", \.shardCount)
    try expect("the seed", \.seed)
  }
}

/// The sums of an epoch over the samples so far.
package struct EpochSums: Sendable, Equatable {
  package var samples = 0
  package var loss = 0.0

  package init(samples: Int = 0, loss: Double = 0) {
    self.samples = samples
    self.loss = loss
  }
}

/// What a callback has to remember for training to go on later as if it had never stopped.
public struct CallbackMemory: Sendable {
  /// Numbers by name.
  public var numbers: [String: Double]
  /// Arrays, such as the weights of the best epoch.
  public var tensors: [Tensor]

  /// Creates a memory.
  public init(numbers: [String: Double] = [:], tensors: [Tensor] = []) {
    self.numbers = numbers
    self.tensors = tensors
  }

  /// A number that counts something, or nil where there is none or it is not a whole one from 0 to
  /// `most`, unless given the most that a Double counts to: a memory may come from a file.
  func count(_ name: String, upTo most: Int = 1 << 53) -> Int? {
    numbers[name].flatMap { Int(exactly: $0) }.flatMap { 0...most ~= $0 ? $0 : nil }
  }
}
