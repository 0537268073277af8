import ArgumentParser
import Maru

/// The kinds of training that are measured.
package enum Workload: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// Softmax regression on MNIST: 784→10, SGD, batches of 64, the last fifth held out for validation.
  case softmaxMNIST = "softmax-mnist"
  /// An MLP on Fashion-MNIST: 784→128→10, ReLU, Adam, batches of 32.
  case mlpFashion = "mlp-fashion"
  /// A wider MLP on MNIST: 784→512→512→10, ReLU, Adam, batches of 128.
  case mlp512 = "mlp-512"

  var dataset: PublishedDataset { self == .mlpFashion ? .fashionMNIST : .mnist }

  /// The units of the hidden layers, each followed by ReLU.
  package var hiddenUnits: [Int] {
    switch self {
    case .softmaxMNIST: []
    case .mlpFashion: [128]
    case .mlp512: [512, 512]
    }
  }

  package var optimizer: any Optimizer {
    self == .softmaxMNIST ? .sgd(learningRate: 0.01) : .adam(learningRate: 0.001)
  }

  package var batchSize: Int {
    switch self {
    case .softmaxMNIST: 64
    case .mlpFashion: 32
    case .mlp512: 128
    }
  }

  /// The part of the samples held out, from the end, and evaluated after each epoch.
  package var validationSplit: Double { self == .softmaxMNIST ? 0.2 : 0 }

  var validation: Validation { validationSplit == 0 ? .none : .last(validationSplit) }

  /// The samples of `count` that are trained on.
  func trainingCount(of count: Int) -> Int { Int(Double(count) * (1 - validationSplit)) }

  /// The steps of an epoch over so many samples.
  func steps(_ trainingCount: Int) -> Int { (trainingCount + batchSize - 1) / batchSize }

  /// The steps that the naive backend makes in place of a whole epoch.
  var naiveSteps: Int {
    switch self {
    case .softmaxMNIST: 75
    case .mlpFashion: 25
    case .mlp512: 5
    }
  }

  /// The untrained network, compiled, with accuracy as its metric.
  package func model(seed: UInt64) throws -> Sequential {
    let hidden = hiddenUnits.flatMap { [Dense($0), ReLU()] as [any Layer] }
    let model = try Sequential(inputShape: [784], hidden + [Dense(10), Softmax()], seed: seed)
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy)
    return model
  }
}
