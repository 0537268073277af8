import Foundation
import Maru

/// A network of dense layers, ReLU between them, trained by plain loops on one thread: what BLAS is
/// measured against.
///
/// Unsafe pointers keep bounds checks out of the comparison, and the innermost loops run along rows,
/// so that the compiler can turn most of them into vector instructions.
package final class NaiveNetwork {
  private let layers: [NaiveDense]
  private let optimizer: any Optimizer
  private let input: AlignedBuffer
  private var steps = 0

  /// Takes the parameters of a model of dense layers, and the rule to update them: SGD without
  /// momentum, or Adam.
  package init(_ model: Sequential, optimizer: any Optimizer, batchSize: Int) {
    let weights = model.weights
    layers = stride(from: 0, to: weights.count, by: 2).map {
      NaiveDense(weight: weights[$0], bias: weights[$0 + 1], batchSize: batchSize)
    }
    self.optimizer = optimizer
    input = AlignedBuffer(zeros: batchSize * layers[0].inputs)
  }

  /// Trains on one batch, the samples at the given indices, and returns the mean loss before the
  /// update and the share of correct predictions.
  package func step(
    _ samples: LabelledImages, _ indices: some Collection<Int>
  ) -> (loss: Double, accuracy: Double) {
    let figures = forward(samples, indices)
    let rows = indices.count
    for index in layers.indices.reversed() {
      let below = index > 0 ? layers[index - 1] : nil
      layers[index].backward(
        x: below?.y.floats ?? input.floats, rows: rows, dX: below?.dY.floats)
    }
    steps += 1
    for layer in layers { layer.update(optimizer, step: steps) }
    return figures
  }

  /// The mean loss and the accuracy on a batch, and the gradients of the scores in the last layer.
  package func forward(
    _ samples: LabelledImages, _ indices: some Collection<Int>
  ) -> (loss: Double, accuracy: Double) {
    var x = input.floats
    for (row, index) in indices.enumerated() {
      let pixels = samples.images[index]
      for (column, pixel) in pixels.enumerated() {
        x[row * pixels.count + column] = Float(pixel) * (1 / 255)
      }
    }
    for (index, layer) in layers.enumerated() {
      layer.forward(x: x, rows: indices.count, relu: index < layers.count - 1)
      x = layer.y.floats
    }
    return softmaxCrossEntropy(samples, indices)
  }

  private func softmaxCrossEntropy(
    _ samples: LabelledImages, _ indices: some Collection<Int>
  ) -> (loss: Double, accuracy: Double) {
    let output = layers[layers.count - 1]
    let (classes, rows) = (output.units, Float(indices.count))
    var (loss, hits) = (0.0, 0)
    for (row, index) in indices.enumerated() {
      let scores = UnsafeBufferPointer(
        start: output.y.floats + row * classes, count: classes)
      let gradient = output.dY.floats + row * classes
      let label = samples.labels[index]
      let highest = scores.max() ?? 0
      var sum: Float = 0
      for j in 0..<classes { sum += exp(scores[j] - highest) }
      for j in 0..<classes {
        gradient[j] = (exp(scores[j] - highest) / sum - (j == label ? 1 : 0)) / rows
      }
      loss += Double(log(sum) + highest - scores[label])
      if scores.firstIndex(of: highest) == label { hits += 1 }
    }
    return (loss / Double(rows), Double(hits) / Double(rows))
  }
}

/// A dense layer with what training it needs: `Y = X·W + b`, `W` [inputs, units].
///
/// The weight lies the other way round than in ``Dense``, so that rows are long in all three loops.
private final class NaiveDense {
  let inputs, units: Int
  /// The weight, then the bias.
  let parameters: AlignedBuffer
  let gradients, means, squares: AlignedBuffer
  /// The outputs of a batch after ReLU, and the gradients of the loss before it.
  let y, dY: AlignedBuffer

  init(weight: Tensor, bias: Tensor, batchSize: Int) {
    (units, inputs) = (weight.shape[0], weight.shape[1])
    let count = (inputs + 1) * units
    parameters = AlignedBuffer(zeros: count)
    (gradients, means, squares) = (
      AlignedBuffer(zeros: count), AlignedBuffer(zeros: count), AlignedBuffer(zeros: count)
    )
    y = AlignedBuffer(zeros: batchSize * units)
    dY = AlignedBuffer(zeros: batchSize * units)
    weight.withUnsafeBufferPointer { values in
      for j in 0..<units {
        for k in 0..<inputs { parameters.floats[k * units + j] = values[j * inputs + k] }
      }
    }
    bias.withUnsafeBufferPointer { values in
      for j in 0..<units { parameters.floats[inputs * units + j] = values[j] }
    }
  }

  /// `Y = X·W + b`, [rows, inputs] · [inputs, units] → [rows, units]
  func forward(x: UnsafeMutablePointer<Float>, rows: Int, relu: Bool) {
    let (w, bias) = (parameters.floats, parameters.floats + inputs * units)
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

  /// `dW = Xᵀ·dY`, `db = Σ dY`; and `dX = dY·Wᵀ` where x > 0, for the layer below and its ReLU.
  func backward(x: UnsafeMutablePointer<Float>, rows: Int, dX: UnsafeMutablePointer<Float>?) {
    let (w, dW, dBias) = (parameters.floats, gradients.floats, gradients.floats + inputs * units)
    for j in 0..<gradients.count { dW[j] = 0 }
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

  /// The update of ``SGD`` or ``Adam``.
  func update(_ optimizer: any Optimizer, step: Int) {
    let (w, g, m, v) = (parameters.floats, gradients.floats, means.floats, squares.floats)
    switch optimizer {
    case let sgd as SGD where sgd.momentum == 0:
      let rate = sgd.learningRate.rate(at: step - 1)
      for j in 0..<parameters.count { w[j] -= rate * g[j] }
    case let adam as Adam where adam.weightDecay == 0:
      let (beta1, beta2, epsilon) = (adam.beta1, adam.beta2, adam.epsilon)
      let rate =
        adam.learningRate.rate(at: step - 1) * (1 - pow(beta2, Float(step))).squareRoot()
        / (1 - pow(beta1, Float(step)))
      for j in 0..<parameters.count {
        m[j] += (1 - beta1) * (g[j] - m[j])
        v[j] += (1 - beta2) * (g[j] * g[j] - v[j])
        w[j] -= rate * m[j] / (v[j].squareRoot() + epsilon)
      }
    default:
      fatalError("NaiveNetwork: expected plain SGD or Adam, got \(optimizer)")
    }
  }
}
