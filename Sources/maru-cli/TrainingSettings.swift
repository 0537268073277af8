import ArgumentParser
import Maru

/// The exercises of the lesson, each with the settings that it has there.
enum Exercise: String, CaseIterable, ExpressibleByArgument {
  /// Softmax regression on MNIST: plain SGD, 30 epochs of batches of 64, the last fifth held out.
  case softmax
  /// An MLP on Fashion-MNIST: 128 hidden units, Adam, 20 epochs of batches of 32.
  case mlp

  var dataset: String { self == .softmax ? "mnist" : "fashion-mnist" }
  var layers: String { self == .softmax ? "10:softmax" : "flatten,128:relu,10:softmax" }
  var optimizer: OptimizerName { self == .softmax ? .sgd : .adam }
  var batchSize: Int { self == .softmax ? 64 : 32 }
  var epochs: Int { self == .softmax ? 30 : 20 }
  var validationSplit: Double { self == .softmax ? 0.2 : 0 }
}

/// The optimizers by name, each with Keras's defaults but for the learning rate.
enum OptimizerName: String, CaseIterable, ExpressibleByArgument, Encodable {
  case sgd, momentum, nesterov, rmsprop, adam, adamw

  /// Keras's default.
  var learningRate: Float {
    switch self {
    case .sgd, .momentum, .nesterov: 0.01
    case .rmsprop, .adam, .adamw: 0.001
    }
  }

  func optimizer(learningRate: Float) -> any Optimizer {
    let rate = LearningRate.constant(learningRate)
    return switch self {
    case .sgd: .sgd(learningRate: rate)
    case .momentum: .sgd(learningRate: rate, momentum: 0.9)
    case .nesterov: .sgd(learningRate: rate, momentum: 0.9, nesterov: true)
    case .rmsprop: .rmsprop(learningRate: rate)
    case .adam: .adam(learningRate: rate)
    case .adamw: .adamW(learningRate: rate)
    }
  }
}

/// How many samples a step takes.
enum BatchSize: ExpressibleByArgument, Equatable {
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

/// How the validation part is chosen.
enum SplitName: String, CaseIterable, ExpressibleByArgument, Encodable {
  case last, shuffled, stratified

  func validation(_ fraction: Double) -> Validation {
    if fraction == 0 { return .none }
    return switch self {
    case .last: .last(fraction)
    case .shuffled: .shuffled(fraction)
    case .stratified: .stratified(fraction)
    }
  }
}

/// The settings of a run as they are stored with its history.
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
  let testLoss: Double
  let testAccuracy: Double

  enum CodingKeys: String, CodingKey {
    case dataset, layers, optimizer, epochs, steps, split, seed, threads, core, parameters
    case learningRate = "learning_rate"
    case batchSize = "batch_size"
    case validationSplit = "validation_split"
    case testLoss = "test_loss"
    case testAccuracy = "test_accuracy"
  }
}
