/// The singular value decomposition `A = U·diag(σ)·Vᵀ`.
public struct SingularValueDecomposition<Scalar: LAPACKScalar>: Sendable {
  /// The left singular vectors as columns: [m, k], or [m, m] where it is full.
  public let u: Matrix<Scalar>
  /// The k singular values, in descending order, none negative.
  public let singularValues: [Scalar]
  /// The right singular vectors as rows: [k, n], or [n, n] where it is full.
  public let vT: Matrix<Scalar>
}

/// Decomposes a matrix into `U·diag(σ)·Vᵀ` by divide and conquer (`gesdd`), as NumPy's `svd`.
///
/// Shapes: `A` [m, n], any, → `U` [m, k], σ of k, `Vᵀ` [k, n] with k = min(m, n), or `U` [m, m] and
/// `Vᵀ` [n, n] where they are asked for in full. Vectors are determined up to their signs, and those
/// of equal values up to rotation. Throws where an element is not finite, or without convergence.
///
/// No transpose is copied: what lies there is `Aᵀ = V·diag(σ)·Uᵀ` to LAPACK, and its factors lie as
/// ours.
public func svd<Scalar>(
  _ a: Matrix<Scalar>, _ size: FactorSize = .thin
) throws(LinearAlgebraError) -> SingularValueDecomposition<Scalar> {
  let (m, n, k) = (a.rows, a.columns, min(a.rows, a.columns))
  var u = size == .full ? Matrix<Scalar>.identity(m) : Matrix(rows: m, columns: k)
  var vT = size == .full ? Matrix<Scalar>.identity(n) : Matrix(rows: k, columns: n)
  let values = try decompose(
    a, letter(size == .full ? "A" : "S"), u: &u.storage, uSize: u.columns, vT: &vT.storage)
  return SingularValueDecomposition(u: u, singularValues: values, vT: vT)
}

/// The singular values of a matrix, in descending order: min(m, n) of them, none negative.
///
/// Takes about half the time of the vectors beside them. Throws as ``svd(_:_:)``.
public func singularValues<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> [Scalar] {
  var (u, vT): ([Scalar], [Scalar]) = ([], [])
  return try decompose(a, letter("N"), u: &u, uSize: 0, vT: &vT)
}

/// Calls `gesdd`, to which U and Vᵀ are Vᵀ and U.
private func decompose<Scalar: LAPACKScalar>(
  _ a: Matrix<Scalar>, _ job: CChar, u: inout [Scalar], uSize: Int, vT: inout [Scalar]
) throws(LinearAlgebraError) -> [Scalar] {
  try requireFinite(a, "A")
  if a.isEmpty { return [] }
  let (m, n, k) = (a.rows, a.columns, min(a.rows, a.columns))
  var content = a.elements
  var values = [Scalar](repeating: 0, count: k)
  var integers = [Int32](repeating: 0, count: 8 * k)
  let least = u.isEmpty ? 1 : LeastWorkspace.gesdd(m, n)
  let info = withWorkspace("gesdd", least: least) { work, count, _, _ in
    Scalar.lapackRoutines.gesdd(
      columnMajor, job, lapackInteger(n), lapackInteger(m), &content, leading(n), &values, &vT,
      leading(n), &u, leading(uSize), work, count, &integers)
  }
  if info > 0 { throw .noConvergence }
  return values
}
