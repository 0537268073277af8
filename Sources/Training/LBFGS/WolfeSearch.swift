/// A search along a line for a step α that meets the strong Wolfe conditions
/// `φ(α) ≤ φ(0) + c₁·α·φ′(0)` and `|φ′(α)| ≤ c₂·|φ′(0)|`, for φ with `φ′(0) < 0`.
///
/// Algorithms 3.5 and 3.6 of Nocedal and Wright 2006. A point that is not finite counts as one that
/// is too high. Values that differ by rounding alone say nothing; there the slopes decide, as in the
/// approximate Wolfe conditions of Hager and Zhang 2005.
package struct WolfeSearch {
  /// A step with what is found there.
  package struct Point {
    package let step: Double
    /// φ(α)
    package let value: Double
    /// φ′(α)
    package let slope: Double

    package init(step: Double, value: Double, slope: Double) {
      (self.step, self.value, self.slope) = (step, value, slope)
    }

    var isFinite: Bool { value.isFinite && slope.isFinite }
  }

  /// c₁ and c₂, as the book has them for quasi-Newton methods.
  package static let (sufficientDecrease, curvature) = (1e-4, 0.9)
  /// Each is a pass over the samples. Shrinking tenfold, so many reach down to 1e-20.
  package static let mostEvaluations = 20
  /// The least part of an interval that is cut off, and how a step that was too short may grow.
  private static let (leastCut, growth) = (0.1, 2.0...10.0)

  /// The line's beginning, α = 0.
  private let start: Point
  /// How far two values may be apart by rounding.
  private let rounding: Double
  private let evaluate: (Double) -> Point
  package private(set) var evaluations = 0

  /// - Parameters:
  ///   - start: φ(0) and φ′(0), which is negative
  ///   - rounding: how far two values may be apart by rounding
  ///   - evaluate: gives φ and φ′ at a step
  package init(from start: Point, rounding: Double, evaluate: @escaping (Double) -> Point) {
    self.start = start
    self.rounding = rounding
    self.evaluate = evaluate
  }

  /// Finds a step.
  ///
  /// Where evaluations run out, it is the lowest that was found, which may be steep; nil where none
  /// is lower than the start.
  package mutating func run(firstStep: Double) -> Point? {
    var previous = start
    var step = firstStep
    while evaluations < Self.mostEvaluations {
      let point = point(at: step)
      if isTooHigh(point) || evaluations > 1 && isHigher(point, than: previous) {
        return zoom(low: previous, high: point)
      }
      if isFlat(point) { return point }
      if point.slope >= 0 { return zoom(low: point, high: previous) }
      // A cubic without a minimum ahead gives NaN or a place behind.
      let growth = Self.minimum(previous, point, rounding: rounding) / point.step
      let (least, most) = (Self.growth.lowerBound, Self.growth.upperBound)
      step = point.step * (growth > least ? min(growth, most) : least)
      previous = point
    }
    return lower(previous)
  }

  /// Narrows an interval that has good steps in it: `low` is the lowest point so far, and its slope
  /// leads towards `high`.
  private mutating func zoom(low: Point, high: Point) -> Point? {
    var (low, high) = (low, high)
    while evaluations < Self.mostEvaluations {
      let point = point(at: Self.between(low, high, rounding: rounding))
      if isTooHigh(point) || isHigher(point, than: low) {
        high = point
        continue
      }
      if isFlat(point) { return point }
      if point.slope * (high.step - low.step) >= 0 { high = low }
      low = point
    }
    return lower(low)
  }

  private func lower(_ point: Point) -> Point? { point.value < start.value ? point : nil }

  private mutating func point(at step: Double) -> Point {
    evaluations += 1
    return evaluate(step)
  }

  /// Whether the first condition is not met.
  private func isTooHigh(_ point: Point) -> Bool {
    if !point.isFinite { return true }
    let c1 = Self.sufficientDecrease
    if point.value <= start.value + c1 * point.step * start.slope { return false }
    let isLevel = abs(point.value - start.value) <= rounding
    return !(isLevel && point.slope <= (2 * c1 - 1) * start.slope)
  }

  private func isHigher(_ point: Point, than low: Point) -> Bool {
    point.value - low.value >= rounding
  }

  /// Whether the second condition is met.
  private func isFlat(_ point: Point) -> Bool {
    abs(point.slope) <= Self.curvature * abs(start.slope)
  }

  /// A step well inside an interval, near the minimum of what is known of φ.
  private static func between(_ low: Point, _ high: Point, rounding: Double) -> Double {
    let width = high.step - low.step
    if !high.isFinite { return low.step + leastCut * width }
    let place = (minimum(low, high, rounding: rounding) - low.step) / width
    return low.step + width * (place.isNaN ? 0.5 : min(max(place, leastCut), 1 - leastCut))
  }

  /// Where the cubic through two points with their slopes has its minimum (3.59 in the book), NaN
  /// where it has none; where the values tell nothing, where the line through the slopes is 0.
  private static func minimum(_ a: Point, _ b: Point, rounding: Double) -> Double {
    let width = b.step - a.step
    if abs(a.value - b.value) <= rounding { return a.step - a.slope * width / (b.slope - a.slope) }
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
    let d2 = (d1 * d1 - a.slope * b.slope).squareRoot() * (width < 0 ? -1 : 1)
    return b.step - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
  }
}
