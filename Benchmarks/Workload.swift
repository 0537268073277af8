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
  /// A network whose steps are a few microseconds: 4→32→16→4, ReLU, SGD, batches of 32, 10,000 samples.
  case tiny
  /// LeNet-5 on MNIST: 6 and 16 filters of 5×5, max pooling, 120→84→10, ReLU, Adam, batches of 128.
  case lenet5 = "lenet-5"
  /// A wider convolutional network on Fashion-MNIST: twice two layers of 3×3, 32 and 64 filters, max
  /// pooling, 128→10, ReLU, Adam, batches of 64.
  case cnnFashion = "cnn-fashion"

  /// One layer, a ReLU behind it where it has weights and is not the last.
  package enum NetworkLayer: Sendable {
    case dense(Int)
    case convolution(Int, Window2D)
    /// Squares side by side.
    case maxPooling(Int)
  }

  /// The layers, from the pixels to the scores of the classes.
  package var network: [NetworkLayer] {
    switch self {
    case .softmaxMNIST: [.dense(10)]
    case .mlpFashion: [.dense(128), .dense(10)]
    case .mlp512: [.dense(512), .dense(512), .dense(10)]
    case .tiny: [.dense(32), .dense(16), .dense(4)]
    case .lenet5:
      [
        .convolution(6, 5), .maxPooling(2), .convolution(16, 5), .maxPooling(2), .dense(120),
        .dense(84), .dense(10),
      ]
    case .cnnFashion:
      [
        .convolution(32, Window2D(3, padding: .same)),
        .convolution(32, Window2D(3, padding: .same)), .maxPooling(2),
        .convolution(64, Window2D(3, padding: .same)),
        .convolution(64, Window2D(3, padding: .same)), .maxPooling(2), .dense(128), .dense(10),
      ]
    }
  }

  /// Where the samples come from; nil for ``tinySamples``.
  var dataset: PublishedDataset? {
    switch self {
    case .softmaxMNIST, .mlp512, .lenet5: .mnist
    case .mlpFashion, .cnnFashion: .fashionMNIST
    case .tiny: nil
    }
  }

  /// The shape of a sample.
  package var inputShape: Shape {
    switch self {
    case .tiny: [4]
    case .lenet5, .cnnFashion: [28, 28]
    default: [784]
    }
  }

  package var optimizer: any Optimizer {
    switch self {
    case .softmaxMNIST, .tiny: .sgd(learningRate: 0.01)
    default: .adam(learningRate: 0.001)
    }
  }

  package var batchSize: Int {
    switch self {
    case .mlpFashion, .tiny: 32
    case .softmaxMNIST, .cnnFashion: 64
    case .mlp512, .lenet5: 128
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
    case .mlp512, .lenet5: 5
    case .cnnFashion: 1
    case .tiny: 100
    }
  }

  /// The untrained network, compiled, with accuracy as its metric.
  package func model(seed: UInt64) throws -> Sequential {
    var layers: [any Layer] = []
    var isImage = inputShape.rank > 1
    for (index, layer) in network.enumerated() {
      switch layer {
      case .dense(let units):
        if isImage { layers.append(Flatten()) }
        isImage = false
        layers.append(Dense(units))
      case .convolution(let filters, let window): layers.append(Conv2D(filters, window))
      case .maxPooling(let size): layers.append(MaxPool2D(size))
      }
      if case .maxPooling = layer { continue }
      layers.append(index < network.count - 1 ? ReLU() : Softmax())
    }
    let model = try Sequential(inputShape: inputShape, layers, seed: seed)
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy)
    return model
  }

  /// 10,000 samples of four bytes; the class is the place of the largest, the first of equal ones.
  ///
  /// The bytes are the highest of each of the numbers xₙ₊₁ = 1664525·xₙ + 1013904223 mod 2³² (Press et al.
  /// 1992, *Numerical Recipes*), x₀ = 1, so that other programs can make them too.
  package static func tinySamples() -> LabelledImages {
    var state: UInt32 = 1
    let pixels = (0..<40_000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    let labels = stride(from: 0, to: pixels.count, by: 4).map { start in
      let sample = pixels[start..<start + 4]
      return sample.firstIndex(of: sample.max() ?? 0).map { $0 - start } ?? 0
    }
    return LabelledImages(images: Images(pixels: pixels, shape: [4]), labels: labels)
  }
}

extension Workload {
  /// The floating-point operations of an epoch's products, two for a multiplication and its addition: to
  /// outputs, to gradients of weights and, past the first layer, of inputs; to outputs alone for samples
  /// held out. Of a convolution all places of the window count, beyond the border too.
  package func operations(of count: Int) -> Double {
    let trained = trainingCount(of: count)
    let products = multiplications
    let all = products.reduce(0, +)
    return 2 * (Double(trained) * Double(3 * all - products[0]) + Double((count - trained) * all))
  }

  /// The multiplications of each layer with weights for the outputs of one sample.
  private var multiplications: [Int] {
    let isImage = inputShape.rank == 2
    var (height, width) = isImage ? (inputShape[0], inputShape[1]) : (1, inputShape[0])
    var channels = 1
    return network.compactMap { layer -> Int? in
      switch layer {
      case .dense(let units):
        let inputs = height * width * channels
        (height, width, channels) = (1, 1, units)
        return inputs * units
      case .convolution(let filters, let window):
        if window.padding == .valid {
          (height, width) = (height - window.height + 1, width - window.width + 1)
        }
        let products = height * width * filters * window.height * window.width * channels
        channels = filters
        return products
      case .maxPooling(let size):
        (height, width) = (height / size, width / size)
        return nil
      }
    }
  }
}
