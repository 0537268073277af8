import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A multi-layer perceptron with a softmax and cross-entropy in Float64, written as plainly as can
/// be, to check gradients against.
struct Reference {
  enum Activation: Sendable { case relu, tanh }

  /// The sizes of input, hidden layers and output.
  let sizes: [Int]
  let activation: Activation
  var l2 = 0.0
  var smoothing = 0.0
  var classWeights: [Double]?

  /// The loss for parameters in the order of `Sequential.weights`, and how near a unit before an
  /// activation comes to 0, where ReLU has a kink.
  func loss(_ parameters: [Double], _ samples: [[Double]], _ labels: [Int]) -> (
    loss: Double, margin: Double
  ) {
    var (sum, margin) = (0.0, Double.infinity)
    for (sample, label) in zip(samples, labels) {
      let scores = self.scores(parameters, sample, &margin)
      let highest = scores.max() ?? 0
      let logSum = highest + log(scores.reduce(0) { $0 + exp($1 - highest) })
      for (column, score) in scores.enumerated() {
        let target = (column == label ? 1 - smoothing : 0) + smoothing / Double(scores.count)
        sum += (classWeights?[label] ?? 1) * target * (logSum - score)
      }
    }
    return (sum / Double(samples.count) + penalty(parameters), margin)
  }

  /// The gradient of the loss by central differences.
  func gradient(_ parameters: [Double], _ samples: [[Double]], _ labels: [Int]) -> [Double] {
    let step = 1e-5
    return parameters.indices.map { index in
      var (above, below) = (parameters, parameters)
      above[index] += step
      below[index] -= step
      let difference = loss(above, samples, labels).loss - loss(below, samples, labels).loss
      return difference / (2 * step)
    }
  }

  private func scores(_ parameters: [Double], _ sample: [Double], _ margin: inout Double)
    -> [Double]
  {
    var (x, offset) = (sample, 0)
    for (layer, (inputs, units)) in zip(sizes, sizes.dropFirst()).enumerated() {
      let bias = offset + units * inputs
      var y = (0..<units).map { unit in
        (0..<inputs).reduce(parameters[bias + unit]) {
          $0 + parameters[offset + unit * inputs + $1] * x[$1]
        }
      }
      if layer + 2 < sizes.count {
        margin = min(margin, y.map(abs).min() ?? .infinity)
        y = y.map { activation == .relu ? max($0, 0) : hyperbolicTangent($0) }
      }
      (x, offset) = (y, bias + units)
    }
    return x
  }

  private func penalty(_ parameters: [Double]) -> Double {
    var (sum, offset) = (0.0, 0)
    for (inputs, units) in zip(sizes, sizes.dropFirst()) {
      sum += parameters[offset..<offset + units * inputs].reduce(0) { $0 + $1 * $1 }
      offset += units * inputs + units
    }
    return l2 * sum
  }
}

/// The library's `tanh`, whose name an activation has here.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
