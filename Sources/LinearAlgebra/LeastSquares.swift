/// The solution of a least-squares problem by singular values.
public struct LeastSquaresSolution<Scalar: LAPACKScalar>: Sendable {
  /// The X [n, k] of least norm among those that minimise `‖A·X − B‖`.
  public let x: Matrix<Scalar>
  /// The number of singular values above the tolerance.
  public let rank: Int
  /// All min(m, n) singular values of `A`, in descending order.
  public let singularValues: [Scalar]
}

/// Finds the X that minimises `‖A·X − B‖`, by singular values (`gelsd`), as NumPy's `lstsq`.
///
/// Shapes: `A` [m, n], `B` [m, k] → `X` [n, k]; others trap. A may have any rank: where many X do
/// equally well, the one of least norm is given. Both operands and X are copied transposed. Throws
/// where an element is not finite, or without convergence. ``leastSquaresByQR(_:_:)`` is faster where
/// A is known to have full rank.
/// - Parameters:
///   - a: [m, n]
///   - b: [m, k]
///   - tolerance: singular values not above it, relative to the largest, count as 0; from 0 to below
///     1, others trap; max(m, n)·ε unless given
public func leastSquares<Scalar>(
  _ a: Matrix<Scalar>, _ b: Matrix<Scalar>, tolerance: Scalar? = nil
) throws(LinearAlgebraError) -> LeastSquaresSolution<Scalar> {
  try requireProblem(a, b)
  let tolerance = relativeTolerance(tolerance, a)
  let (m, n, k) = (a.rows, a.columns, b.columns)
  if a.isEmpty {
    return LeastSquaresSolution(x: Matrix(rows: n, columns: k), rank: 0, singularValues: [])
  }
  if k == 0 {
    // LAPACK wants a right-hand side even where only the rank is asked for.
    let solution = try leastSquares(a, Matrix(rows: m, columns: 1), tolerance: tolerance)
    return LeastSquaresSolution(
      x: Matrix(rows: n, columns: 0), rank: solution.rank,
      singularValues: solution.singularValues)
  }
  var content = a.transposed().elements
  var sides = columnsOfRightSides(b, n)
  var values = [Scalar](repeating: 0, count: min(m, n))
  var rank: Int32 = 0
  // LAPACK takes ε for 0.
  let limit = max(tolerance, .leastNonzeroMagnitude)
  let least = LeastWorkspace.gelsd(m, n, k)
  let info = withWorkspace("gelsd", least: least) { work, count, integers, _ in
    Scalar.lapackRoutines.gelsd(
      columnMajor, lapackInteger(m), lapackInteger(n), lapackInteger(k), &content, leading(m),
      &sides.storage, leading(sides.columns), &values, limit, &rank, work, count, integers)
  }
  if info > 0 { throw .noConvergence }
  return LeastSquaresSolution(
    x: solution(sides, n), rank: Int(rank), singularValues: values)
}

/// Finds the X that minimises `‖A·X − B‖` for A of full rank, by orthogonal factors (`gels`).
///
/// Shapes: `A` [m, n], `B` [m, k] → `X` [n, k]; others trap. Where m < n, `A·X = B` has many
/// solutions, and the one of least norm is given. Both operands and X are copied transposed.
/// Throws ``LinearAlgebraError/rankDeficient`` where the reciprocal condition number of the triangular
/// factor is below ε, so that no digit could be right, and where an element is not finite.
public func leastSquaresByQR<Scalar>(
  _ a: Matrix<Scalar>, _ b: Matrix<Scalar>
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  try requireProblem(a, b)
  let (m, n, k) = (a.rows, a.columns, b.columns)
  if a.isEmpty || k == 0 { return Matrix(rows: n, columns: k) }
  var factors = a.transposed().elements
  var sides = columnsOfRightSides(b, n)
  let info = withWorkspace("gels") { work, count, _, _ in
    Scalar.lapackRoutines.gels(
      columnMajor, letter("N"), lapackInteger(m), lapackInteger(n), lapackInteger(k), &factors,
      leading(m), &sides.storage, leading(sides.columns), work, count)
  }
  if info > 0 { throw .rankDeficient }
  // A = L·Q where it is wide, Q·R otherwise.
  let condition = triangleCondition(factors, stride: m, size: min(m, n), isLower: m < n)
  if condition < .ulpOfOne { throw .rankDeficient }
  return solution(sides, n)
}

private func requireProblem<Scalar>(
  _ a: Matrix<Scalar>, _ b: Matrix<Scalar>
) throws(LinearAlgebraError) {
  require(
    a.rows == b.rows,
    "leastSquares: expected A [m, n] and B [m, k], got A \(a.shape), B \(b.shape)")
  try requireFinite(a, "A")
  try requireFinite(b, "B")
}

/// The columns of B as rows, each with room for a column of X, which LAPACK writes over them.
private func columnsOfRightSides<Scalar>(_ b: Matrix<Scalar>, _ unknowns: Int) -> Matrix<Scalar> {
  if unknowns <= b.rows { return b.transposed() }
  var sides = Matrix<Scalar>(rows: b.columns, columns: unknowns)
  sides.copy(b.transposed(), rows: b.columns, columns: b.rows)
  return sides
}

/// X [n, k] from what LAPACK left of the right-hand sides.
private func solution<Scalar>(_ sides: Matrix<Scalar>, _ unknowns: Int) -> Matrix<Scalar> {
  if unknowns == sides.columns { return sides.transposed() }
  var columns = Matrix<Scalar>(rows: sides.rows, columns: unknowns)
  columns.copy(sides, rows: sides.rows, columns: unknowns)
  return columns.transposed()
}

/// An estimate of the reciprocal condition number of a triangle in the 1-norm.
private func triangleCondition<Scalar: LAPACKScalar>(
  _ factors: [Scalar], stride: Int, size: Int, isLower: Bool
) -> Scalar {
  var result = Scalar.zero
  withWorkspace(numbers: 3 * size, integers: size) { work, integers in
    checked(
      Scalar.lapackRoutines.trcon(
        columnMajor, letter("1"), letter(isLower ? "L" : "U"), letter("N"), lapackInteger(size),
        factors, leading(stride), &result, work, integers), "trcon")
  }
  return result
}
