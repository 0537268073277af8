/// Solves `A·X = B` for X, by LU factors with partial pivoting, as NumPy's `solve`.
///
/// Shapes: `A` [n, n], `B` [n, k] → `X` [n, k]; others trap. `A` is copied as it lies, `B` and `X`
/// transposed. Throws where A is singular to the last bit, or an element is not finite. Where A is
/// nearly singular, the result is as inaccurate as its condition number says: to ask for that, or to
/// solve again with the same `A`, keep ``LUFactors``.
public func solve<Scalar>(
  _ a: Matrix<Scalar>, _ b: Matrix<Scalar>
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  require(
    a.rows == a.columns && b.rows == a.rows,
    "solve: expected A [n, n] and B [n, k], got A \(a.shape), B \(b.shape)")
  return try LUFactors(a).solve(b)
}

/// The inverse of a square matrix, by LU factors; other shapes trap. No transpose is copied.
///
/// Seldom what is wanted: `solve(a, b)` takes a third of the operations of `inverse(a)` times `b`,
/// and is more accurate where `a` is ill-conditioned. Throws where the matrix is singular or an
/// element is not finite.
public func inverse<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  require(a.rows == a.columns, "inverse: expected A [n, n], got \(a.shape)")
  return try LUFactors(a).inverse()
}
