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
  /// - Parameter layersOption: what the layers were given by
  init(
    _ settings: TrainingSettings, _ layers: [any Layer], _ dataset: Dataset, layersOption: String
  ) throws {
    self.settings = settings
    self.dataset = dataset
    let shape = dataset.train.images.shape
    inputShape = settings.layers.beginsWithFlatten ? shape : [shape.count]
    let projection = try settings.pca.map {
      try Projection($0, whitening: settings.whitens, settings, dataset)
    }
    self.projection = projection
    let shapeOfModel = projection.map { [$0.count] } ?? inputShape
    do {
      try MemoryNeed(settings, layers, shapeOfModel, samples: dataset.train.count).check(
        "\(layersOption): these layers and this batch size take")
      model = try Sequential(inputShape: shapeOfModel, layers, seed: settings.seed)
    } catch let error as ModelError {
      throw Failure.usage("\(layersOption): \(error)")
    }
    let classes = dataset.classNames.count
    let scores = layers.last is Softmax ? layers.dropLast() : layers[...]
    guard model.outputShape == [classes], scores.last is Dense else {
      throw Failure.usage(
        "\(layersOption): expected to end in \(classes):softmax or \(classes), "
          + "an output for each class of the data, got '\(settings.layers.text)'")
    }
    model.threads = settings.threads
    model.isDeterministic = settings.isDeterministic
    if let rule = settings.rule {
      model.compile(optimizer: rule, loss: .softmaxCrossEntropy)
    } else {
      if let layer = model.layerThatChangesLoss {
        let name = "\(type(of: layers[layer]))".lowercased()
        throw Failure.usage(
          "\(layersOption): expected no \(name) with --optimizer lbfgs, whose loss may not change "
            + "from pass to pass, got '\(settings.layers.text)'")
      }
      model.compile(optimizer: settings.lbfgs, loss: .softmaxCrossEntropy)
    }
  }

  /// The whole network with its weights as they are now.
  func completed() throws -> Sequential { try completed(model) }

  private func completed(_ model: Sequential) throws -> Sequential {
    guard let projection else { return model }
    let completed = try projection.completed(model, inputShape: inputShape)
    completed.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return completed
  }

  /// The data, and what of them goes into the network, in a line each.
  var overview: [String] { [dataset.overview] + (projection.map { [$0.overview] } ?? []) }

  /// What the network is made of, as text.
  var layers: String { (projection.map { $0.text + "," } ?? "") + settings.layers.text }

  private var samples: any SampleSource { projection?.scores ?? dataset.train.images }

  /// Trains, then scores the model on the test samples; throws a failure where training diverges until
  /// a loss or a weight is not finite, since such a model is worth nothing.
  /// - Parameters:
  ///   - folder: where to save the state of training, if anywhere
  ///   - state: where to go on
  func train(
    reporting progress: ProgressMode, profile: StepProfile?, saving folder: RunFolder?,
    resuming state: TrainingState?
  ) throws -> TrainingResult {
    let (steps, stopOnNaN) = (StepCount(), StopOnNaN())
    let history: History
    do {
      history = try model.fit(
        samples, dataset.train.labels, epochs: settings.epochs,
        batchSize: settings.rule.map { _ in settings.batchSize.count(of: dataset.train.count) },
        validation: settings.validation,
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
    let completed = try completed()
    let test = try completed.evaluate(dataset.test.images, dataset.test.labels)
    guard test.loss.isFinite else {
      throw Failure.data("training diverged: the loss of the test images is not finite")
    }
    return TrainingResult(
      run: self, model: completed, history: history, test: test, steps: steps.count,
      divergence: try divergence(
        loss: min(history.loss.last ?? .nan, test.loss), isResumed: state != nil))
  }

  /// How many times that of the untrained model a loss has to be for training to have diverged.
  private static let mostGrowth = 10.0

  /// That training diverged to a loss that is finite, in a line; nil where it did not.
  ///
  /// A loss may rise for a while, be high of samples that are not scaled, or be high in the test part
  /// alone. So it is the less of the last epoch's and the test images', and compared both with a
  /// guess and with the untrained model.
  private func divergence(loss: Double, isResumed: Bool) throws -> String? {
    guard loss > log(Double(dataset.classNames.count)) else { return nil }
    let untrained = try Sequential(
      inputShape: model.inputShape, model.layers, seed: settings.seed)
    untrained.threads = settings.threads
    untrained.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let first = try completed(untrained).evaluate(dataset.test.images, dataset.test.labels).loss
    guard loss > Self.mostGrowth * first else { return nil }
    let text = [loss, first].map { $0 < 1e6 ? $0.fixed(4) : $0.scientific(1) }
    // The weights that a run went on from may have been lost already.
    let advice =
      isResumed
      ? "train anew with a lower --learning-rate"
      : settings.learningRate.map { "try a --learning-rate below \($0)" }
    return
      "training diverged: the loss ended at \(text[0]), that of the untrained model is \(text[1])"
      + (advice.map { "; \($0)" } ?? "")
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
  fileprivate var stopLine: String? {
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

/// What came out of a run.
struct TrainingResult {
  let run: TrainingRun
  /// The finished model.
  let model: Sequential
  let history: History
  let test: Figures
  /// The steps of an epoch.
  let steps: Int
  /// That training diverged, in a line, if it did.
  let divergence: String?

  var testLine: String {
    "test loss: \(test.loss.fixed(4)) - test accuracy: \((test["accuracy"] ?? .nan).fixed(4))"
  }

  /// The run in a few lines for people.
  var summary: String {
    let settings = run.settings
    let figures = history.epochs.last?.values ?? Figures([])
    let lines: [String?] = [
      run.overview.joined(separator: "\n"), model.summary(),
      "optimizer: \(settings.optimizer.rawValue), \(setting.name) \(setting.value), "
        + (settings.layers.l2 == 0 ? "" : "L2 penalty \(penalty), ")
        + "batch size \(batchSize), seed \(settings.seed)",
      "epochs: \(history.epochs.count) in \(history.seconds.reduce(0, +).fixed(2)) s",
      figures.map { "\($0.name): \($0.value.fixed(4))" }.joined(separator: " - "),
      history.stopLine, testLine, divergence,
    ]
    return lines.compactMap { $0 }.joined(separator: "\n") + "\n"
  }

  /// What the optimizer was told.
  private var setting: (name: String, value: String) {
    let settings = run.settings
    return settings.learningRate.map { ("learning rate", "\($0)") }
      ?? ("tolerance", "\(settings.tolerance)")
  }

  private var penalty: String { run.settings.layers.l2 == 0 ? "none" : "\(run.settings.layers.l2)" }

  /// The settings that are stored with the history.
  var parameters: RunParameters {
    let settings = run.settings
    return RunParameters(
      dataset: run.dataset.name, layers: run.layers, optimizer: settings.optimizer,
      learningRate: settings.learningRate,
      tolerance: settings.rule == nil ? settings.tolerance : nil,
      l2: settings.layers.l2 == 0 ? nil : settings.layers.l2, batchSize: batchSize,
      epochs: settings.epochs,
      steps: steps, validationSplit: settings.validationSplit, split: settings.split,
      seed: settings.seed, threads: settings.threads,
      deterministic: settings.isDeterministic, earlyStopping: settings.earlyStopping,
      core: OpenBLAS.coreName,
      parameters: model.parameterCount, testLoss: FiniteOrNull(test.loss),
      testAccuracy: FiniteOrNull(test["accuracy"] ?? .nan))
  }

  /// The run as a page, its pictures drawn.
  func report() throws -> Report {
    let settings = run.settings
    let validation =
      settings.validationSplit == 0
      ? "none" : "\(settings.split.rawValue), \(settings.validationSplit) of the training images"
    return try Report(
      model: model, history: history, dataset: run.dataset, test: test,
      settings: [
        "data set": run.dataset.name, "layers": run.layers,
        "optimizer": settings.optimizer.rawValue, setting.name: setting.value,
        "L2 penalty": penalty, "batch size": "\(batchSize)", "steps an epoch": "\(steps)",
        "epochs": "\(settings.epochs)", "validation": validation, "seed": "\(settings.seed)",
      ], command: Arguments.line)
  }

  private var batchSize: Int { run.settings.batchSize.count(of: run.dataset.train.count) }
}

/// The settings and results of a run as they are stored with its history.
struct RunParameters: Encodable {
  let dataset: String
  let layers: String
  let optimizer: OptimizerName
  let learningRate: Float?
  let tolerance: Double?
  let l2: Float?
  let batchSize: Int
  let epochs: Int
  let steps: Int
  let validationSplit: Double
  let split: SplitName
  let seed: UInt64
  let threads: Int
  let deterministic: Bool
  let earlyStopping: Int?
  let core: String
  let parameters: Int
  let testLoss: FiniteOrNull
  let testAccuracy: FiniteOrNull

  enum CodingKeys: String, CodingKey {
    case dataset, layers, optimizer, tolerance, l2, epochs, steps, split, seed, threads
    case deterministic, core, parameters
    case learningRate = "learning_rate"
    case batchSize = "batch_size"
    case validationSplit = "validation_split"
    case earlyStopping = "early_stopping"
    case testLoss = "test_loss"
    case testAccuracy = "test_accuracy"
  }
}

/// A number as JSON has it, null where it is not finite.
struct FiniteOrNull: Encodable {
  let value: Double

  init(_ value: Double) { self.value = value }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
  }
}
