import Synchronization
import Testing
import TestSupport
import Training

/// Training that was interrupted goes on to the same bits as if it had not been.
struct ResumeTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let optimizer: any Optimizer
    var dropout: Float = 0
    var l2: Float = 0
    var clipNorm: Float?
    var shuffle = true
    var validation = Validation.shuffled(0.2)
    var threads = 2
    var callbacks: @Sendable () -> [any Callback] = { [] }
  }

  static let settings = [
    Setting(testDescription: "descent", optimizer: SGD(learningRate: 0.1)),
    Setting(testDescription: "Adam, dropout", optimizer: Adam(learningRate: 0.01), dropout: 0.3),
    Setting(
      testDescription: "schedule, momentum, no shuffling",
      optimizer: SGD(
        learningRate: .cosine(peak: 0.2, warmUp: 3, steps: 12), momentum: 0.9, nesterov: true),
      shuffle: false),
    Setting(
      testDescription: "penalty, clipping, no validation", optimizer: RMSprop(), l2: 0.01,
      clipNorm: 0.2, validation: .none, threads: 1),
    Setting(
      testDescription: "early stopping", optimizer: SGD(learningRate: 0.5),
      // Improvements do not count, so that training stops early.
      callbacks: { [EarlyStopping(patience: 2, minimumDelta: 100)] }),
    Setting(
      testDescription: "falling rate", optimizer: SGD(learningRate: 0.5),
      callbacks: {
        [
          ReduceOnPlateau(factor: 0.5, patience: 1, minimumDelta: 100, cooldown: 1),
          EarlyStopping(patience: 100),
        ]
      }),
  ]

  @Test(arguments: settings)
  func anyInterruptionLeavesTheSameBits(_ setting: Setting) throws {
    let whole = try run(setting)
    #expect(whole.steps >= 12)
    for step in 1...whole.steps {
      let pauser = Pauser(after: [step])
      let part = try #require(try run(setting, pauser).state, "no state after step \(step)")
      #expect(part.updates == step)
      let rest = try run(setting, resuming: part)
      expectSame(rest, whole, "interrupted after step \(step)")
    }
  }

  /// There is nothing left to train, and the model is that of the last epoch.
  @Test func aRunThatHasItsEpochsIsComplete() throws {
    let pauser = EpochPauser()
    func fit(_ state: TrainingState?, epochs: Int) throws -> (weights: [Float], history: History) {
      let model = try Problem.model()
      model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
      let history = try model.fit(
        Problem.samples, Problem.labels, epochs: epochs, batchSize: 8, callbacks: [pauser],
        resuming: state)
      return (model.flatWeights, history)
    }
    let whole = try fit(nil, epochs: 2)
    let state = try #require(pauser.state)
    #expect(state.epoch == 3 && state.step == 0)
    for epochs in 1...2 {
      let resumed = try fit(state, epochs: epochs)
      #expect(firstDifference(resumed.weights, whole.weights) == nil)
      #expect(resumed.history.epochs.map(\.values) == whole.history.epochs.map(\.values))
    }
  }

  @Test(arguments: settings)
  func interruptionsAtTheEndOfEpochsDoToo(_ setting: Setting) throws {
    let whole = try run(setting)
    for epoch in 1..<whole.history.epochs.count {
      let part = try #require(try run(setting, Pauser(afterEpoch: epoch)).state)
      #expect(part.epoch == epoch + 1 && part.step == 0)
      expectSame(try run(setting, resuming: part), whole, "interrupted after epoch \(epoch)")
    }
  }

  @Test func interruptionsAddUp() throws {
    let setting = Self.settings[1]
    let whole = try run(setting)
    var state: TrainingState?
    for step in [2, 3, 7, 8, 9] {
      state = try run(setting, Pauser(after: [step]), resuming: state).state
      #expect(state?.updates == step)
    }
    expectSame(try run(setting, resuming: state), whole, "interrupted five times")
  }

  @Test func restingChangesNothing() throws {
    for setting in Self.settings {
      let whole = try run(setting)
      let pauser = Pauser(after: Set(1...100), ends: false)
      expectSame(try run(setting, pauser), whole, "\(setting)")
      #expect(pauser.states.count == whole.steps)
    }
  }

  /// What is kept stays what it was when training goes on.
  @Test func aStateIsACopy() throws {
    let pauser = Pauser(after: [1], ends: false)
    _ = try run(Self.settings[1], pauser)
    let whole = try run(Self.settings[1])
    expectSame(try run(Self.settings[1], resuming: pauser.states[0]), whole, "from a kept state")
  }

  @Test func callbacksAreToldOfTheEpochsBefore() throws {
    let first = ResumeWatcher()
    let setting = Setting(testDescription: "", optimizer: SGD())
    let state = try #require(try run(setting, Pauser(after: [7])).state)
    _ = try run(setting, first, resuming: state)
    #expect(first.resumed == 1 && first.began == 1)
  }

  @Test func anotherRunIsRefused() throws {
    let setting = Self.settings[4]
    let state = try #require(try run(setting, Pauser(after: [7])).state)
    func expectRefusal(_ message: String, _ change: (inout Setting) -> Void) throws {
      var other = setting
      change(&other)
      let error = #expect(throws: ModelError.self) { try run(other, resuming: state) }
      #expect(error?.description == message)
    }
    let begin = "training was interrupted with"
    try expectRefusal("\(begin) the optimizer SGD, and cannot go on with Adam") {
      $0 = Setting(testDescription: "", optimizer: Adam(), callbacks: setting.callbacks)
    }
    try expectRefusal(
      "\(begin) 48 samples to train on, and cannot go on with other 48"
    ) { $0.validation = .last(0.2) }
    try expectRefusal("\(begin) a callback EarlyStopping, which is missing now") {
      $0.callbacks = { [] }
    }
    let error = #expect(throws: ModelError.self) {
      try run(setting, resuming: state, batchSize: 12)
    }
    #expect(error?.description == "\(begin) a batch size of 10, and cannot go on with 12")
    let seeded = #expect(throws: ModelError.self) { try run(setting, resuming: state, seed: 4) }
    #expect(seeded?.description == "\(begin) the seed 3, and cannot go on with 4")
  }

  // MARK: States that no training leaves

  /// They may come from a file, and must not trap.
  @Test func contradictoryStatesAreRefused() throws {
    let setting = Self.settings[5]
    let state = try #require(try run(setting, Pauser(after: [7])).state)
    func expectRefusal(_ comment: Comment, _ change: (inout TrainingState) -> Void) {
      expectContradiction(state, comment, change) { try run(setting, resuming: $0) }
    }
    for updates in [Int.min, -1, 6, Int.max] {
      expectRefusal("\(updates) updates") { $0.updates = updates }
    }
    for samples in [Int.min, -1, 0, 21, Int.max] {
      expectRefusal("\(samples) samples") { $0.sums.samples = samples }
    }
    for seconds in [-1, .nan, .infinity, 1e300] {
      expectRefusal("\(seconds) seconds") { $0.seconds = seconds }
      expectRefusal("an epoch of \(seconds) seconds") {
        let values = state.history.epochs[0].values
        $0.history = History(epochs: [EpochRecord(epoch: 1, values: values, seconds: seconds)])
      }
    }
    expectRefusal("another figure") {
      $0.history = History(epochs: [EpochRecord(epoch: 1, values: [("loss", 1)], seconds: 1)])
    }
    for index in state.memories.indices {
      expectRefusedNumbers(state, memory: index) { try run(setting, resuming: $0) }
    }
    expectRefusal("weights of another model") {
      $0.memories[1].memory.tensors = [Tensor([1], shape: [1])]
    }
  }

  @Test func contradictoryStatesOfLBFGSAreRefused() throws {
    func run(_ callbacks: [any Callback] = [], resuming state: TrainingState? = nil) throws {
      let model = try Sequential(inputShape: [6], [Dense(3), Softmax()], seed: 3)
      model.threads = 1
      model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
      try model.fit(
        randomSamples([60, 6], seed: 1), randomLabels(60, classes: 3, seed: 2), epochs: 4,
        callbacks: callbacks, resuming: state)
    }
    let pauser = Pauser(afterEpoch: 2, ends: false)
    try run([pauser])
    let state = try #require(pauser.states.first)
    #expect(state.memories.count == 1)
    expectRefusedNumbers(state, memory: 0) { try run(resuming: $0) }
    let wrong = [
      "value": [.nan, .infinity], "norm": [-1, .nan], "first_norm": [-1, .infinity],
      "least_value": [.nan], "least_norm": [-1, .nan], "idle": [20],
    ]
    for (name, numbers) in wrong as [String: [Double]] {
      for number in numbers {
        expectContradiction(state, "\(name) \(number)") {
          $0.memories[0].memory.numbers[name] = number
        } resume: {
          try run(resuming: $0)
        }
      }
    }
  }

  /// Each number that counts something is refused where it cannot have been counted.
  private func expectRefusedNumbers(
    _ state: TrainingState, memory index: Int, resume: (TrainingState) throws -> Void
  ) {
    let counts = [
      "best_epoch", "epochs_without_improvement", "epochs_to_cool", "evaluations", "idle",
    ]
    let names = counts.filter { state.memories[index].memory.numbers[$0] != nil }
    #expect(!names.isEmpty)
    for name in names {
      for number in [-1, 0.5, .nan, .infinity, 0x1p63, 1e300, nil] as [Double?] {
        expectContradiction(state, "\(name) \(String(describing: number))") {
          $0.memories[index].memory.numbers[name] = number
        } resume: {
          try resume($0)
        }
      }
    }
  }

  private func expectContradiction(
    _ state: TrainingState, _ comment: Comment, _ change: (inout TrainingState) -> Void,
    resume: (TrainingState) throws -> Void
  ) {
    var other = state
    change(&other)
    let error = #expect(throws: ModelError.self, comment) { try resume(other) }
    #expect(
      error?.description == "the parts of the interrupted training's state contradict each other",
      comment)
  }

  // MARK: Runs

  struct Outcome {
    var weights: [Float] = []
    var history = History()
    var steps = 0
    var state: TrainingState?
  }

  /// Trains for three epochs, or until a callback ends it with a state.
  @discardableResult
  private func run(
    _ setting: Setting, _ callback: (any Callback)? = nil, resuming state: TrainingState? = nil,
    batchSize: Int = 10, seed: UInt64 = 3
  ) throws -> Outcome {
    let model = try Sequential(
      inputShape: [6],
      [Dense(70, l2: setting.l2), ReLU(), Dropout(setting.dropout), Dense(3), Softmax()],
      seed: seed)
    model.threads = setting.threads
    func compile(_ optimizer: some Optimizer) {
      model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy, clipNorm: setting.clipNorm)
    }
    compile(setting.optimizer)
    let counter = StepCounter()
    var outcome = Outcome()
    do {
      outcome.history = try model.fit(
        randomSamples([60, 6], seed: 1), randomLabels(60, classes: 3, seed: 2), epochs: 3,
        batchSize: batchSize, validation: setting.validation, shuffle: setting.shuffle,
        callbacks: setting.callbacks() + [counter] + (callback.map { [$0] } ?? []),
        resuming: state)
    } catch let interruption as Pauser.Interruption {
      outcome.state = interruption.state
    }
    outcome.weights = model.flatWeights
    outcome.steps = counter.count
    return outcome
  }

  private func expectSame(_ outcome: Outcome, _ whole: Outcome, _ comment: Comment) {
    #expect(firstDifference(outcome.weights, whole.weights) == nil, comment)
    #expect(outcome.history.epochs.map(\.values) == whole.history.epochs.map(\.values), comment)
    #expect(outcome.history.stopReason == whole.history.stopReason, comment)
  }
}

private final class StepCounter: Callback {
  private(set) var count = 0
  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    count += 1
    return .proceed
  }
}

private final class ResumeWatcher: Callback {
  private(set) var (began, resumed) = (0, 0)
  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    began += 1
    #expect(progress.epoch == 2)
  }
  func trainingWillResume(_ history: History, memory: CallbackMemory?) {
    resumed += 1
    #expect(history.epochs.count == 1 && memory == nil)
  }
}

/// Rests after given updates or an epoch, and ends training there unless it is only to watch.
private final class Pauser: Callback {
  struct Interruption: Error { let state: TrainingState }

  private let updates: Set<Int>
  private let epoch: Int?
  private let ends: Bool
  private(set) var states: [TrainingState] = []

  init(after updates: Set<Int> = [], afterEpoch epoch: Int? = nil, ends: Bool = true) {
    self.updates = updates
    self.epoch = epoch
    self.ends = ends
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    let done = (progress.epoch - 1) * progress.steps + progress.step
    return updates.contains(done) ? .pause : .proceed
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    record.epoch == epoch ? .pause : .proceed
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    states.append(state)
    if ends { throw Interruption(state: state) }
  }
}

/// Rests after each epoch, and keeps where.
private final class EpochPauser: Callback {
  private(set) var state: TrainingState?

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision { .pause }
  func trainingDidPause(_ state: TrainingState, model: Sequential) { self.state = state }
}
