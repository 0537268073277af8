/// A number in double precision with a bound on what the same computation in Float may be off by.
///
/// Each operation adds the error of its own rounding to what its operands bring along (Wilkinson's
/// running error analysis), so a reference written in these numbers yields its own bounds. A fused
/// multiply-add rounds once less and stays within them.
public struct Rounded {
  /// The exact result, as far as double precision goes.
  public var value: Double
  /// The bound on the error in Float.
  public var error: Double

  /// A number that Float holds exactly.
  public init(_ value: Float) { self.init(Double(value), error: 0) }

  /// A number with an error it already has.
  public init(_ value: Double, error: Double) {
    (self.value, self.error) = (value, error)
  }

  /// The result of one rounded operation whose operands contribute `error`.
  private init(rounding value: Double, error: Double) {
    let smallest = Double(Float.leastNonzeroMagnitude)
    // A percent on top for products of errors, which the operations below leave out.
    self.init(value, error: 1.01 * error + abs(value) * floatRounding + smallest)
  }

  /// The sum, rounded.
  public static func + (a: Rounded, b: Rounded) -> Rounded {
    Rounded(rounding: a.value + b.value, error: a.error + b.error)
  }

  /// The difference, rounded.
  public static func - (a: Rounded, b: Rounded) -> Rounded {
    Rounded(rounding: a.value - b.value, error: a.error + b.error)
  }

  /// The product, rounded.
  public static func * (a: Rounded, b: Rounded) -> Rounded {
    Rounded(
      rounding: a.value * b.value, error: abs(a.value) * b.error + abs(b.value) * a.error)
  }

  /// The quotient, rounded.
  public static func / (a: Rounded, b: Rounded) -> Rounded {
    let quotient = a.value / b.value
    return Rounded(
      rounding: quotient, error: (a.error + abs(quotient) * b.error) / abs(b.value))
  }

  /// The square root.
  public func squareRoot() -> Rounded {
    let root = value.squareRoot()
    return Rounded(rounding: root, error: value == 0 ? error.squareRoot() : error / (2 * root))
  }
}

extension Reference {
  /// A row of results with the bounds that they bring along.
  public init(_ results: [Rounded]) {
    self.init(
      rows: 1, columns: results.count, values: results.map(\.value), bounds: results.map(\.error))
  }
}
