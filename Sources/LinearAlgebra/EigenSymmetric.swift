/// The eigenvalues and eigenvectors of a symmetric matrix, `A = V·diag(λ)·Vᵀ`.
public struct SymmetricEigen<Scalar: LAPACKScalar>: Sendable {
  /// The n eigenvalues, in ascending order.
  public let values: [Scalar]
  /// The eigenvectors as orthonormal columns [n, n], in the order of their values.
  public let vectors: Matrix<Scalar>
}

/// The eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer (`syevd`), as NumPy's
/// `eigh`.
///
/// Shapes: `A` [n, n]; others trap. Only the lower triangle is read; that it is symmetric is not
/// checked. Vectors are determined up to their signs, and those of equal values up to rotation.
/// Throws where an element is not finite, or without convergence.
///
/// `A` is copied as it lies; the vectors, which LAPACK gives as rows, are copied transposed.
public func eigenSymmetric<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> SymmetricEigen<Scalar> {
  require(a.rows == a.columns, "eigenSymmetric: expected A [n, n], got \(a.shape)")
  try requireFinite(a, "A")
  if a.isEmpty { return SymmetricEigen(values: [], vectors: a) }
  var vectors = a
  var values = [Scalar](repeating: 0, count: a.rows)
  let least = LeastWorkspace.syevd(a.rows)
  let info = withWorkspace("syevd", least: least) { work, count, integers, integerCount in
    Scalar.lapackRoutines.syevd(
      columnMajor, letter("V"), letter("U"), lapackInteger(a.rows), &vectors.storage,
      leading(a.rows), &values, work, count, integers, integerCount)
  }
  if info > 0 { throw .noConvergence }
  return SymmetricEigen(values: values, vectors: vectors.transposed())
}
