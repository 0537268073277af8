import Layers

extension Sequential {
  /// Trains on labelled samples.
  ///
  /// Each epoch goes once through the samples in batches; the last batch may be shorter. Throws
  /// ``ModelError`` where data and model do not fit, before any change, what a callback throws, and
  /// `CancellationError` once the task that it is called from is cancelled: after the step that is
  /// running, every callback's ``Callback/trainingDidPause(_:model:)`` having been called.
  ///
  /// It keeps its thread, and others beside, until training is over. In a program of tasks use
  /// ``training(_:_:epochs:batchSize:validation:shuffle:callbacks:resuming:)-(_,[Int],_,_,_,_,_,_)``.
  /// - Parameters:
  ///   - samples: the inputs
  ///   - labels: the class of each sample, from 0
  ///   - epochs: how often the samples are gone through, at least once; traps for less
  ///   - batchSize: samples per step; 32 unless given, as in Keras. To be left out for ``LBFGS``.
  ///   - validation: what the model is checked on after each epoch
  ///   - shuffle: whether each epoch has a new order
  ///   - callbacks: what watches training, called in this order
  ///   - profile: where to note what the time of the steps was spent on
  ///   - state: where an earlier run, on the same samples and with the same settings, was
  ///     interrupted; nil to start from the parameters as they are
  /// - Returns: the figures of each epoch
  @discardableResult
  public func fit(
    _ samples: some SampleSource, _ labels: [Int], epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    profile: StepProfile? = nil, resuming state: TrainingState? = nil
  ) throws -> History {
    try fit(
      samples, .classes(labels), epochs: epochs, batchSize: batchSize, validation: validation,
      shuffle: shuffle, callbacks: callbacks, profile: profile, resuming: state)
  }

  /// Trains on samples with targets of either kind; otherwise as
  /// ``fit(_:_:epochs:batchSize:validation:shuffle:callbacks:profile:resuming:)-(_,[Int],_,_,_,_,_,_,_)``.
  @discardableResult
  public func fit(
    _ samples: some SampleSource, _ targets: Targets, epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    profile: StepProfile? = nil, resuming state: TrainingState? = nil
  ) throws -> History {
    let run = try FitRun(
      self, samples, targets, epochs: epochs, batchSize: batchSize, validation: validation,
      shuffle: shuffle, callbacks: callbacks, profile: profile, state: state)
    while try run.next() != nil {}
    return run.history
  }

  /// What checks the model after each epoch, if anything.
  func evaluator(
    _ validation: Validation, _ compilation: Compilation, samples: any SampleSource,
    targets: PreparedTargets, heldOut: [Int32]
  ) throws(ModelError) -> Evaluator? {
    if case .data(let samples, let targets) = validation {
      return Evaluator(
        model: self, compilation: compilation, source: samples,
        targets: try checked(samples, targets, compilation),
        samples: (0..<Int32(samples.sampleCount)).map { $0 })
    }
    if heldOut.isEmpty { return nil }
    return Evaluator(
      model: self, compilation: compilation, source: samples, targets: targets, samples: heldOut)
  }

  /// Checks that samples and targets fit the model and each other.
  func checked(
    _ samples: any SampleSource, _ targets: Targets, _ compilation: Compilation
  ) throws(ModelError) -> PreparedTargets {
    try checkShape(of: samples)
    guard samples.sampleCount == targets.count else {
      throw ModelError(
        "there are \(samples.sampleCount) samples, but targets for \(targets.count)")
    }
    return try PreparedTargets(targets, compilation.outputs)
  }

  /// Checks that each sample has the shape that the model expects, or as many elements in one axis.
  func checkShape(of samples: any SampleSource) throws(ModelError) {
    let shape = samples.sampleShape
    let oneIsFlat = [shape.rank, inputShape.rank].contains(1)
    guard shape == inputShape || oneIsFlat && shape.count == inputShape.count else {
      throw ModelError("the model expects samples of shape \(inputShape), got \(shape)")
    }
    guard samples.sampleCount <= Int(Int32.max) else {
      throw ModelError("expected at most \(Int32.max) samples, got \(samples.sampleCount)")
    }
  }
}

extension Duration {
  /// The duration as a number of seconds.
  package var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
