import LinearAlgebra
import Testing

@Suite("norm, condition number and rank") struct NormTests {
  @Test("norms are their definitions", arguments: Problem.all)
  func definitions(problem: Problem) throws {
    try check(problem, Float.self)
    try check(problem, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(_ problem: Problem, _ type: Scalar.Type) throws {
    let a = problem.matrix(type)
    let rowSums = (0..<a.rows).map { row in
      (0..<a.columns).reduce(0.0) { $0 + Double(abs(a[row, $1])) }
    }
    let columnSums = (0..<a.columns).map { column in
      (0..<a.rows).reduce(0.0) { $0 + Double(abs(a[$1, column])) }
    }
    let expected: [(MatrixNorm, Double)] = [
      (.one, columnSums.max() ?? 0), (.infinity, rowSums.max() ?? 0), (.frobenius, a.exact.size),
      (.two, Double(try svd(a).singularValues.first ?? 0)),
    ]
    for (kind, value) in expected {
      let bound = Double(problem.size) * Double(Scalar.ulpOfOne) * value
      #expect(abs(Double(try norm(a, kind)) - value) <= bound, "\(kind), \(Scalar.self)")
    }
    #expect(try norm(a) == norm(a, .frobenius))
    let values = try singularValues(a.exact)
    let condition = Double(try conditionNumber(a))
    guard let largest = values.first, let smallest = values.last, largest > 0 else {
      #expect(condition == (values.isEmpty ? 0 : .infinity))
      return
    }
    // Rounding moves each singular value by this at the most.
    let rounding = 4 * Double(problem.size) * Double(Scalar.ulpOfOne) * largest
    #expect(condition >= (largest - rounding) / (smallest + rounding), "\(Scalar.self)")
    if smallest > rounding {
      #expect(condition <= (largest + rounding) / (smallest - rounding), "\(Scalar.self)")
    }
  }

  @Test("squares do not overflow")
  func large() throws {
    let a = Matrix<Float>(rows: 1, columns: 2, elements: [3e30, 4e30])
    #expect(abs(try norm(a) / 5e30 - 1) < 1e-6)
  }

  @Test("the condition number is the ratio of singular values")
  func conditions() throws {
    #expect(abs(try conditionNumber(Matrix<Double>(diagonal: [2, 4, 0.5])) - 8) < 1e-13)
    #expect(try conditionNumber(Matrix<Float>(rows: 3, columns: 2)) == .infinity)
    #expect(try conditionNumber(Matrix<Float>(rows: 3, columns: 0)) == 0)
  }

  @Test("a tolerance of 0 counts all that is not 0")
  func noTolerance() throws {
    let a = Matrix(diagonal: [1.0, 1e-16, 1e-18, 0])
    #expect(try rank(a) == 1 && rank(a, tolerance: 0) == 3)
    #expect(try leastSquares(a, a).rank == 1 && leastSquares(a, a, tolerance: 0).rank == 3)
    let (inverse, other) = (try pseudoInverse(a, tolerance: 0), try pseudoInverse(a))
    #expect(inverse[2, 2] > 1e17 && inverse[3, 3] == 0)
    #expect(other[0, 0] == 1 && other[1, 1] == 0)
  }

  @Test("the rank is that of the factors", arguments: Problem.rankDeficient)
  func ranks(problem: Problem) throws {
    guard case .ofRank(let expected) = problem.kind else { return }
    #expect(try rank(problem.matrix(Float.self)) == expected)
    #expect(try rank(problem.matrix(Double.self)) == expected)
  }

  @Test("rounding decides the rank of a Hilbert matrix")
  func hilbertRank() throws {
    let hilbert = Problem(kind: .hilbert, rows: 12, columns: 12)
    // Singular values fall by a factor of some 30 each: 2e-8 is the seventh, 3e-15 the eleventh.
    #expect((6...7).contains(try rank(hilbert.matrix(Float.self))))
    #expect((10...12).contains(try rank(hilbert.matrix(Double.self))))
  }
}
