import Foundation
import Maru

/// A network and its data, checked and ready to train.
struct TrainingRun {
  let settings: TrainingSettings
  let dataset: Dataset
  /// What is trained: all of the finished model but the projection.
  let model: Sequential
  /// What the samples go through first, where principal components are asked for.
  let projection: Projection?
  /// What is minimised.
  let loss: LossName
  private let initial: ModelFile?
  private let layersOption: String
  private let inputShape: Shape

  /// Makes the network, or throws a failure that names the option that is to blame.
  /// - Parameters:
  ///   - initial: the model whose weights it begins with; nil for weights of its own
  ///   - layersOption: what the layers were given by
  ///   - keepsState: whether the state of training is kept at the end
  ///   - tells: whether it is told of what does not keep it from training
  init(
    _ settings: TrainingSettings, _ layers: [any Layer], _ dataset: Dataset,
    beginningWith initial: ModelFile?, layersOption: String, keepingState keepsState: Bool,
    telling tells: Bool
  ) throws {
    self.settings = settings
    self.initial = initial
    self.dataset = dataset
    loss = try LossName(asked: settings.loss, for: dataset)
    let shape = dataset.train.images.shape
    inputShape =
      settings.initial?.inputShape ?? (settings.layers.takesImages ? shape : [shape.count])
    self.layersOption = layersOption
    let projection = try settings.pca.map {
      try Projection($0, whitening: settings.whitens, settings, dataset)
    }
    self.projection = projection
    let shapeOfModel = projection.map { [$0.count] } ?? inputShape
    do {
      try MemoryNeed(
        settings, layers, shapeOfModel, samples: dataset.train.count, keepingState: keepsState
      ).check(
        "\(layersOption): these layers and this batch size take", threads: settings.threads,
        telling: tells)
      model = try Sequential(inputShape: shapeOfModel, layers, seed: settings.seed)
    } catch let error as ModelError {
      throw Failure.usage("\(layersOption): \(error)")
    }
    let outputs = dataset.outputs
    let endsInScores = layers.last is Softmax && !dataset.isOfNumbers
    let scores = endsInScores ? layers.dropLast() : layers[...]
    guard model.outputShape == [outputs], scores.last is Dense else {
      let expected =
        dataset.isOfNumbers
        ? "\(outputs), an output for \(outputs == 1 ? "the number" : "each of the numbers") to predict"
        : "\(outputs):softmax or \(outputs), an output for each class of the data"
      throw Failure.usage(
        "\(layersOption): expected to end in \(expected), got '\(settings.layers.text)'")
    }
    try initial?.begin(model, for: dataset, layersOption)
    model.threads = settings.threads
    model.isDeterministic = settings.isDeterministic
    let rule: (any Optimizer)?
    do { rule = try settings.rule(for: dataset) } catch {
      throw Failure.usage("--validation-split: \(error)")
    }
    if let rule {
      model.compile(optimizer: rule, loss: loss.loss)
    } else {
      if let layer = model.layerThatChangesLoss {
        let name = "\(type(of: layers[layer]))".lowercased()
        throw Failure.usage(
          "\(layersOption): expected no \(name) with --optimizer lbfgs, whose loss may not change "
            + "from pass to pass, got '\(settings.layers.text)'")
      }
      model.compile(optimizer: settings.lbfgs, loss: loss.loss)
    }
  }

  /// The whole network with its weights as they are now.
  func completed() throws -> Sequential { try completed(model) }

  private func completed(_ model: Sequential) throws -> Sequential {
    guard let projection else { return model }
    let completed = try projection.completed(model, inputShape: inputShape)
    completed.compile(optimizer: .sgd(), loss: loss.loss)
    return completed
  }

  /// The data, and what of them goes into the network, in a line each.
  var overview: [String] { [dataset.overview] + (projection.map { [$0.overview] } ?? []) }

  /// How samples are mixed where that is not all with all, in a line; nil where it is.
  func shuffleLine(resuming state: TrainingState?) -> String? {
    if settings.optimizer == .lbfgs { return nil }
    let wanted = samples.blockShuffle
    if let blocks = state.map({ $0.blockShuffle }) ?? wanted {
      return
        "each epoch takes blocks of \(blocks.samples) samples in random order, and mixes the samples "
        + "of \(blocks.mixed) blocks at a time"
        + (settings.shuffle == nil ? "; the data are large for the memory (--shuffle full)" : "")
    }
    return state != nil && wanted != nil
      ? "each epoch mixes all samples, as the run began; read from data larger than memory, that is slow"
      : nil
  }

  /// That a cosine goes over all epochs of a run that is gone on with, from its first on; nil for others.
  func rateLine(resuming state: TrainingState?) -> String? {
    guard state != nil, case .cosine = settings.learningRate?.shape else { return nil }
    return "the learning rate's cosine goes over all \(settings.epochs) epochs"
  }

  /// What the network is made of, as text.
  var layers: String { (projection.map { $0.text + "," } ?? "") + settings.layers.text }

  private var samples: any SampleSource {
    if let projection { return projection.scores }
    var images = dataset.train.images
    switch settings.shuffle {
    case .full: images.blockShuffle = nil
    case .blocks: images.blockShuffle = images.blockShuffle ?? images.blocks
    case nil: break
    }
    return images
  }

  /// Trains; throws a failure where training diverges until a loss of it or a weight is not finite,
  /// since such a model is worth nothing.
  /// - Parameters:
  ///   - folder: where to save the state of training, if anywhere
  ///   - state: where to go on
  func train(
    reporting progress: ProgressMode, profile: StepProfile?, saving folder: RunFolder?,
    resuming state: TrainingState?
  ) throws -> TrainedModel {
    let (steps, stopOnNaN) = (StepCount(), StopOnNaN())
    let final = folder.map { _ in FinalState(epochs: settings.epochs) }
    let history: History
    do {
      history = try model.fit(
        samples, dataset.train.goal, epochs: settings.epochs,
        batchSize: settings.optimizer == .lbfgs
          ? nil : settings.batchSize.count(of: dataset.train.count),
        validation: settings.validation(of: dataset),
        callbacks: [steps, stopOnNaN] + settings.earlyStoppingCallback
          + (progress.callback().map { [$0] } ?? [])
          + (progress.isForPeople ? [SlowdownWatch(threads: settings.threads)] : [])
          + savingCallbacks(folder) + (final.map { [$0] } ?? []),
        profile: profile, resuming: state)
    } catch let error as ModelError {
      throw state == nil
        // Data and network fit by now; only the split is left to go wrong.
        ? Failure.usage("--validation-split: \(error)") : Failure.data("--resume: \(error)")
    }
    if stopOnNaN.hasStopped || !model.hasFiniteWeights {
      let reason = history.stopReason ?? "the weights are no longer finite"
      let place = projection == nil ? "" : " behind the principal components"
      let advice = advice(folder, after: steps).map { "; \($0)" } ?? ""
      throw Failure.data("training diverged: \(reason)\(place)\(advice)")
    }
    if let line = history.stopLine, progress.isForPeople { Messages.print("\(line)") }
    return TrainedModel(
      run: self, model: try completed(), history: history, steps: steps.count,
      isResumed: state != nil,
      // A run may have been interrupted behind its last epoch.
      state: final?.state ?? state.flatMap { $0.epoch > settings.epochs ? $0 : nil })
  }

  /// The whole network as it was before training.
  func untrained() throws -> Sequential {
    let untrained = try Sequential(
      inputShape: model.inputShape, model.layers, seed: settings.seed)
    try initial?.begin(untrained, for: dataset, layersOption)
    untrained.threads = settings.threads
    untrained.compile(optimizer: .sgd(), loss: loss.loss)
    return try completed(untrained)
  }

  /// What saves the state of training, at interrupts first.
  private func savingCallbacks(_ folder: RunFolder?) -> [any Callback] {
    guard let folder else { return [] }
    let text = RunSettings(settings, dataset).text
    let watch = InterruptWatch(folder, settings: text, epochs: settings.epochs)
    guard let every = settings.checkpointEvery else { return [watch] }
    return [watch, Checkpoints(folder.checkpointPath, every: every.interval, settings: text)]
  }

  /// What to do after training diverged, if anything.
  ///
  /// A checkpoint of the weights whose loss left the range gives way to the one before it.
  private func advice(_ folder: RunFolder?, after steps: StepCount) -> String? {
    let read = { folder.flatMap { try? Checkpoint(contentsOf: $0.checkpointPath).state } }
    var state = read()
    if let bad = state, steps.hasLost(bad) {
      folder?.dropCheckpoint()
      state = read()
    }
    guard let folder, let state else {
      return settings.learningRate.map { "try a --learning-rate below \($0.rate)" }
    }
    return "the last good checkpoint is of epoch \(state.epoch), step \(state.step)"
      + (settings.learningRate.map {
        "; to go on from it: maru train --resume \(folder.path.inShell) --learning-rate R, R below \($0.rate)"
      } ?? ": \(folder.checkpointPath)")
  }
}

extension History {
  /// Why training ended before its last epoch, if it did.
  var stopLine: String? {
    let count = epochs.count == 1 ? "1 epoch" : "\(epochs.count) epochs"
    return stopReason.map { "ended after \(count): \($0)" }
  }
}

/// Keeps the state of training after the last epoch, from which it may go on for more.
private final class FinalState: Callback {
  private let epochs: Int
  private(set) var state: TrainingState?

  init(epochs: Int) { self.epochs = epochs }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    record.epoch == epochs ? .pause : .proceed
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) {
    if state.epoch > epochs { self.state = state }
  }
}

/// Remembers how many steps an epoch has, and after which of them the loss was not finite.
private final class StepCount: Callback {
  private(set) var count = 0
  private var lost: (epoch: Int, step: Int)?

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    count = progress.steps
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    // A step's loss is that of the weights before it.
    if !progress.batchLoss.isFinite { lost = (progress.epoch, progress.step - 1) }
    return .proceed
  }

  /// Whether the loss of a state's weights was not finite.
  func hasLost(_ state: TrainingState) -> Bool {
    guard let lost else { return false }
    return lost == (state.step < count ? (state.epoch, state.step) : (state.epoch + 1, 0))
  }
}
