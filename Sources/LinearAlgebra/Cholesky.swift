/// The factor of a symmetric positive definite matrix, `A = L·Lᵀ`.
///
/// Half the operations of LU factors and no pivoting. Only the lower triangle of `A` is read, as
/// NumPy's `cholesky` does; that it is symmetric is not checked.
public struct CholeskyFactor<Scalar: LAPACKScalar>: Sendable {
  /// The lower triangle `L` [n, n], with zeros above its positive diagonal.
  public let lower: Matrix<Scalar>

  /// Factors a symmetric positive definite matrix; one that is not square traps.
  ///
  /// Throws with the order of the first leading minor that is not positive, or where an element is not
  /// finite. The matrix is copied as it lies: its lower triangle is the upper one to LAPACK.
  public init(_ a: Matrix<Scalar>) throws(LinearAlgebraError) {
    require(a.rows == a.columns, "cholesky: expected A [n, n], got \(a.shape)")
    try requireFinite(a, "A")
    let n = a.rows
    var factor = a
    let info = checked(
      Scalar.lapackRoutines.potrf(
        columnMajor, letter("U"), lapackInteger(n), &factor.storage, leading(n)), "potrf")
    if info > 0 { throw .notPositiveDefinite(leadingMinor: info) }
    factor.clearAboveDiagonal()
    lower = factor
  }

  /// Solves `A·X = B` for X.
  ///
  /// Shapes: `B` [n, k] → `X` [n, k]; others trap. `B` and `X` are copied transposed. Throws where an
  /// element of `B` is not finite.
  public func solve(_ b: Matrix<Scalar>) throws(LinearAlgebraError) -> Matrix<Scalar> {
    let n = lower.rows
    require(b.rows == n, "solve: expected B [\(n), k], got \(b.shape)")
    try requireFinite(b, "B")
    if b.isEmpty { return b }
    var x = b.transposed()
    checked(
      Scalar.lapackRoutines.potrs(
        columnMajor, letter("U"), lapackInteger(n), lapackInteger(b.columns), lower.elements,
        leading(n), &x.storage, leading(n)), "potrs")
    return x.transposed()
  }

  /// The natural logarithm of the determinant, which is positive.
  public var logDeterminant: Scalar {
    2 * sumOfLogarithms((0..<lower.rows).lazy.map { lower.elements[$0 * (lower.rows + 1)] })
  }
}

/// The Cholesky factor of a symmetric positive definite matrix, to solve with or to take `lower` of.
///
/// Throws with the leading minor that is not positive, or where an element is not finite; a matrix
/// that is not square traps.
public func cholesky<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> CholeskyFactor<Scalar> {
  try CholeskyFactor(a)
}
