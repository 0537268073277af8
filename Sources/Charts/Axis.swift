import Foundation

/// Where an axis begins and ends, and how its marks are spaced.
package enum Axis {
  /// All finite values with a little room around them, and none above `highest` unless a value is,
  /// as an accuracy in percent; 0 to 1 where there are no values.
  package static func range(of values: [Double], highest: Double) -> ClosedRange<Double> {
    // gnuplot draws none above, and the room of none below is too large for a number.
    let finite = values.filter { abs($0) < 1e307 }
    guard let least = finite.min(), let greatest = finite.max() else { return 0...1 }
    // Numbers that are all but equal get an axis as of equal ones.
    let difference = greatest - least
    let isFlat = difference <= max(max(abs(greatest), abs(least)) * 1e-9, 1e-300)
    let room = isFlat ? max(abs(greatest) * 0.05, 0.05) : difference * 0.05
    // Figures are never negative, and neither is their axis.
    let lower = least >= 0 ? max(0, least - room) : least - room
    let upper = greatest <= highest ? min(greatest + room, highest) : greatest + room
    return lower...max(lower + room, upper)
  }

  /// The step of marks at whole numbers of which there are at most ten up to `count`.
  package static func wholeStep(over count: Int) -> Int {
    let exact = Double(count) / 10
    let power = pow(10, max(0, log10(exact).rounded(.down)))
    return [1, 2, 5, 10].map { Int($0 * power) }.first { Double($0) >= exact } ?? count
  }
}
