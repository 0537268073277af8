import Layers

extension Sequential {
  /// Trains on labelled samples.
  ///
  /// Each epoch goes once through the samples in batches; the last batch may be shorter. Throws
  /// ``ModelError`` where data and model do not fit, before any change, and what a callback throws.
  /// - Parameters:
  ///   - samples: the inputs
  ///   - labels: the class of each sample, from 0
  ///   - epochs: how often the samples are gone through
  ///   - batchSize: samples a step; 32 unless given, as in Keras. To be left out for ``LBFGS``.
  ///   - validation: what the model is checked on after each epoch
  ///   - shuffle: whether each epoch has a new order
  ///   - callbacks: what watches training, called in this order
  ///   - profile: where to note what the time of the steps was spent on
  /// - Returns: the figures of each epoch
  @discardableResult
  public func fit(
    _ samples: some SampleSource, _ labels: [Int], epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    profile: StepProfile? = nil
  ) throws -> History {
    try fit(
      samples, .classes(labels), epochs: epochs, batchSize: batchSize, validation: validation,
      shuffle: shuffle, callbacks: callbacks, profile: profile)
  }

  /// Trains on samples with targets of either kind; otherwise as
  /// ``fit(_:_:epochs:batchSize:validation:shuffle:callbacks:profile:)``.
  @discardableResult
  public func fit(
    _ samples: some SampleSource, _ targets: Targets, epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    profile: StepProfile? = nil
  ) throws -> History {
    precondition(epochs >= 0, "Sequential.fit: expected epochs from 0, got \(epochs)")
    precondition(
      batchSize ?? 1 >= 1, "Sequential.fit: expected batches from 1, got \(batchSize ?? 0)")
    let compilation = compiled("fit")
    let prepared = try checked(samples, targets, compilation)
    let (training, heldOut) = try validation.split(targets, seed: seed)
    guard !training.isEmpty else { throw ModelError("there are no samples to train on") }
    let evaluator = try evaluator(
      validation, compilation, samples: samples, targets: prepared, heldOut: heldOut)
    let loop: any TrainingProgram
    switch compilation.method {
    case .steps(let optimizer):
      loop = TrainingLoop(
        model: self, compilation: compilation, optimizer: optimizer, source: samples,
        targets: prepared, samples: training, batchSize: min(batchSize ?? 32, training.count),
        epochs: epochs, isProfiled: profile != nil)
    case .fullBatch(let settings):
      precondition(
        batchSize == nil,
        "Sequential.fit: expected no batch size, since L-BFGS takes all samples at once")
      loop = try FullBatchLoop(
        model: self, compilation: compilation, settings: settings, source: samples,
        targets: prepared, samples: training, epochs: epochs, isProfiled: profile != nil)
    }
    loop.stepDidEnd = { progress in
      var decision = Decision.proceed
      for callback in callbacks {
        let answer = callback.stepDidEnd(progress)
        if decision == .proceed { decision = answer }
      }
      return decision
    }
    loop.progress.figureNames =
      loop.figures.names + (evaluator == nil ? [] : loop.figures.names.map { "val_" + $0 })
    for callback in callbacks { try callback.trainingWillBegin(loop.progress, model: self) }
    let stepsBefore = compilation.steps
    var history = History()
    for epoch in 0..<epochs where history.stopReason == nil {
      let start = ContinuousClock.now
      if shuffle { loop.shuffle() }
      loop.runEpoch(epoch + 1)
      let values = loop.figures.joined(with: evaluator?.evaluate() ?? Figures([]), prefix: "val_")
      let record = EpochRecord(
        epoch: epoch + 1, values: values, seconds: (ContinuousClock.now - start).inSeconds)
      history.epochs.append(record)
      history.stopReason = loop.stopReason
      for callback in callbacks {
        if case .stop(let reason) = try callback.epochDidEnd(record, model: self) {
          history.stopReason = history.stopReason ?? reason
        }
      }
    }
    if let profile {
      loop.record(in: profile, model: self, steps: compilation.steps - stepsBefore)
    }
    for callback in callbacks { try callback.trainingDidEnd(history, model: self) }
    return history
  }

  private func evaluator(
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
    return try PreparedTargets(targets, outputs: outputShape.count, loss: compilation.loss)
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
