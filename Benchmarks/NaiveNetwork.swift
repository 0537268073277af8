import Foundation
import Maru

/// A network of a workload, trained by plain loops on one thread: what the library is measured against.
///
/// Unsafe pointers keep bounds checks out of the comparison, and the innermost loops run along rows,
/// so that the compiler can turn most of them into vector instructions.
package final class NaiveNetwork {
  private let layers: [any NaiveLayer]
  private let optimizer: any Optimizer
  private let input: AlignedBuffer
  private var steps = 0

  /// Takes the layers of a workload and the parameters of its model.
  package init(_ model: Sequential, of workload: Workload, batchSize: Int) {
    optimizer = workload.optimizer
    input = AlignedBuffer(zeros: batchSize * workload.inputShape.count)
    var shape = workload.inputShape
    var weights = model.weights[...]
    let last = workload.network.count - 1
    layers = workload.network.enumerated().map { index, layer in
      let made: any NaiveLayer
      switch layer {
      case .dense:
        made = NaiveDense(
          weight: weights.removeFirst(), bias: weights.removeFirst(), batchSize: batchSize,
          relu: index < last)
      case .convolution(_, let window):
        made = NaiveConvolution(
          weight: weights.removeFirst(), bias: weights.removeFirst(), over: shape, window,
          batchSize: batchSize)
      case .maxPooling(let size):
        made = NaiveMaxPooling(size, over: shape, batchSize: batchSize)
      }
      shape = made.outputShape
      return made
    }
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
    for layer in layers { layer.parameters?.update(optimizer, step: steps) }
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
    for layer in layers {
      layer.forward(x: x, rows: indices.count)
      x = layer.y.floats
    }
    return softmaxCrossEntropy(samples, indices)
  }

  private func softmaxCrossEntropy(
    _ samples: LabelledImages, _ indices: some Collection<Int>
  ) -> (loss: Double, accuracy: Double) {
    let output = layers[layers.count - 1]
    let (classes, rows) = (output.outputShape.count, Float(indices.count))
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
