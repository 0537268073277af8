import Foundation
import Maru

/// A network and its data, checked and ready to train.
struct TrainingRun {
  let settings: TrainingSettings
  let dataset: Dataset
  let model: Sequential

  /// Makes the network, or throws a failure that names the option that is to blame.
  init(_ settings: TrainingSettings, _ layers: [any Layer], _ dataset: Dataset) throws {
    self.settings = settings
    self.dataset = dataset
    let shape = dataset.train.images.shape
    let inputShape = settings.layers.beginsWithFlatten ? shape : [shape.count]
    do {
      try MemoryNeed(settings, layers, inputShape, samples: dataset.train.count).check()
      model = try Sequential(inputShape: inputShape, layers, seed: settings.seed)
    } catch let error as ModelError {
      throw Failure.usage("--layers: \(error)")
    }
    let classes = dataset.classNames.count
    let scores = layers.last is Softmax ? layers.dropLast() : layers[...]
    guard model.outputShape == [classes], scores.last is Dense else {
      throw Failure.usage(
        "--layers: expected to end in \(classes):softmax or \(classes), "
          + "an output for each class of the data, got '\(settings.layers.text)'")
    }
    model.threads = settings.threads
    if let rule = settings.rule {
      model.compile(optimizer: rule, loss: .softmaxCrossEntropy)
    } else {
      if layers.contains(where: { $0 is Dropout }) {
        throw Failure.usage(
          "--layers: expected no dropout with --optimizer lbfgs, whose loss may not change from "
            + "pass to pass, got '\(settings.layers.text)'")
      }
      model.compile(optimizer: settings.lbfgs, loss: .softmaxCrossEntropy)
    }
  }

  /// Trains, then scores the model on the test samples; throws a failure where training diverges,
  /// since such a model is worth nothing.
  func train(reporting progress: ProgressMode, profile: StepProfile?) throws -> TrainingResult {
    let steps = StepCount()
    let history: History
    do {
      history = try model.fit(
        dataset.train.images, dataset.train.labels, epochs: settings.epochs,
        batchSize: settings.rule.map { _ in settings.batchSize.count(of: dataset.train.count) },
        validation: settings.validation,
        callbacks: [steps, StopOnNaN()] + [progress.callback()].compactMap { $0 },
        profile: profile)
    } catch let error as ModelError {
      // Data and network fit by now; only the split is left to go wrong.
      throw Failure.usage("--validation-split: \(error)")
    }
    if !history.loss.allSatisfy(\.isFinite) || !model.hasFiniteWeights {
      let advice = settings.learningRate.map { "; try a --learning-rate below \($0)" } ?? ""
      throw Failure.data(
        "training diverged: \(history.stopReason ?? "the weights are no longer finite")\(advice)")
    }
    if let reason = history.stopReason, progress.isForPeople {
      Messages.print("ended after \(history.epochs.count) epochs: \(reason)")
    }
    let test = try model.evaluate(dataset.test.images, dataset.test.labels)
    return TrainingResult(run: self, history: history, test: test, steps: steps.count)
  }
}

/// Remembers how many steps an epoch has.
private final class StepCount: Callback {
  private(set) var count = 0

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    count = progress.steps
  }
}

/// What came out of a run.
struct TrainingResult {
  let run: TrainingRun
  let history: History
  let test: Figures
  /// The steps of an epoch.
  let steps: Int

  var testLine: String {
    "test loss: \(test.loss.fixed(4)) - test accuracy: \((test["accuracy"] ?? .nan).fixed(4))"
  }

  /// The run in a few lines for people.
  var summary: String {
    let settings = run.settings
    let figures = history.epochs.last?.values ?? Figures([])
    let lines = [
      run.dataset.overview, run.model.summary(),
      "optimizer: \(settings.optimizer.rawValue), \(setting.name) \(setting.value), "
        + (settings.layers.l2 == 0 ? "" : "L2 penalty \(penalty), ")
        + "batch size \(batchSize), seed \(settings.seed)",
      "epochs: \(history.epochs.count) in \(history.seconds.reduce(0, +).fixed(2)) s",
      figures.map { "\($0.name): \($0.value.fixed(4))" }.joined(separator: " - "),
      testLine,
    ]
    return lines.joined(separator: "\n") + "\n"
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
      dataset: run.dataset.name, layers: settings.layers.text, optimizer: settings.optimizer,
      learningRate: settings.learningRate,
      tolerance: settings.rule == nil ? settings.tolerance : nil,
      l2: settings.layers.l2 == 0 ? nil : settings.layers.l2, batchSize: batchSize,
      epochs: settings.epochs,
      steps: steps, validationSplit: settings.validationSplit, split: settings.split,
      seed: settings.seed, threads: settings.threads, core: OpenBLAS.coreName,
      parameters: run.model.parameterCount, testLoss: FiniteOrNull(test.loss),
      testAccuracy: FiniteOrNull(test["accuracy"] ?? .nan))
  }

  /// The run as a page, its pictures drawn.
  func report() throws -> Report {
    let settings = run.settings
    let validation =
      settings.validationSplit == 0
      ? "none" : "\(settings.split.rawValue), \(settings.validationSplit) of the training images"
    return try Report(
      model: run.model, history: history, dataset: run.dataset, test: test,
      settings: [
        "data set": run.dataset.name, "layers": settings.layers.text,
        "optimizer": settings.optimizer.rawValue, setting.name: setting.value,
        "L2 penalty": penalty, "batch size": "\(batchSize)", "steps an epoch": "\(steps)",
        "epochs": "\(settings.epochs)", "validation": validation, "seed": "\(settings.seed)",
      ])
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
  let core: String
  let parameters: Int
  let testLoss: FiniteOrNull
  let testAccuracy: FiniteOrNull

  enum CodingKeys: String, CodingKey {
    case dataset, layers, optimizer, tolerance, l2, epochs, steps, split, seed, threads, core
    case parameters
    case learningRate = "learning_rate"
    case batchSize = "batch_size"
    case validationSplit = "validation_split"
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
