import LinearAlgebra
import Testing

@Suite("least squares and pseudo-inverse") struct LeastSquaresTests {
  @Test("the residual is orthogonal to the columns of A", arguments: Problem.all, [0, 1, 3])
  func bySingularValues(problem: Problem, columns: Int) throws {
    try check(problem, columns, Float.self)
    try check(problem, columns, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(
    _ problem: Problem, _ columns: Int, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let b = rightSides(problem, columns, type)
    let solution = try leastSquares(a, b)
    checkNormalEquations(a, b, solution.x, problem, "by singular values")
    let values = try singularValues(a)
    #expect(solution.singularValues.count == values.count)
    for (given, expected) in zip(solution.singularValues, values) {
      #expect(abs(given - expected) <= Scalar(problem.size) * .ulpOfOne * values[0])
    }
    #expect(solution.rank == (try rank(a)))
    guard case .ofRank(let rank) = problem.kind else { return }
    #expect(solution.rank == rank)
    // Of least norm: no part of X is lost in the projection onto the rows of A.
    let x = solution.x.exact
    let projected = try pseudoInverse(a).exact.multiplied(by: a.exact).multiplied(by: x)
    expect(
      projected - x, within: 16 * problem.size, of: x.size, type, "X − A⁺·A·X")
  }

  @Test("orthogonal factors solve the same problem", arguments: Problem.ofFullRank, [0, 1, 3])
  func byOrthogonalFactors(problem: Problem, columns: Int) throws {
    try checkQR(problem, columns, Float.self)
    try checkQR(problem, columns, Double.self)
  }

  private func checkQR<Scalar: LAPACKScalar>(
    _ problem: Problem, _ columns: Int, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let b = rightSides(problem, columns, type)
    let x = try leastSquaresByQR(a, b)
    checkNormalEquations(a, b, x, problem, "by orthogonal factors")
    let other = try leastSquares(a, b).x.exact
    let condition = Int(try conditionNumber(a).rounded(.up))
    expect(
      x.exact - other, within: 4 * problem.size * condition,
      of: other.size + (a.exact.size > 0 ? b.exact.size / a.exact.size : 0) * Double(condition),
      type, "X of both ways")
  }

  private func rightSides<Scalar: LAPACKScalar>(
    _ problem: Problem, _ columns: Int, _ type: Scalar.Type
  ) -> Matrix<Scalar> {
    var generator = RandomGenerator(seed: problem.seed + 1)
    return .random(problem.rows, columns, &generator)
  }

  private func checkNormalEquations<Scalar: LAPACKScalar>(
    _ a: Matrix<Scalar>, _ b: Matrix<Scalar>, _ x: Matrix<Scalar>, _ problem: Problem,
    _ comment: Comment
  ) {
    #expect(x.rows == a.columns && x.columns == b.columns)
    let residual = a.exact.multiplied(by: x.exact) - b.exact
    expect(
      a.exact.multiplied(by: residual, transposingSelf: true), within: 2 * problem.size,
      of: a.exact.size * (a.exact.size * x.exact.size + b.exact.size), Scalar.self, comment)
  }

  @Test("dependent columns are an error of the way that needs full rank")
  func rankDeficient() {
    let hilbert = Problem(kind: .hilbert, rows: 18, columns: 15)
    for problem in Problem.rankDeficient + [hilbert, hilbert.transposed] {
      let single = rightSides(problem, 1, Float.self)
      #expect(throws: LinearAlgebraError.rankDeficient, "\(problem.testDescription)") {
        try leastSquaresByQR(problem.matrix(Float.self), single)
      }
      let double = rightSides(problem, 1, Double.self)
      #expect(throws: LinearAlgebraError.rankDeficient, "\(problem.testDescription)") {
        try leastSquaresByQR(problem.matrix(Double.self), double)
      }
    }
  }

  @Test("columns that depend on each other where no diagonal element shows it")
  func hiddenDependence() {
    // 1 on the diagonal and −1 above: the smallest singular value is some 2⁻⁵⁹.
    var tall = Matrix<Double>(rows: 61, columns: 60)
    for row in 0..<60 {
      for column in row..<60 { tall[row, column] = row == column ? 1 : -1 }
    }
    for a in [tall, tall.transposed()] {
      #expect(throws: LinearAlgebraError.rankDeficient) {
        try leastSquaresByQR(a, Matrix(rows: a.rows, columns: 1))
      }
    }
  }

  @Test("the tolerance is relative to the largest singular value")
  func tolerance() throws {
    let a = Matrix<Double>(diagonal: [1000, 10, 1])
    let b = Matrix<Double>([[1000], [10], [1]])
    #expect(try rank(a) == 3)
    #expect(try rank(a, tolerance: 0.005) == 2)
    let solution = try leastSquares(a, b, tolerance: 0.005)
    #expect(solution.rank == 2 && abs(solution.x[2, 0]) < 1e-15)
    #expect(abs(solution.x[1, 0] - 1) < 1e-14)
    let inverse = try pseudoInverse(a, tolerance: 0.005)
    #expect(abs(inverse[1, 1] - 0.1) < 1e-16 && inverse[2, 2] == 0)
  }

  @Test("the pseudo-inverse meets the four conditions of Penrose", arguments: Problem.all)
  func penrose(problem: Problem) throws {
    try checkPenrose(problem, Float.self)
    try checkPenrose(problem, Double.self)
  }

  private func checkPenrose<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type).exact
    let p = try pseudoInverse(problem.matrix(type)).exact
    #expect(p.rows == a.columns && p.columns == a.rows)
    let (ap, pa) = (a.multiplied(by: p), p.multiplied(by: a))
    let scale = a.size * p.size
    expect(
      ap.multiplied(by: a) - a, within: problem.size, of: a.size * scale, type, "A·P·A − A")
    expect(
      pa.multiplied(by: p) - p, within: problem.size, of: p.size * scale, type, "P·A·P − P")
    expect(ap - ap.transposed(), within: problem.size, of: scale, type, "A·P − (A·P)ᵀ")
    expect(pa - pa.transposed(), within: problem.size, of: scale, type, "P·A − (P·A)ᵀ")
    // These bounds grow with P, however wrong it is; the trace of a projection is its rank.
    let values = try svd(problem.matrix(type)).singularValues
    let rank = values.count { $0 > Scalar(problem.size) * .ulpOfOne * values[0] }
    let trace = (0..<ap.rows).reduce(0.0) { $0 + ap[$1, $1] }
    #expect(abs(trace - Double(rank)) < 0.5, "\(type)")
  }

  @Test("every way to the inverse of a Hilbert matrix is as near as its condition number allows")
  func hilbertInverse() throws {
    try checkHilbertInverse(4, condition: 15_514, Float.self)
    for (size, condition) in [(4, 15_514), (9, 4.932e11)] {
      try checkHilbertInverse(size, condition: condition, Double.self)
    }
  }

  private func checkHilbertInverse<Scalar: LAPACKScalar>(
    _ size: Int, condition: Double, _ type: Scalar.Type
  ) throws {
    let a = Problem(kind: .hilbert, rows: size, columns: size).matrix(type)
    let identity = Matrix<Scalar>.identity(size)
    let expected = hilbertInverse(size)
    let ways = [
      try inverse(a), try solve(a, identity), try cholesky(a).solve(identity),
      try leastSquaresByQR(a, identity), try leastSquares(a, identity).x, try pseudoInverse(a),
    ]
    for (way, inverse) in ways.enumerated() {
      expect(
        inverse.exact - expected, within: size, of: condition * expected.size, type,
        "way \(way), \(size) rows")
    }
  }

  /// Whole numbers: (−1)^(i+j)·(i+j+1)·C(n+i, n−j−1)·C(n+j, n−i−1)·C(i+j, i)², with i and j from 0.
  private func hilbertInverse(_ size: Int) -> Matrix<Double> {
    var result = Matrix<Double>(rows: size, columns: size)
    for i in 0..<size {
      for j in 0..<size {
        let sign = (i + j).isMultiple(of: 2) ? 1 : -1
        let middle = binomial(i + j, i)
        result[i, j] = Double(
          sign * (i + j + 1) * binomial(size + i, size - j - 1) * binomial(size + j, size - i - 1)
            * middle * middle)
      }
    }
    return result
  }

  private func binomial(_ n: Int, _ k: Int) -> Int {
    (0..<k).reduce(1) { $0 * (n - $1) / ($1 + 1) }
  }
}
