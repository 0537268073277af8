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
  let loss: any Loss
  /// That of the loss, which not every loss has.
  var smoothing: Float = 0
  let rows, columns: Int
  var scores: [Float]
  var labels: [Int32]?
  var targets: [Float]?
  let random: Seeded

  /// Runs the loss on buffers full of NaN.
  func evaluate(scale: Float) -> (losses: TestMatrix<Float>, gradient: TestMatrix<Float>) {
    let scores = TestMatrix(scores, rows, columns)
    let losses = TestMatrix<Float>(poisoned: 1, rows)
    let gradient = TestMatrix<Float>(poisoned: rows, columns)
    withOptionalPointer(labels) { labels in
      withOptionalPointer(targets) { values in
        loss.evaluate(
          scores.view, TargetRows(labels: labels, values: values, columns: columns), scale: scale,
          losses: losses.view.baseAddress, gradient: gradient.view)
      }
    }
    return (losses, gradient)
  }

  /// The smoothed target of each element, in double precision.
  var smoothedTargets: [Double] {
    let smoothing = Double(smoothing)
    let everywhere = smoothing / (loss.outputKind == .decisions ? 2 : Double(columns))
    return scores.indices.map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let target = targets.map { Double($0[index]) } ?? (column == Int(labels![row]) ? 1 : 0)
      return (1 - smoothing) * target + everywhere
    }
  }
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

  static let meanAbsoluteError: Function = { scores, targets in
    zip(scores, targets).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(scores.count)
  }

  static func huber(_ delta: Double) -> Function {
    { scores, targets in
      zip(scores, targets).reduce(0) {
        let error = abs($1.0 - $1.1)
        return $0 + (error <= delta ? error * error / 2 : delta * (error - delta / 2))
      } / Double(scores.count)
    }
  }
}
