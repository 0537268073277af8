/// How much of an orthogonal factor is computed, for a matrix [m, n] and k = min(m, n).
public enum FactorSize: Sendable {
  /// The k columns that the product needs (NumPy's `reduced`).
  case thin
  /// A square orthogonal matrix (NumPy's `complete`).
  case full
}

/// The factors `A = Q·R`: Q with orthonormal columns, R upper triangular.
public struct QRFactors<Scalar: LAPACKScalar>: Sendable {
  /// [m, k], or [m, m] where it is full.
  public let q: Matrix<Scalar>
  /// [k, n], or [m, n] where Q is full. Diagonal elements may be negative, as in NumPy.
  public let r: Matrix<Scalar>
}

/// Factors a matrix into `Q·R` by Householder reflections, as NumPy's `qr`.
///
/// Shapes: `A` [m, n], any, → `Q` [m, k], `R` [k, n] with k = min(m, n), or `Q` [m, m], `R` [m, n]
/// where they are asked for in full. Throws where an element is not finite.
///
/// No transpose is copied: what lies there is `Aᵀ` to LAPACK, whose factors `L·Q` (`gelqf`) are the
/// transposes of ours.
public func qr<Scalar>(
  _ a: Matrix<Scalar>, _ size: FactorSize = .thin
) throws(LinearAlgebraError) -> QRFactors<Scalar> {
  try requireFinite(a, "A")
  let (m, n, k) = (a.rows, a.columns, min(a.rows, a.columns))
  let columns = size == .full ? m : k
  guard k > 0 else {
    return QRFactors(
      q: size == .full ? .identity(m) : Matrix(rows: m, columns: 0),
      r: Matrix(rows: columns, columns: n))
  }
  var factors = a
  var tau = [Scalar](repeating: 0, count: k)
  _ = withWorkspace("gelqf") { work, count, _, _ in
    Scalar.lapackRoutines.gelqf(
      columnMajor, lapackInteger(n), lapackInteger(m), &factors.storage, leading(n), &tau, work,
      count)
  }
  // The reflections lie below the diagonal, in the first k columns.
  var q = Matrix<Scalar>(rows: m, columns: columns)
  q.copy(factors, rows: m, columns: k)
  _ = withWorkspace("orglq") { work, count, _, _ in
    Scalar.lapackRoutines.orglq(
      columnMajor, lapackInteger(columns), lapackInteger(m), lapackInteger(k), &q.storage,
      leading(columns), tau, work, count)
  }
  var r = Matrix<Scalar>(rows: columns, columns: n)
  r.copy(factors, rows: k, columns: n)
  r.clearBelowDiagonal()
  return QRFactors(q: q, r: r)
}
