import Foundation

extension Int {
  /// The number with a comma before every three digits, as in 60,000.
  var grouped: String {
    let digits = String(magnitude)
    var result = ""
    for (place, digit) in digits.enumerated() {
      if place > 0 && (digits.count - place).isMultiple(of: 3) { result += "," }
      result.append(digit)
    }
    return self < 0 ? "-" + result : result
  }
}

extension Double {
  /// The number with a fixed number of decimals.
  func formatted(decimals: Int) -> String { String(format: "%.\(decimals)f", self) }

  /// A duration in seconds, in the unit that suits it, as Keras prints the time of a step.
  var asStepTime: String {
    if self >= 1 { return "\(Int(rounded()))s" }
    if self >= 1e-3 { return "\(Int((self * 1e3).rounded()))ms" }
    return "\(Int((self * 1e6).rounded()))us"
  }
}

extension String {
  /// The text with spaces added up to a width, before it or behind.
  func padded(to width: Int, left: Bool = false) -> String {
    let spaces = String(repeating: " ", count: Swift.max(0, width - count))
    return left ? spaces + self : self + spaces
  }
}
