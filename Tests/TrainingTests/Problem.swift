import Testing
import Training

/// The problem that Goldens/make_goldens.py poses to Keras, from the same integer formulas.
enum Problem {
  static let (sampleCount, inputs, hidden, classes, batchSize) = (80, 4, 5, 3, 8)

  static let samples = matrix(sampleCount, inputs) { i, j in (7 * i + 3 * j + i * i * j) % 17 - 8 }

  static let labels = (0..<sampleCount).map { ($0 * $0 + 2 * ($0 / 3)) % classes }

  /// The labels as rows with one 1.
  static let rows = matrix(sampleCount, classes) { labels[$0] == $1 ? 8 : 0 }

  static func weight(_ units: Int, _ inputs: Int) -> Tensor {
    matrix(units, inputs) { i, j in (5 * i + 3 * j + i * j) % 11 - 5 }
  }

  /// A matrix of eighths.
  static func matrix(_ rows: Int, _ columns: Int, _ eighths: (Int, Int) -> Int) -> Tensor {
    let elements = (0..<rows).flatMap { i in
      (0..<columns).map { j in Float(eighths(i, j)) / 8 }
    }
    return Tensor(elements, shape: [rows, columns])
  }

  /// Tanh between two dense layers, then scores.
  static func model(l2: Float = 0, threads: Int = 1) throws -> Sequential {
    let model = try Sequential(
      inputShape: [inputs],
      [
        Dense(hidden, weightInitializer: .values(weight(hidden, inputs)), l2: l2), Tanh(),
        Dense(classes, weightInitializer: .values(weight(classes, hidden)), l2: l2),
      ])
    model.threads = threads
    model.fixedParts = threads
    return model
  }
}

/// What Keras reports of ten steps.
struct Run: Sendable {
  let losses: [Double]
  let weights: [Float]
  let evaluatedLoss: Double
}

/// A run of Keras's `ReduceLROnPlateau`.
struct Reduction: Sendable {
  let factor: Float
  let patience: Int
  let cooldown: Int
  let minimumRate: Float
  let rates: [Float]
}

/// What scikit-learn says about some predictions.
struct Confusion: Sendable {
  let counts: [[Int]]
  let precision, recall, f1: [Double]
  let support: [Int]
  let macro: [Double]
  let accuracy: Double
}

/// A minimum that scikit-learn finds.
struct Logistic: Sendable {
  let weight: [Float]
  let bias: [Float]
  let loss: Double
}

/// Expects as many values as in another sequence, each within `tolerance`; NaN is never close.
func expectClose<Number: BinaryFloatingPoint>(
  _ values: [Number], _ expected: [Number], within tolerance: Double, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard values.count == expected.count else {
    Issue.record(
      "expected \(expected.count) values, got \(values.count)", sourceLocation: sourceLocation)
    return
  }
  for (index, (value, expected)) in zip(values, expected).enumerated()
  where !(abs(Double(value) - Double(expected)) <= tolerance) {
    Issue.record(
      "element \(index): expected \(expected), got \(value). \(comment?.rawValue ?? "")",
      sourceLocation: sourceLocation)
    return
  }
}

extension Sequential {
  /// All parameters in one array.
  var flatWeights: [Float] { weights.flatMap(\.elements) }
}

/// Random samples and labels for a model whose result does not matter.
func randomSamples(_ shape: Shape, seed: UInt64) -> Tensor {
  var generator = RandomGenerator(seed: seed, for: .data)
  return Tensor((0..<shape.count).map { _ in generator.uniform(-1, 1) }, shape: shape)
}

func randomLabels(_ count: Int, classes: Int, seed: UInt64) -> [Int] {
  var generator = RandomGenerator(seed: seed &+ 1, for: .data)
  return (0..<count).map { _ in Int.random(in: 0..<classes, using: &generator) }
}
