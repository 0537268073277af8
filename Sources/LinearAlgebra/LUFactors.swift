/// The factors of a square matrix into a lower and an upper triangle, with partial pivoting.
///
/// One factorisation, 2n³/3 operations, serves any number of solutions, 2n² each, the determinant and
/// the condition. What is factored is `Aᵀ = P·L·U`: a row-major matrix is its transpose to LAPACK, and
/// as good a one for all these purposes, so `A` is copied as it lies.
public struct LUFactors<Scalar: LAPACKScalar>: Sendable {
  /// The number of rows and columns of `A`.
  public let size: Int
  /// The first row of `A`, from 0, whose pivot is exactly 0; nil where `A` has an inverse.
  public let singularPivot: Int?
  let factors: [Scalar]
  let pivots: [Int32]
  private let norm: Scalar

  /// Factors a square matrix; others trap. Throws where an element is not finite, not where the matrix
  /// is singular, of which the determinant and the condition are known.
  public init(_ a: Matrix<Scalar>) throws(LinearAlgebraError) {
    require(a.rows == a.columns, "LU factors: expected A [n, n], got \(a.shape)")
    try requireFinite(a, "A")
    let n = lapackInteger(a.rows)
    var factors = a.elements
    var pivots = [Int32](repeating: 0, count: a.rows)
    let info = checked(
      Scalar.lapackRoutines.getrf(columnMajor, n, n, &factors, leading(a.rows), &pivots), "getrf")
    size = a.rows
    singularPivot = info > 0 ? info - 1 : nil
    (self.factors, self.pivots) = (factors, pivots)
    norm = elementNorm(a, .one)
  }

  /// An estimate of `1 / (‖A‖₁·‖A⁻¹‖₁)`, rarely off by more than a factor of 3.
  ///
  /// Near 1 for a matrix that is easy to solve with; below ε the solution may have no right digit; 0
  /// where the matrix is singular, and 1 where it has no element. Takes some n² operations
  /// (`gecon`; Higham 1988, *FORTRAN codes for estimating the one-norm of a real or complex matrix*).
  public var reciprocalCondition: Scalar {
    var result = Scalar.zero
    withWorkspace(numbers: 4 * size, integers: size) { work, integers in
      checked(
        Scalar.lapackRoutines.gecon(
          columnMajor, letter("I"), lapackInteger(size), factors, leading(size), norm, &result,
          work, integers), "gecon")
    }
    return result
  }

  /// Solves `A·X = B` for X.
  ///
  /// Shapes: `B` [n, k] → `X` [n, k]; others trap. `B` and `X` are copied transposed. Throws where `A`
  /// is singular or an element of `B` is not finite.
  public func solve(_ b: Matrix<Scalar>) throws(LinearAlgebraError) -> Matrix<Scalar> {
    require(b.rows == size, "solve: expected B [\(size), k], got \(b.shape)")
    try requireFinite(b, "B")
    if let singularPivot { throw .singular(pivot: singularPivot) }
    if b.isEmpty { return b }
    var x = b.transposed()
    checked(
      Scalar.lapackRoutines.getrs(
        columnMajor, letter("T"), lapackInteger(size), lapackInteger(b.columns), factors,
        leading(size), pivots, &x.storage, leading(size)), "getrs")
    return x.transposed()
  }

  /// The inverse of `A`.
  ///
  /// Takes twice the operations of the factorisation, and what is multiplied by it is less accurate
  /// than ``solve(_:)``: use it only where the elements of the inverse are themselves wanted. No
  /// transpose is copied. Throws where `A` is singular.
  public func inverse() throws(LinearAlgebraError) -> Matrix<Scalar> {
    if let singularPivot { throw .singular(pivot: singularPivot) }
    var inverse = Matrix(rows: size, columns: size, elements: factors)
    if size == 0 { return inverse }
    let n = lapackInteger(size)
    _ = withWorkspace("getri") { work, count, _, _ in
      Scalar.lapackRoutines.getri(
        columnMajor, n, &inverse.storage, leading(size), pivots, work, count)
    }
    return inverse
  }
}
