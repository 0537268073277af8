/// What a computation should give, in double precision, with the error allowed to each element.
public struct Reference {
  /// Sizes of the result.
  public let rows, columns: Int
  /// The exact result, in row-major order.
  public var values: [Double]
  /// The largest difference allowed to each element.
  public var bounds: [Double]

  /// States a result and its bounds.
  public init(rows: Int, columns: Int, values: [Double], bounds: [Double]) {
    (self.rows, self.columns, self.values, self.bounds) = (rows, columns, values, bounds)
  }

  /// States a result, each element of which may be off by `relative` of its size plus `absolute`.
  public init(
    rows: Int, columns: Int, values: [Double], relative: Double = 0, absolute: Double = 0
  ) {
    self.init(
      rows: rows, columns: columns, values: values,
      bounds: values.map { abs($0) * relative + absolute })
  }
}

/// Half the distance from 1 to the next Float: the relative error of one rounding.
public let floatRounding = 0x1p-24

/// Computes `C = α·A·B + β·C` by the definition.
///
/// The bound is that of Higham (2002, §3.5) for a sum in any order, with a rounding each for the
/// products with α and β and their sum: `(k + 3)·u·(|α|·|A|·|B| + |β|·|C|)`, u the unit roundoff.
/// - Parameters:
///   - a: element (i, l) of the left operand, i < m, l < k
///   - b: element (l, j) of the right operand
///   - c: element (i, j) of the old result; not called where `beta` is 0
///   - rounding: u
public func naiveProduct(
  m: Int, n: Int, k: Int, alpha: Double = 1, beta: Double = 0, rounding: Double = floatRounding,
  a: (Int, Int) -> Double, b: (Int, Int) -> Double, c: (Int, Int) -> Double = { _, _ in 0 }
) -> Reference {
  var values: [Double] = []
  var bounds: [Double] = []
  for i in 0..<m {
    for j in 0..<n {
      var sum = 0.0
      var size = 0.0
      for l in 0..<k {
        let product = a(i, l) * b(l, j)
        sum += product
        size += abs(product)
      }
      let old = beta == 0 ? 0 : beta * c(i, j)
      values.append(alpha * sum + old)
      bounds.append(Double(k + 3) * rounding * (abs(alpha) * size + abs(old)))
    }
  }
  return Reference(rows: m, columns: n, values: values, bounds: bounds)
}
