import Testing
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A minimum of softmax regression with a penalty λ·ΣW², in double precision.
struct LogisticGolden: Sendable, CustomTestStringConvertible {
  let l2: Double
  /// The smallest eigenvalue of the Hessian there, but for that of a number added to all biases.
  let curvature: Double
  let loss: Double
  /// [classes, inputs], a row after the other.
  let weight: [Double]
  let bias: [Double]

  var testDescription: String { "λ \(l2)" }
}

/// The problem that Goldens/logistic_goldens.py poses to scikit-learn, from the same formulas, and
/// its loss in double precision.
enum LogisticProblem {
  static let (sampleCount, inputs, classes) = (300, 12, 5)
  static let samples = Problem.matrix(sampleCount, inputs) { i, j in
    (7 * i + 3 * j + i * i * j) % 23 - 11
  }

  static func model(l2: Double, threads: Int) throws -> Sequential {
    let model = try Sequential(
      inputShape: [inputs], [Dense(classes, l2: Float(l2)), Softmax()], seed: 3)
    model.threads = threads
    return model
  }

  /// The gradient's norm at a model's weights.
  static func gradientNorm(_ model: Sequential, l2: Double) -> Double {
    let weight = model.weights[0].elements.map { Double($0) }
    let bias = model.weights[1].elements.map { Double($0) }
    var weightGradient = weight.map { 2 * l2 * $0 }
    var biasGradient = bias.map { _ in 0.0 }
    let rows = samples.elements.map { Double($0) }
    for (sample, label) in LogisticGoldens.labels.enumerated() {
      let x = rows[sample * inputs..<(sample + 1) * inputs]
      let powers = (0..<classes).map { unit in
        exp(
          zip(weight[unit * inputs..<(unit + 1) * inputs], x).reduce(bias[unit]) {
            $0 + $1.0 * $1.1
          })
      }
      for unit in 0..<classes {
        let error = powers[unit] / powers.reduce(0, +) - (unit == label ? 1 : 0)
        biasGradient[unit] += error / Double(sampleCount)
        for (input, value) in x.enumerated() {
          weightGradient[unit * inputs + input] += error * value / Double(sampleCount)
        }
      }
    }
    return (weightGradient + biasGradient).reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
