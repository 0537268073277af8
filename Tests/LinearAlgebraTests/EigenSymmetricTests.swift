import LinearAlgebra
import Testing

@Suite("eigenSymmetric") struct EigenSymmetricTests {
  @Test("A·V is V·Λ", arguments: Problem.square + Problem.rankDeficient)
  func eigenvectors(problem: Problem) throws {
    try check(problem, Float.self)
    try check(problem, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(_ problem: Problem, _ type: Scalar.Type) throws {
    let a = problem.symmetric(type)
    let eigen = try eigenSymmetric(a)
    let vectors = eigen.vectors.exact
    #expect(eigen.values.count == a.rows && eigen.values == eigen.values.sorted())
    #expect(vectors.rows == a.rows && vectors.columns == a.rows)
    let scaled = vectors.multiplied(by: Matrix(diagonal: eigen.values.map(Double.init)))
    expect(
      a.exact.multiplied(by: vectors) - scaled, within: problem.size, of: 2 * a.exact.size, type,
      "A·V − V·Λ")
    expectOrthonormal(eigen.vectors, "VᵀV − I")
    guard case .ofRank(let rank) = problem.kind else { return }
    let rounding = Scalar(problem.size) * .ulpOfOne * (try norm(a))
    #expect(eigen.values.count { abs($0) <= rounding } == a.rows - rank, "\(Scalar.self)")
  }

  @Test("only the lower triangle is read")
  func lowerTriangle() throws {
    let eigen = try eigenSymmetric(Matrix([[2.0, 100], [1, 2]]))
    #expect(abs(eigen.values[0] - 1) < 1e-14 && abs(eigen.values[1] - 3) < 1e-14)
  }

  @Test("a workspace is not smaller than what Float rounded it to")
  func workspace() {
    // 2²⁴ + 1 lies between two Floats, and rounds to the lower.
    #expect(workspaceSize(Float(16_777_217)) >= 16_777_217)
    #expect(workspaceSize(Double(16_777_217)) >= 16_777_217)
    #expect(workspaceSize(Float(0)) >= 1)
  }
}
