import Foundation
import Maru

/// A layer with what training it needs.
protocol NaiveLayer {
  var outputShape: Shape { get }
  /// The outputs of a batch after ReLU, and the gradients of the loss before it.
  var y: AlignedBuffer { get }
  var dY: AlignedBuffer { get }
  var parameters: NaiveParameters? { get }

  func forward(x: UnsafeMutablePointer<Float>, rows: Int)
  /// The gradients of the parameters; and of the inputs where x > 0, for the layer below and its ReLU.
  func backward(x: UnsafeMutablePointer<Float>, rows: Int, dX: UnsafeMutablePointer<Float>?)
}

/// A matrix of weights [inputs, units], then the biases.
///
/// The weights lie the other way round than in the library, so that rows are long in all loops.
final class NaiveParameters {
  let inputs, units: Int
  let values, gradients, means, squares: AlignedBuffer

  /// - Parameters:
  ///   - weight: [units, …]
  ///   - bias: [units]
  init(weight: Tensor, bias: Tensor) {
    units = weight.shape[0]
    inputs = weight.shape.count / units
    let count = (inputs + 1) * units
    values = AlignedBuffer(zeros: count)
    (gradients, means, squares) = (
      AlignedBuffer(zeros: count), AlignedBuffer(zeros: count), AlignedBuffer(zeros: count)
    )
    weight.withUnsafeBufferPointer { given in
      for j in 0..<units {
        for k in 0..<inputs { values.floats[k * units + j] = given[j * inputs + k] }
      }
    }
    bias.withUnsafeBufferPointer { given in
      for j in 0..<units { self.bias[j] = given[j] }
    }
  }

  var bias: UnsafeMutablePointer<Float> { values.floats + inputs * units }
  var biasGradient: UnsafeMutablePointer<Float> { gradients.floats + inputs * units }

  /// The update of ``SGD`` or ``Adam``.
  func update(_ optimizer: any Optimizer, step: Int) {
    let (w, g, m, v) = (values.floats, gradients.floats, means.floats, squares.floats)
    switch optimizer {
    case let sgd as SGD where sgd.momentum == 0:
      let rate = sgd.learningRate.rate(at: step - 1)
      for j in 0..<values.count { w[j] -= rate * g[j] }
    case let adam as Adam where adam.weightDecay == 0:
      let (beta1, beta2, epsilon) = (adam.beta1, adam.beta2, adam.epsilon)
      let rate =
        adam.learningRate.rate(at: step - 1) * (1 - pow(beta2, Float(step))).squareRoot()
        / (1 - pow(beta1, Float(step)))
      for j in 0..<values.count {
        m[j] += (1 - beta1) * (g[j] - m[j])
        v[j] += (1 - beta2) * (g[j] * g[j] - v[j])
        w[j] -= rate * m[j] / (v[j].squareRoot() + epsilon)
      }
    default:
      fatalError("NaiveNetwork: expected plain SGD or Adam, got \(optimizer)")
    }
  }
}

/// `Y = X·W + b`, with ReLU where it is not the last.
final class NaiveDense: NaiveLayer {
  private let weights: NaiveParameters
  private let relu: Bool
  let y, dY: AlignedBuffer

  init(weight: Tensor, bias: Tensor, batchSize: Int, relu: Bool) {
    weights = NaiveParameters(weight: weight, bias: bias)
    self.relu = relu
    y = AlignedBuffer(zeros: batchSize * weights.units)
    dY = AlignedBuffer(zeros: batchSize * weights.units)
  }

  var outputShape: Shape { [weights.units] }
  var parameters: NaiveParameters? { weights }

  /// [rows, inputs] · [inputs, units] → [rows, units]
  func forward(x: UnsafeMutablePointer<Float>, rows: Int) {
    let (inputs, units) = (weights.inputs, weights.units)
    let (w, bias) = (weights.values.floats, weights.bias)
    for i in 0..<rows {
      let y = y.floats + i * units
      for j in 0..<units { y[j] = bias[j] }
      for k in 0..<inputs {
        let value = x[i * inputs + k]
        let row = w + k * units
        for j in 0..<units { y[j] += value * row[j] }
      }
      if relu {
        for j in 0..<units { y[j] = max(y[j], 0) }
      }
    }
  }

  /// `dW = Xᵀ·dY`, `db = Σ dY`, `dX = dY·Wᵀ`
  func backward(x: UnsafeMutablePointer<Float>, rows: Int, dX: UnsafeMutablePointer<Float>?) {
    let (inputs, units) = (weights.inputs, weights.units)
    let (w, dW, dBias) = (weights.values.floats, weights.gradients.floats, weights.biasGradient)
    for j in 0..<weights.gradients.count { dW[j] = 0 }
    for k in 0..<inputs {
      let row = dW + k * units
      for i in 0..<rows {
        let value = x[i * inputs + k]
        let dY = dY.floats + i * units
        for j in 0..<units { row[j] += value * dY[j] }
      }
    }
    for i in 0..<rows {
      for j in 0..<units { dBias[j] += dY.floats[i * units + j] }
    }
    guard let dX else { return }
    for i in 0..<rows {
      let dY = dY.floats + i * units
      for k in 0..<inputs {
        let row = w + k * units
        var sum: Float = 0
        for j in 0..<units { sum += dY[j] * row[j] }
        dX[i * inputs + k] = x[i * inputs + k] > 0 ? sum : 0
      }
    }
  }
}

/// A convolution that moves by one place, with ReLU.
final class NaiveConvolution: NaiveLayer {
  private let weights: NaiveParameters
  private let height, width, channels: Int
  private let window: Window2D
  private let top, left: Int
  let outputShape: Shape
  let y, dY: AlignedBuffer

  init(weight: Tensor, bias: Tensor, over shape: Shape, _ window: Window2D, batchSize: Int) {
    weights = NaiveParameters(weight: weight, bias: bias)
    (height, width, channels) = (shape[0], shape[1], shape.rank == 2 ? 1 : shape[2])
    self.window = window
    let isSame = window.padding == .same
    (top, left) = isSame ? ((window.height - 1) / 2, (window.width - 1) / 2) : (0, 0)
    outputShape = [
      isSame ? height : height - window.height + 1, isSame ? width : width - window.width + 1,
      weights.units,
    ]
    y = AlignedBuffer(zeros: batchSize * outputShape.count)
    dY = AlignedBuffer(zeros: batchSize * outputShape.count)
  }

  var parameters: NaiveParameters? { weights }

  /// Calls `body` for each pair of a value of the input and a place of the result that meet, with the
  /// weights' row for them.
  private func forEachPair(rows: Int, _ body: (_ input: Int, _ output: Int, _ row: Int) -> Void) {
    for sample in 0..<rows {
      for i in 0..<outputShape[0] {
        for j in 0..<outputShape[1] {
          let output = ((sample * outputShape[0] + i) * outputShape[1] + j) * weights.units
          for r in 0..<window.height where 0..<height ~= i + r - top {
            for q in 0..<window.width where 0..<width ~= j + q - left {
              let place = (sample * height + i + r - top) * width + j + q - left
              for c in 0..<channels {
                let row = ((r * window.width + q) * channels + c) * weights.units
                body(place * channels + c, output, row)
              }
            }
          }
        }
      }
    }
  }

  func forward(x: UnsafeMutablePointer<Float>, rows: Int) {
    let (units, w, y) = (weights.units, weights.values.floats, y.floats)
    let count = rows * outputShape.count
    for place in 0..<count / units {
      for f in 0..<units { y[place * units + f] = weights.bias[f] }
    }
    forEachPair(rows: rows) { input, output, row in
      for f in 0..<units { y[output + f] += x[input] * w[row + f] }
    }
    for index in 0..<count { y[index] = max(y[index], 0) }
  }

  func backward(x: UnsafeMutablePointer<Float>, rows: Int, dX: UnsafeMutablePointer<Float>?) {
    let (units, w, dW, dY) = (
      weights.units, weights.values.floats, weights.gradients.floats, dY.floats
    )
    for j in 0..<weights.gradients.count { dW[j] = 0 }
    for place in 0..<rows * outputShape.count / units {
      for f in 0..<units { weights.biasGradient[f] += dY[place * units + f] }
    }
    forEachPair(rows: rows) { input, output, row in
      for f in 0..<units { dW[row + f] += x[input] * dY[output + f] }
    }
    guard let dX else { return }
    let count = rows * height * width * channels
    for index in 0..<count { dX[index] = 0 }
    forEachPair(rows: rows) { input, output, row in
      var sum: Float = 0
      for f in 0..<units { sum += dY[output + f] * w[row + f] }
      dX[input] += sum
    }
    for index in 0..<count where x[index] <= 0 { dX[index] = 0 }
  }
}

/// The largest values of squares side by side; a gradient goes to the first of equal ones.
final class NaiveMaxPooling: NaiveLayer {
  private let size, height, width, channels: Int
  let outputShape: Shape
  let y, dY: AlignedBuffer

  init(_ size: Int, over shape: Shape, batchSize: Int) {
    self.size = size
    (height, width, channels) = (shape[0], shape[1], shape.rank == 2 ? 1 : shape[2])
    outputShape = [height / size, width / size, channels]
    y = AlignedBuffer(zeros: batchSize * outputShape.count)
    dY = AlignedBuffer(zeros: batchSize * outputShape.count)
  }

  var parameters: NaiveParameters? { nil }

  /// Calls `body` for each output with the place of its largest input.
  private func forEach(
    x: UnsafeMutablePointer<Float>, rows: Int, _ body: (_ output: Int, _ largest: Int) -> Void
  ) {
    for sample in 0..<rows {
      for i in 0..<outputShape[0] {
        for j in 0..<outputShape[1] {
          for c in 0..<channels {
            let inputs = (0..<size * size).map { place in
              let (row, column) = (i * size + place / size, j * size + place % size)
              return ((sample * height + row) * width + column) * channels + c
            }
            let largest = inputs.dropFirst().reduce(inputs[0]) { x[$1] > x[$0] ? $1 : $0 }
            body(((sample * outputShape[0] + i) * outputShape[1] + j) * channels + c, largest)
          }
        }
      }
    }
  }

  func forward(x: UnsafeMutablePointer<Float>, rows: Int) {
    forEach(x: x, rows: rows) { output, largest in y.floats[output] = x[largest] }
  }

  func backward(x: UnsafeMutablePointer<Float>, rows: Int, dX: UnsafeMutablePointer<Float>?) {
    guard let dX else { return }
    for index in 0..<rows * height * width * channels { dX[index] = 0 }
    forEach(x: x, rows: rows) { output, largest in
      dX[largest] += x[largest] > 0 ? dY.floats[output] : 0
    }
  }
}
