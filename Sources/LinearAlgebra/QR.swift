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
/// `A`, Q and R are copied transposed (`geqrf`). `Aᵀ = L·Q` (`gelqf`), which needs no copies, takes
/// longer than QR and copies together.
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
  // LAPACK's columns are rows here.
  var factors = a.transposed()
  var tau = [Scalar](repeating: 0, count: k)
  _ = withWorkspace("geqrf") { work, count, _, _ in
    Scalar.lapackRoutines.geqrf(
      columnMajor, lapackInteger(m), lapackInteger(n), &factors.storage, leading(m), &tau, work,
      count)
  }
  // The reflections lie below the diagonal of the first k columns, and R above it.
  var q = Matrix<Scalar>(rows: columns, columns: m)
  q.copy(factors, rows: k, columns: m)
  _ = withWorkspace("orgqr") { work, count, _, _ in
    Scalar.lapackRoutines.orgqr(
      columnMajor, lapackInteger(m), lapackInteger(columns), lapackInteger(k), &q.storage,
      leading(m), tau, work, count)
  }
  var r = Matrix<Scalar>(rows: n, columns: columns)
  r.copy(factors, rows: n, columns: columns)
  r = r.transposed()
  r.clearBelowDiagonal()
  return QRFactors(q: q.transposed(), r: r)
}
