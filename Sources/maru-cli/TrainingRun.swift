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
  private let inputShape: Shape

  /// Makes the network, or throws a failure that names the option that is to blame.
  /// - Parameters:
  ///   - layersOption: what the layers were given by
  ///   - tells: whether it is told of what does not keep it from training
  init(
    _ settings: TrainingSettings, _ layers: [any Layer], _ dataset: Dataset, layersOption: String,
    telling tells: Bool
  ) throws {
    self.settings = settings
    self.dataset = dataset
    let shape = dataset.train.images.shape
    inputShape = settings.layers.takesImages ? shape : [shape.count]
    let projection = try settings.pca.map {
      try Projection($0, whitening: settings.whitens, settings, dataset)
    }
    self.projection = projection
    let shapeOfModel = projection.map { [$0.count] } ?? inputShape
    do {
      try MemoryNeed(settings, layers, shapeOfModel, samples: dataset.train.count).check(
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
        ? "1, an output for the number to predict"
        : "\(outputs):softmax or \(outputs), an output for each class of the data"
      throw Failure.usage(
        "\(layersOption): expected to end in \(expected), got '\(settings.layers.text)'")
    }
    let loss = Self.loss(of: dataset)
    model.threads = settings.threads
    model.isDeterministic = settings.isDeterministic
    if let rule = settings.rule {
      model.compile(optimizer: rule, loss: loss)
    } else {
      if let layer = model.layerThatChangesLoss {
        let name = "\(type(of: layers[layer]))".lowercased()
        throw Failure.usage(
          "\(layersOption): expected no \(name) with --optimizer lbfgs, whose loss may not change "
            + "from pass to pass, got '\(settings.layers.text)'")
      }
      model.compile(optimizer: settings.lbfgs, loss: loss)
    }
  }

  /// What is minimised: of classes or of numbers.
  private static func loss(of dataset: Dataset) -> any Loss {
    if dataset.isOfNumbers { .meanSquaredError } else { .softmaxCrossEntropy }
  }

  /// The whole network with its weights as they are now.
  func completed() throws -> Sequential { try completed(model) }

  private func completed(_ model: Sequential) throws -> Sequential {
    guard let projection else { return model }
    let completed = try projection.completed(model, inputShape: inputShape)
    completed.compile(optimizer: .sgd(), loss: Self.loss(of: dataset))
    return completed
  }

  /// The data, and what of them goes into the network, in a line each.
  var overview: [String] { [dataset.overview] + (projection.map { [$0.overview] } ?? []) }

  /// What the network is made of, as text.
  var layers: String { (projection.map { $0.text + "," } ?? "") + settings.layers.text }

  private var samples: any SampleSource { projection?.scores ?? dataset.train.images }

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
    let history: History
    do {
      history = try model.fit(
        samples, dataset.train.goal, epochs: settings.epochs,
        batchSize: settings.rule.map { _ in settings.batchSize.count(of: dataset.train.count) },
        validation: settings.validation(of: dataset),
        callbacks: [steps, stopOnNaN] + settings.earlyStoppingCallback
          + (progress.callback().map { [$0] } ?? [])
          + (progress.isForPeople ? [SlowdownWatch(threads: settings.threads)] : [])
          + savingCallbacks(folder),
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
      isResumed: state != nil)
  }

  /// The whole network as it was before training.
  func untrained() throws -> Sequential {
    let untrained = try Sequential(
      inputShape: model.inputShape, model.layers, seed: settings.seed)
    untrained.threads = settings.threads
    untrained.compile(optimizer: .sgd(), loss: Self.loss(of: dataset))
    return try completed(untrained)
  }

  /// What saves the state of training, at interrupts first.
  private func savingCallbacks(_ folder: RunFolder?) -> [any Callback] {
    guard let folder else { return [] }
    let text = RunSettings(settings, dataset).text
    let watch = InterruptWatch(folder, settings: text)
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
      return settings.learningRate.map { "try a --learning-rate below \($0)" }
    }
    return "the last good checkpoint is of epoch \(state.epoch), step \(state.step)"
      + (settings.learningRate.map {
        "; to go on from it: maru train --resume \(folder.path.inShell) --learning-rate R, R below \($0)"
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
