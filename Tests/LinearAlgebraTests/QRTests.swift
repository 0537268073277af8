import LinearAlgebra
import Testing

@Suite("qr") struct QRTests {
  @Test("Q·R is the matrix, and Q orthogonal", arguments: Problem.all, [FactorSize.thin, .full])
  func factors(problem: Problem, size: FactorSize) throws {
    try check(problem, size, Float.self)
    try check(problem, size, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(
    _ problem: Problem, _ size: FactorSize, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let factors = try qr(a, size)
    let columns = size == .full ? a.rows : min(a.rows, a.columns)
    #expect(factors.q.rows == a.rows && factors.q.columns == columns)
    #expect(factors.r.rows == columns && factors.r.columns == a.columns)
    let product = factors.q.exact.multiplied(by: factors.r.exact)
    expect(
      product - a.exact, within: problem.size, of: a.exact.size, type, "A − Q·R")
    expectOrthonormal(factors.q, "QᵀQ − I")
    for row in 0..<factors.r.rows {
      for column in 0..<min(row, factors.r.columns) { #expect(factors.r[row, column] == 0) }
    }
  }
}
