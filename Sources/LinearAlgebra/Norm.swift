/// How the size of a matrix is measured.
public enum MatrixNorm: Sendable, CaseIterable {
  /// The largest sum of magnitudes of a column.
  case one
  /// The largest sum of magnitudes of a row.
  case infinity
  /// The root of the sum of squares of all elements.
  case frobenius
  /// The largest singular value; the others take a pass over the elements, this one a decomposition.
  case two
}

/// The norm of a matrix, the Frobenius norm unless another is asked for, as NumPy's `norm`.
///
/// 0 for a matrix without elements. Squares do not overflow. Throws where an element is not finite,
/// and, for the 2-norm, where the singular values do not converge. No transpose is copied.
public func norm<Scalar>(
  _ a: Matrix<Scalar>, _ kind: MatrixNorm = .frobenius
) throws(LinearAlgebraError) -> Scalar {
  switch kind {
  case .two: return try singularValues(a).first ?? 0
  case .one, .infinity, .frobenius:
    try requireFinite(a, "A")
    return elementNorm(a, kind)
  }
}

/// The condition number `σ₁/σₖ`, the ratio of the largest to the smallest singular value.
///
/// Of a square matrix it says how many times larger a relative error of `B` may be in the solution of
/// `A·X = B`. Infinite for a matrix that is singular to the last bit, such as 0; 0 for one without
/// elements. It takes a singular value decomposition;
/// ``LUFactors/reciprocalCondition`` estimates the one in the 1-norm from factors at hand.
public func conditionNumber<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> Scalar {
  let values = try singularValues(a)
  guard let largest = values.first, let smallest = values.last else { return 0 }
  return smallest > 0 ? largest / smallest : .infinity
}

/// The number of singular values above a tolerance, as NumPy's `matrix_rank`.
///
/// - Parameters:
///   - a: [m, n]; the rank of a matrix without elements is 0
///   - tolerance: relative to the largest singular value, from 0 to below 1, others trap; max(m, n)·ε
///     unless given, which is what rounding may make of a singular value that should be 0
public func rank<Scalar>(
  _ a: Matrix<Scalar>, tolerance: Scalar? = nil
) throws(LinearAlgebraError) -> Int {
  let tolerance = relativeTolerance(tolerance, a)
  let values = try singularValues(a)
  let limit = tolerance * (values.first ?? 0)
  return values.count { $0 > limit }
}

/// The tolerance asked for, or what rounding may make of a singular value that should be 0, relative
/// to the largest.
func relativeTolerance<Scalar>(_ tolerance: Scalar?, _ a: Matrix<Scalar>) -> Scalar {
  guard let tolerance else {
    // In single precision a tall matrix has 1/ε rows.
    return min(Scalar(max(a.rows, a.columns)) * .ulpOfOne, Scalar(1).nextDown)
  }
  require(
    0 <= tolerance && tolerance < 1,
    "singular values: expected a tolerance in 0 ..< 1, got \(tolerance)")
  return tolerance
}

/// A norm that takes one pass over the elements; NaN where one of them is.
func elementNorm<Scalar>(_ a: Matrix<Scalar>, _ kind: MatrixNorm) -> Scalar {
  // LAPACK sees the transpose, whose columns are our rows.
  switch kind {
  case .one: lange("I", a)
  case .infinity: lange("1", a)
  case .frobenius: lange("F", a)
  case .two: fatalError("elementNorm: the 2-norm needs singular values")
  }
}

/// Throws where an element is NaN or infinite, in one pass over the elements.
func requireFinite<Scalar>(_ a: Matrix<Scalar>, _ operand: String) throws(LinearAlgebraError) {
  if !lange("M", a).isFinite { throw .notFinite(operand: operand) }
}

/// LAPACK's norm of the matrix as it sees it: `M` for the largest magnitude.
private func lange<Scalar>(_ kind: Unicode.Scalar, _ a: Matrix<Scalar>) -> Scalar {
  if a.isEmpty { return 0 }
  var result = Scalar.zero
  withWorkspace(numbers: kind == "I" ? a.columns : 0, integers: 0) { work, _ in
    result = Scalar.lapackRoutines.lange(
      columnMajor, letter(kind), lapackInteger(a.columns), lapackInteger(a.rows), a.elements,
      leading(a.columns), work)
  }
  return result
}
