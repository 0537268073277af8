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
    try check(problem, Float.self)
    try check(problem, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(_ problem: Problem, _ type: Scalar.Type) throws {
    let a = positive(problem, type)
    let factor = try cholesky(a)
    let lower = factor.lower.exact
    expect(
      lower.multiplied(by: lower, transposingOther: true) - a.exact, within: problem.size,
      of: a.exact.size, type, "A − L·Lᵀ")
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
        of: a.exact.size * x.exact.size, type, "A·X − B, k = \(columns)")
    }
    let byLU = try logDeterminant(a)
    #expect(byLU.sign == 1)
    #expect(
      abs(factor.logDeterminant - byLU.logarithm)
        <= Scalar(8 * problem.size) * .ulpOfOne * max(byLU.logarithm, 1))
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
  }

  @Test("only the lower triangle is read")
  func lowerTriangle() throws {
    #expect(try cholesky(Matrix([[4.0, 100], [2, 5]])).lower == Matrix([[2, 0], [1, 2]]))
  }
}
