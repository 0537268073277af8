import Layers
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A loss with scores and targets for it.
struct LossProblem: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let loss: Loss
  let rows, columns: Int
  var scores: [Float]
  var labels: [Int32]?
  var targets: [Float]?
  var weights: [Float]?
  let random: Seeded

  /// Runs the loss on buffers full of NaN.
  func evaluate(scale: Float) -> (losses: TestMatrix<Float>, gradient: TestMatrix<Float>) {
    let scores = TestMatrix(scores, rows, columns)
    let losses = TestMatrix<Float>(poisoned: 1, rows)
    let gradient = TestMatrix<Float>(poisoned: rows, columns)
    let targetRows = { (labels: UnsafePointer<Int32>?, values: UnsafePointer<Float>?) in
      withOptionalPointer(weights) { weights in
        loss.evaluate(
          scores.view, TargetRows(labels: labels, values: values, weights: weights), scale: scale,
          losses: losses.view.baseAddress, gradient: gradient.view)
      }
    }
    withOptionalPointer(labels) { labels in
      withOptionalPointer(targets) { targets in targetRows(labels, targets) }
    }
    return (losses, gradient)
  }

  /// The smoothed target of each element, in double precision.
  var smoothedTargets: [Double] {
    let smoothing = Double(loss.labelSmoothing)
    let everywhere = smoothing / (loss.isYesOrNo ? 2 : Double(columns))
    return scores.indices.map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let target = targets.map { Double($0[index]) } ?? (column == Int(labels![row]) ? 1 : 0)
      return (1 - smoothing) * target + everywhere
    }
  }

  func weight(ofRow row: Int) -> Double { Double(weights?[row] ?? 1) }
}

private func withOptionalPointer<Element>(
  _ array: [Element]?, _ body: (UnsafePointer<Element>?) -> Void
) {
  if let array { array.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}

/// The losses of each row by their formulas, in double precision, from scores and targets of a row.
enum LossFunctions {
  typealias Function = @Sendable (_ scores: [Double], _ targets: [Double]) -> Double

  static let softmaxCrossEntropy: Function = { scores, targets in
    let maximum = scores.max() ?? 0
    let logarithm = log(scores.reduce(0) { $0 + exp($1 - maximum) })
    return zip(scores, targets).reduce(0) { $0 + $1.1 * (logarithm + (maximum - $1.0)) }
  }

  static let categoricalCrossEntropy: Function = { scores, targets in
    let cut = Double(Float(1e-7))
    let sum = scores.reduce(0, +)
    return zip(scores, targets).reduce(0) {
      $0 - $1.1 * log(min(max($1.0 / sum, cut), Double(1 - Float(1e-7))))
    }
  }

  static let binaryCrossEntropy: Function = { scores, targets in
    zip(scores, targets).reduce(0) {
      $0 + max($1.0, 0) - $1.0 * $1.1 + log1p(exp(-abs($1.0)))
    } / Double(scores.count)
  }

  static let meanSquaredError: Function = { scores, targets in
    zip(scores, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(scores.count)
  }
}
