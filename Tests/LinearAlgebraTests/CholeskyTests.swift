import LinearAlgebra
import Testing

@Suite("cholesky") struct CholeskyTests {
  /// A·Aᵀ + I, which is positive definite whatever A is.
  private func positive<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) -> Matrix<Scalar> {
    let a = problem.matrix(type)
    var product = a.multiplied(by: a, transposingOther: true)
    for index in 0..<product.rows { product[index, index] += 1 }
    return product
  }

  @Test("L·Lᵀ is the matrix, and solutions leave no residual", arguments: Problem.square)
  func factor(problem: Problem) throws {
    try checkPositive(problem, Float.self)
    try checkPositive(problem, Double.self)
  }

  /// A factor is there for sure where n^(3/2)·ε·κ is below 1 (Higham 2002, *Accuracy and Stability of
  /// Numerical Algorithms*, theorem 10.7).
  @Test("so it is with a matrix near to one that is not positive definite")
  func illConditioned() throws {
    try check(Problem.smallHilbert.matrix(Float.self), Problem.smallHilbert)
    let larger = Problem(kind: .hilbert, rows: 10, columns: 10)
    try check(larger.matrix(Double.self), larger)
  }

  @Test(
    "where rounding decides whether a matrix is positive definite, it is refused or factored",
    arguments: Problem.rankDeficient
      + [6, 8, 12, 16].map { Problem(kind: .hilbert, rows: $0, columns: $0) })
  func nearlySingular(problem: Problem) throws {
    try checkOrRefusal(problem, Float.self)
    try checkOrRefusal(problem, Double.self)
  }

  private func checkOrRefusal<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) throws {
    do {
      try check(problem.symmetric(type), problem)
    } catch LinearAlgebraError.notPositiveDefinite(let leadingMinor) {
      if case .ofRank(let rank) = problem.kind { #expect(leadingMinor > rank, "\(type)") }
    }
  }

  private func checkPositive<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) throws {
    let a = positive(problem, type)
    let byLU = try logDeterminant(a)
    #expect(byLU.sign == 1)
    #expect(
      abs(try check(a, problem).logDeterminant - byLU.logarithm)
        <= Scalar(8 * problem.size) * .ulpOfOne * max(byLU.logarithm, 1))
  }

  @discardableResult
  private func check<Scalar: LAPACKScalar>(
    _ a: Matrix<Scalar>, _ problem: Problem
  ) throws -> CholeskyFactor<Scalar> {
    let factor = try cholesky(a)
    let lower = factor.lower.exact
    expect(
      lower.multiplied(by: lower, transposingOther: true) - a.exact, within: problem.size,
      of: a.exact.size, Scalar.self, "A − L·Lᵀ")
    for row in 0..<a.rows {
      for column in row + 1..<max(a.rows, row + 1) { #expect(lower[row, column] == 0) }
    }
    var generator = RandomGenerator(seed: problem.seed + 1)
    for columns in [0, 1, 3] {
      let b = Matrix<Scalar>.random(a.rows, columns, &generator)
      let x = try factor.solve(b)
      #expect(x.rows == a.rows && x.columns == columns)
      expect(
        a.exact.multiplied(by: x.exact) - b.exact, within: 2 * problem.size,
        of: a.exact.size * x.exact.size, Scalar.self, "A·X − B, k = \(columns)")
    }
    return factor
  }

  @Test("a matrix that is not positive definite is an error with the leading minor")
  func indefinite() {
    for pivot in [-1.0, 0] {
      #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
        try cholesky(Matrix(diagonal: [1, pivot, 3]))
      }
      #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
        try cholesky(Matrix(diagonal: [1, Float(pivot), 3]))
      }
    }
    // Of rank 2; the second row is twice the first.
    let singular = [[1.0, 2, 3], [2, 4, 6], [3, 6, 10]]
    #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
      try cholesky(Matrix(singular))
    }
    #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
      try cholesky(Matrix(singular.map { $0.map(Float.init) }))
    }
  }

  @Test("only the lower triangle is read")
  func lowerTriangle() throws {
    #expect(try cholesky(Matrix([[4.0, 100], [2, 5]])).lower == Matrix([[2, 0], [1, 2]]))
  }
}
