import Layers

/// One call of `fit`, epoch by epoch, so that a caller may do other things between two.
final class FitRun {
  private let model: Sequential
  private let compilation: Compilation
  private let loop: any TrainingProgram
  private let evaluator: Evaluator?
  private let callbacks: [any Callback]
  private let profile: StepProfile?
  private let identity: RunIdentity
  private let shuffles: Bool
  private let file: (any SampleFile)?
  private let updatesBefore: Int
  private(set) var history = History()
  /// How long the running epoch had taken before an interruption.
  private var secondsBefore = 0.0
  private var hasEnded = false
  /// Whether training is to end after the running step.
  var isCancelled: @Sendable () -> Bool = { Task.isCancelled }

  /// Checks everything, and tells the callbacks that training begins.
  init(
    _ model: Sequential, _ samples: any SampleSource, _ targets: Targets, epochs: Int,
    batchSize: Int?, validation: Validation, shuffle: Bool, callbacks: [any Callback],
    profile: StepProfile?, state: TrainingState?
  ) throws {
    require(epochs >= 1, "Sequential.fit: expected epochs from 1, got \(epochs)")
    require(
      batchSize ?? 1 >= 1, "Sequential.fit: expected batches from 1, got \(batchSize ?? 0)")
    self.model = model
    self.callbacks = callbacks
    self.profile = profile
    shuffles = shuffle
    file = samples.file
    compilation = model.compiled("fit")
    let prepared = try model.checked(samples, targets, compilation)
    let (training, heldOut) = try validation.split(targets, seed: model.seed)
    guard !training.isEmpty else { throw ModelError("there are no samples to train on") }
    evaluator = try model.evaluator(
      validation, compilation, samples: samples, targets: prepared, heldOut: heldOut)
    let size: Int
    switch compilation.method {
    case .steps(let optimizer):
      size = min(batchSize ?? 32, training.count)
      loop = TrainingLoop(
        model: model, compilation: compilation, optimizer: optimizer, source: samples,
        targets: prepared, samples: training, batchSize: size,
        blockShuffle: state.map { $0.blockShuffle } ?? samples.blockShuffle,
        parts: state?.parts ?? model.parts(samples: (size + model.shards - 1) / model.shards),
        epochs: epochs,
        isProfiled: profile != nil)
    case .fullBatch(let settings):
      require(
        batchSize == nil,
        "Sequential.fit: expected no batch size, since L-BFGS takes all samples, got \(batchSize ?? 0)"
      )
      size = training.count
      loop = try FullBatchLoop(
        model: model, compilation: compilation, settings: settings, source: samples,
        targets: prepared, samples: training, parts: state?.parts ?? model.mostParts,
        epochs: epochs, isProfiled: profile != nil)
    }
    let names = loop.figures.names
    loop.progress.figureNames = names + (evaluator == nil ? [] : names.map { "val_" + $0 })
    identity = RunIdentity(
      parameters: model.layout.slices.map { "\($0.name) \($0.parameter.shape)" },
      optimizer: compilation.method.name, figures: loop.progress.figureNames,
      batchSize: size, shards: model.shards == 1 ? nil : model.shards, seed: model.seed)
    updatesBefore = compilation.steps
    if let state {
      try check(state, training)
      loop.progress.resume(from: state)
    }
    loop.stepDidEnd = { [unowned self] in decide($0) }
    for callback in callbacks { try callback.trainingWillBegin(loop.progress, model: model) }
    if let state { try resume(state) }
  }

  /// Trains for an epoch, or for what is left of it; nil when training is over.
  func next() throws -> EpochRecord? {
    let progress = loop.progress
    guard history.stopReason == nil, history.epochs.count < progress.epochs else {
      try end()
      return nil
    }
    let isUnderWay = progress.epoch > history.epochs.count && progress.step > 0
    if isCancelled() {
      try pause(
        epoch: history.epochs.count + 1, step: isUnderWay ? progress.step : 0, secondsBefore)
      throw CancellationError()
    }
    let start = ContinuousClock.now
    if !isUnderWay {
      progress.startEpoch(history.epochs.count + 1)
      if shuffles { loop.shuffle() }
    }
    try runSteps(since: start)
    try file?.check()
    let values = loop.figures.joined(with: evaluator?.evaluate() ?? Figures([]), prefix: "val_")
    let record = EpochRecord(
      epoch: progress.epoch, values: values, seconds: seconds(since: start))
    secondsBefore = 0
    history.epochs.append(record)
    try finish(record)
    return record
  }

  /// Runs the steps of the epoch, with a rest where a callback wants one.
  private func runSteps(since start: ContinuousClock.Instant) throws {
    while true {
      switch loop.run() {
      case .proceed: return
      case .stop(let reason):
        history.stopReason = loop.outOfRange(model.layerNames).map { "\(reason); \($0)" } ?? reason
        return
      case .pause:
        try pause(epoch: loop.progress.epoch, step: loop.progress.step, seconds(since: start))
        if isCancelled() { throw CancellationError() }
      }
    }
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    secondsBefore + (ContinuousClock.now - start).inSeconds
  }

  private func decide(_ progress: TrainingProgress) -> Decision {
    var decision = isCancelled() ? Decision.pause : .proceed
    for callback in callbacks { decision = decision.joined(with: callback.stepDidEnd(progress)) }
    return decision
  }

  /// Tells the callbacks that an epoch is done.
  private func finish(_ record: EpochRecord) throws {
    var decision = Decision.proceed
    for callback in callbacks {
      decision = decision.joined(with: try callback.epochDidEnd(record, model: model))
    }
    if history.stopReason != nil { return }
    switch decision {
    case .proceed: break
    case .stop(let reason): history.stopReason = reason
    case .pause: try pause(epoch: record.epoch + 1, step: 0, 0)
    }
  }

  /// Tells the callbacks that training is over, once.
  private func end() throws {
    if hasEnded { return }
    hasEnded = true
    if let profile {
      loop.record(in: profile, model: model, steps: compilation.steps - updatesBefore)
    }
    for callback in callbacks { try callback.trainingDidEnd(history, model: model) }
  }

  // MARK: Interruptions

  /// What the program's own memory is called among those of the callbacks.
  private static let programName = "training"
  /// What an epoch may have taken, in seconds that an Int can count.
  private static let durations = 0...0x1p53

  private func pause(epoch: Int, step: Int, _ seconds: Double) throws {
    let progress = loop.progress
    let sums = step == 0 ? EpochSums() : progress.sums
    let state = TrainingState(
      epoch: epoch, step: step, updates: compilation.steps, history: history, identity: identity,
      parameters: AlignedBuffer(copying: model.parameters),
      slots: compilation.slots.map { AlignedBuffer(copying: $0) },
      untrained: AlignedBuffer(copying: model.state), parts: loop.parts,
      rateFactor: compilation.rateFactor, shuffling: compilation.shuffling, order: loop.samples,
      blockShuffle: loop.blockShuffle, sums: sums,
      notes: progress.notes.copies(samples: sums.samples), seconds: seconds,
      memories: callbacks.compactMap { callback in
        callback.memory.map { ("\(type(of: callback))", $0) }
      } + [loop.memory].compactMap { $0.map { (Self.programName, $0) } })
    for callback in callbacks { try callback.trainingDidPause(state, model: model) }
  }

  /// Throws ``ModelError`` where a state is of a run on other samples or with other settings.
  private func check(_ state: TrainingState, _ training: [Int32]) throws(ModelError) {
    try state.identity.check(against: identity)
    guard state.order.sorted() == training else {
      throw ModelError(
        "training was interrupted with \(state.order.count) samples to train on, and cannot go on "
          + "with other \(training.count)")
    }
    let steps = loop.progress.steps
    guard 0...steps ~= state.step, state.history.epochs.count == state.epoch - 1,
      // The upper half is left for updates to come.
      (state.epoch - 1) * steps + state.step...Int.max / 2 ~= state.updates,
      state.sums.samples == min(state.step * identity.batchSize, training.count),
      state.history.epochs.allSatisfy({ $0.values.names == identity.figures }),
      (state.history.seconds + [state.seconds]).allSatisfy({ Self.durations ~= $0 }),
      state.parameters.count == model.parameters.count,
      state.slots.map(\.count) == compilation.slots.map(\.count),
      (state.untrained?.count ?? 0) == model.state.count,
      loop.progress.notes.fits(state.notes, samples: state.sums.samples)
    else { throw .contradictoryState }
    var names = callbacks.map { "\(type(of: $0))" } + [Self.programName]
    for (name, _) in state.memories {
      guard let index = names.firstIndex(of: name) else {
        throw ModelError("training was interrupted with a callback \(name), which is missing now")
      }
      names.remove(at: index)
    }
  }

  private func resume(_ state: TrainingState) throws {
    var memories = state.memories
    if let index = memories.firstIndex(where: { $0.callback == Self.programName }) {
      try loop.resume(memories.remove(at: index).memory)
    }
    model.parameters.floats.update(from: state.parameters.floats, count: state.parameters.count)
    for (slot, saved) in zip(compilation.slots, state.slots) {
      slot.floats.update(from: saved.floats, count: saved.count)
    }
    if let untrained = state.untrained {
      model.state.floats.update(from: untrained.floats, count: untrained.count)
    }
    compilation.steps = state.updates
    compilation.rateFactor = state.rateFactor
    compilation.shuffling = state.shuffling
    loop.samples = state.order
    history = state.history
    secondsBefore = state.seconds
    for callback in callbacks {
      let index = memories.firstIndex { $0.callback == "\(type(of: callback))" }
      try callback.trainingWillResume(history, memory: index.map { memories.remove(at: $0).memory })
    }
  }
}

extension Decision {
  /// The stronger of two: to stop before to rest before to go on, the first of equals.
  func joined(with other: Decision) -> Decision {
    switch (self, other) {
    case (.stop, _), (.pause, .pause), (_, .proceed): self
    default: other
    }
  }
}
