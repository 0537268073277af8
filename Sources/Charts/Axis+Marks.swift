import Foundation
import Text
import Training

extension Axis {
  /// A place on an axis and what stands there.
  package typealias Mark = (value: Double, text: String)

  /// Marks at round numbers of a range, at most so many, with as many digits as tell each from the
  /// next.
  package static func marks(of range: ClosedRange<Double>, most: Int) -> [Mark] {
    // Each end is divided alone, since their difference may be too large for a number.
    let exact = range.upperBound / Double(most) - range.lowerBound / Double(most)
    guard exact.isNormal else { return [] }
    let power = pow(10, log10(exact).rounded(.down))
    for factor in [1, 2, 2.5, 5, 10, 20] {
      let step = factor * power
      // What division leaves of a mark at an end is not to lose it.
      let first = (range.lowerBound / step - 1e-6).rounded(.up)
      let count = (range.upperBound / step + 1e-6).rounded(.down) - first + 1
      guard count <= Double(most) else { continue }
      let values = (0..<max(0, Int(count))).map { (first + Double($0)) * step }
      return Array(zip(values, texts(of: values, step: step, isQuarter: factor == 2.5)))
    }
    return []
  }

  private static func texts(of values: [Double], step: Double, isQuarter: Bool) -> [String] {
    let greatest = values.map(abs).max() ?? 0
    let digits = (isQuarter ? 1 : 0) - Int((log10(step) + 1e-9).rounded(.down))
    let plain = values.map { $0.fixed(max(0, digits)) }
    if greatest < 1e6, digits <= 6 { return plain }
    let places = Int(log10(max(greatest, step)).rounded(.down)) + digits
    let powers = values.map { $0 == 0 ? "0" : String(format: "%.\(max(0, places))e", $0) }
    let lengths = [plain, powers].map { $0.map(\.count).max() ?? 0 }
    return lengths[0] <= lengths[1] ? plain : powers
  }
}

extension Script {
  /// Puts marks on an axis, which is `x`, `y` or `cb`.
  mutating func marks(_ marks: [Axis.Mark], on axis: String) {
    let list = marks.map { "\(Self.quoted($0.text)) \($0.value)" }.joined(separator: ", ")
    add("set \(axis)tics (\(list))")
  }
}
