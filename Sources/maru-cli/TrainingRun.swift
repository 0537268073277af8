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
  init(_ settings: TrainingSettings, _ layers: [any Layer], _ dataset: Dataset) throws {
    self.settings = settings
    self.dataset = dataset
    let shape = dataset.train.images.shape
    inputShape = settings.layers.beginsWithFlatten ? shape : [shape.count]
    let projection = try settings.components.pca.map {
      try Projection($0, whitening: settings.components.whiten, settings, dataset)
    }
    self.projection = projection
    let shapeOfModel = projection.map { [$0.count] } ?? inputShape
    do {
      try MemoryNeed(settings, layers, shapeOfModel, samples: dataset.train.count).check()
      model = try Sequential(inputShape: shapeOfModel, layers, seed: settings.seed)
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
    model.compile(
      optimizer: settings.optimizer.optimizer(learningRate: settings.learningRate),
      loss: .softmaxCrossEntropy)
  }

  /// The whole network with its weights as they are now.
  func completed() throws -> Sequential {
    guard let projection else { return model }
    let completed = try projection.completed(model, inputShape: inputShape)
    completed.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return completed
  }

  /// What the network is made of, as text.
  var layers: String { (projection.map { $0.text + "," } ?? "") + settings.layers.text }

  private var samples: any SampleSource { projection?.scores ?? dataset.train.images }

  /// Trains, then scores the model on the test samples; throws a failure where training diverges,
  /// since such a model is worth nothing.
  func train(reporting progress: ProgressMode, profile: StepProfile?) throws -> TrainingResult {
    let steps = StepCount()
    let history: History
    do {
      history = try model.fit(
        samples, dataset.train.labels, epochs: settings.epochs,
        batchSize: settings.batchSize.count(of: dataset.train.count),
        validation: settings.validation,
        callbacks: [steps, StopOnNaN()] + [progress.callback()].compactMap { $0 },
        profile: profile)
    } catch let error as ModelError {
      // Data and network fit by now; only the split is left to go wrong.
      throw Failure.usage("--validation-split: \(error)")
    }
    if history.stopReason != nil || !model.hasFiniteWeights {
      throw Failure.data(
        "training diverged: \(history.stopReason ?? "the weights are no longer finite"); "
          + "try a --learning-rate below \(settings.learningRate)")
    }
    let completed = try completed()
    let test = try completed.evaluate(dataset.test.images, dataset.test.labels)
    return TrainingResult(
      run: self, model: completed, history: history, test: test, steps: steps.count)
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
  /// The finished model.
  let model: Sequential
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
      run.dataset.overview, model.summary(),
      "optimizer: \(settings.optimizer.rawValue), learning rate \(settings.learningRate), "
        + "batch size \(batchSize), seed \(settings.seed)",
      "epochs: \(history.epochs.count) in \(history.seconds.reduce(0, +).fixed(2)) s",
      figures.map { "\($0.name): \($0.value.fixed(4))" }.joined(separator: " - "),
      testLine,
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The settings that are stored with the history.
  var parameters: RunParameters {
    let settings = run.settings
    return RunParameters(
      dataset: run.dataset.name, layers: run.layers, optimizer: settings.optimizer,
      learningRate: settings.learningRate, batchSize: batchSize, epochs: settings.epochs,
      steps: steps, validationSplit: settings.validationSplit, split: settings.split,
      seed: settings.seed, threads: settings.threads, core: OpenBLAS.coreName,
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
        "optimizer": settings.optimizer.rawValue, "learning rate": "\(settings.learningRate)",
        "batch size": "\(batchSize)", "steps an epoch": "\(steps)",
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
  let learningRate: Float
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
    case dataset, layers, optimizer, epochs, steps, split, seed, threads, core, parameters
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
