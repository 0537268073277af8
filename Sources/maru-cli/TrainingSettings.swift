import ArgumentParser
import Foundation
import Maru

/// The exercises of the lesson, each with the settings that it has there.
enum Exercise: String, CaseIterable, ExpressibleByArgument {
  /// Softmax regression on MNIST: plain SGD, 30 epochs of batches of 64, the last fifth held out.
  case softmax
  /// An MLP on Fashion-MNIST: 128 hidden units, Adam, 20 epochs of batches of 32.
  case mlp
  /// A convolutional network on MNIST: Adam at a rate that rises and falls, 8 epochs of batches of 128.
  case cnn

  var dataset: String { self == .mlp ? "fashion-mnist" : "mnist" }
  var layers: String {
    switch self {
    case .softmax: "10:softmax"
    case .mlp: "flatten,128:relu,10:softmax"
    case .cnn:
      "conv:16:5:relu,maxpool:2,conv:32:5:relu,maxpool:2,flatten,dropout:0.25,128:relu,10:softmax"
    }
  }
  var optimizer: OptimizerName { self == .softmax ? .sgd : .adam }
  /// The rate of a run of so many epochs; nil for the optimizer's own.
  func learningRate(epochs: Int) -> RateSchedule? {
    self == .cnn ? RateSchedule(argument: "cosine:0.003:warmup=\(Double(epochs) / 4)") : nil
  }
  var batchSize: Int {
    switch self {
    case .softmax: 64
    case .mlp: 32
    case .cnn: 128
    }
  }
  var epochs: Int {
    switch self {
    case .softmax: 30
    case .mlp: 20
    case .cnn: 8
    }
  }
  var validationSplit: Double { self == .softmax ? 0.2 : 0 }
}

extension TrainingSettings {
  /// What a table is trained with unless told otherwise.
  static let tableLayers = "64:relu"
  static let tableOptimizer = OptimizerName.adam
  static let tableBatch = 32
  /// Few rows are soon learned by heart.
  static let tablePatience = 20

  /// As many epochs as make some thousand steps of few rows, within limits.
  static func tableEpochs(rows: Int, batch: Int) -> Int {
    min(200, max(30, 3000 / max(1, rows / batch)))
  }
}

/// The optimizers by name, each with Keras's defaults but for the learning rate.
enum OptimizerName: String, CaseIterable, ExpressibleByArgument, Codable {
  case sgd, momentum, nesterov, rmsprop, adam, adamw, lbfgs

  /// Keras's default, nil for what has none.
  var learningRate: Float? {
    switch self {
    case .sgd, .momentum, .nesterov: 0.01
    case .rmsprop, .adam, .adamw: 0.001
    case .lbfgs: nil
    }
  }

  /// The rule of the updates, nil for L-BFGS, which is none.
  func rule(learningRate rate: LearningRate) -> (any Optimizer)? {
    switch self {
    case .sgd: .sgd(learningRate: rate)
    case .momentum: .sgd(learningRate: rate, momentum: 0.9)
    case .nesterov: .sgd(learningRate: rate, momentum: 0.9, nesterov: true)
    case .rmsprop: .rmsprop(learningRate: rate)
    case .adam: .adam(learningRate: rate)
    case .adamw: .adamW(learningRate: rate)
    case .lbfgs: nil
    }
  }
}

/// How many samples a step takes.
enum BatchSize: ExpressibleByArgument, Equatable, Codable {
  case samples(Int)
  case full

  init?(argument: String) {
    if argument == "full" {
      self = .full
    } else if let count = Int(argument), count >= 1 {
      self = .samples(count)
    } else {
      return nil
    }
  }

  func count(of samples: Int) -> Int {
    switch self {
    case .samples(let count): min(count, samples)
    case .full: samples
    }
  }
}

/// How an epoch mixes the samples.
enum ShuffleName: String, CaseIterable, ExpressibleByArgument, Codable {
  case full, blocks
}

/// How the validation part is chosen.
enum SplitName: String, CaseIterable, ExpressibleByArgument, Codable {
  case last, shuffled, stratified
}

/// All settings of a run.
struct TrainingSettings: Codable {
  var dataset: String
  var dataDirectory: String?
  var layers: LayerList
  /// What is minimised; nil for what goes with the task.
  let loss: LossName?
  let optimizer: OptimizerName
  /// nil for L-BFGS.
  var learningRate: RateSchedule?
  /// For L-BFGS.
  let tolerance: Double
  let batchSize: BatchSize
  var epochs: Int
  let validationSplit: Double
  let split: SplitName
  let seed: UInt64
  var threads: Int
  let isDeterministic: Bool
  /// The epochs without improvement that end training, if any do.
  var earlyStopping: Int?
  var checkpointEvery: CheckpointInterval?
  /// The principal components to train on, if on any.
  let pca: KeptComponents?
  let whitens: Bool
  /// How a table becomes samples; nil for what is none.
  var table: TableSettings?
  /// How an epoch mixes the samples; nil for what goes with their size.
  var shuffle: ShuffleName?
  /// The model that training begins with, if with any.
  var initial: InitialModel?

  /// The layers to train.
  func madeLayers() throws -> [any Layer] { try initial?.layers ?? layers.layers() }

  /// The rule of the updates, nil for L-BFGS.
  func rule(for dataset: Dataset) throws(ModelError) -> (any Optimizer)? {
    guard let learningRate else { return nil }
    let samples = try validation(of: dataset).split(dataset.train.goal, seed: seed).training.count
    let size = batchSize.count(of: dataset.train.count)
    return optimizer.rule(
      learningRate: learningRate.learningRate(
        stepsPerEpoch: (samples + size - 1) / size, epochs: epochs))
  }

  /// What is wrong with the settings once it is known for how many epochs they are, if anything.
  var problemOfEpochs: String? { learningRate?.problem(epochs: epochs) }

  var lbfgs: LBFGS { LBFGS(tolerance: tolerance) }

  /// The settings with paths that are the same from every folder.
  var withWholePaths: TrainingSettings {
    let whole = { (path: String) in URL(fileURLWithPath: path).path }
    var settings = self
    settings.dataDirectory = dataDirectory.map(whole)
    switch try? DatasetSource(parsing: dataset) {
    case .directory, .numPyArchive, .csv: settings.dataset = whole(dataset)
    case .digits, .published, nil: break
    }
    settings.table?.testFile = table?.testFile.map(whole)
    settings.initial = initial?.withWholePath
    return settings
  }

  /// The first of the settings that training cannot have, as the option and what is wrong with it.
  var problem: String? {
    if let problem = learningRate?.problem { return problem }
    if !(0 <= layers.l2 && layers.l2.isFinite) {
      return "--l2: expected a number from 0, got \(layers.l2)"
    }
    if !(0 <= tolerance && tolerance < 1) {
      return "--tolerance: expected a number from 0 to below 1, got \(tolerance)"
    }
    if case .samples(let count) = batchSize, count < 1 {
      return "--batch-size: expected at least 1, got \(count)"
    }
    if case .steps(let count) = checkpointEvery, count < 1 {
      return "--checkpoint-every: expected at least 1, got \(count)"
    }
    if epochs < 1 { return "--epochs: expected at least 1, got \(epochs)" }
    if !(0 <= validationSplit && validationSplit < 1) {
      return "--validation-split: expected a number from 0 to below 1, got \(validationSplit)"
    }
    if !(1...1024 ~= threads) { return "--threads: expected 1 to 1024, got \(threads)" }
    if let earlyStopping, earlyStopping < 1 {
      return "--early-stopping: expected at least 1 epoch, got \(earlyStopping)"
    }
    if earlyStopping != nil && validationSplit == 0 {
      return "--early-stopping: expected with a --validation-split above 0"
    }
    if shuffle != nil && pca != nil {
      return "--shuffle: expected without --pca, whose components are in memory"
    }
    return optimizer == .lbfgs ? problemOfFullBatch : nil
  }

  /// What makes no sense beside L-BFGS.
  private var problemOfFullBatch: String? {
    if case .samples(let count) = batchSize {
      return
        "--batch-size: expected full with --optimizer lbfgs, which takes all samples, got \(count)"
    }
    if learningRate != nil {
      return "--learning-rate: expected without --optimizer lbfgs, which finds its steps itself"
    }
    if shuffle != nil {
      return "--shuffle: expected without --optimizer lbfgs, which takes all samples at once"
    }
    return nil
  }

  /// What the model is checked on after each epoch; numbers have no classes to be held out alike.
  func validation(of dataset: Dataset) -> Validation {
    if validationSplit == 0 { return .none }
    return switch split {
    case .last: .last(validationSplit)
    case .stratified where !dataset.isOfNumbers: .stratified(validationSplit)
    case .shuffled, .stratified: .shuffled(validationSplit)
    }
  }

  /// What ends training early, if anything.
  var earlyStoppingCallback: [any Callback] {
    earlyStopping.map { [EarlyStopping(patience: $0)] } ?? []
  }
}
