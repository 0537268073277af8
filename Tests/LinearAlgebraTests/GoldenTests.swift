import LinearAlgebra
import Testing

/// Results against the numbers in NumPyGoldens.swift and ScikitLearnGoldens.swift.
///
/// The tight bounds are those of the residuals; what NumPy adds is that shapes, orders and signs are
/// the ones that people mean by these names.
@Suite("golden numbers of NumPy and scikit-learn") struct GoldenTests {
  private typealias Golden = NumPyGoldens

  private func expect<Scalar: LAPACKScalar>(
    _ actual: Matrix<Scalar>, _ expected: Matrix<Double>, _ comment: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      actual.rows == expected.rows && actual.columns == expected.columns, comment,
      sourceLocation: sourceLocation)
    // The condition numbers are below 10, those of least squares squared.
    LinearAlgebraTests.expect(
      actual.exact - expected, within: 64, of: max(expected.size, 1), Scalar.self, comment,
      sourceLocation: sourceLocation)
  }

  private func expect<Scalar: LAPACKScalar>(
    _ actual: [Scalar], _ expected: [Double], _ comment: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expect(
      Matrix(rows: 1, columns: actual.count, elements: actual),
      Matrix(rows: 1, columns: expected.count, elements: expected), comment,
      sourceLocation: sourceLocation)
  }

  /// The golden matrix in a precision, exactly.
  private func matrix<Scalar: LAPACKScalar>(_ golden: Matrix<Double>) -> Matrix<Scalar> {
    Matrix(rows: golden.rows, columns: golden.columns, elements: golden.elements.map { Scalar($0) })
  }

  /// The matrix with each column turned to the golden one's side, as vectors have no sign of their own.
  private func aligned<Scalar>(
    _ columns: Matrix<Scalar>, to golden: Matrix<Double>
  ) -> Matrix<Scalar> {
    var result = columns
    for column in 0..<columns.columns {
      let rows = 0..<columns.rows
      let product = rows.reduce(0) { $0 + Double(columns[$1, column]) * golden[$1, column] }
      for row in rows where product < 0 { result[row, column].negate() }
    }
    return result
  }

  @Test("solve, inverse, determinant")
  func solving() throws {
    try checkSolving(Float.self)
    try checkSolving(Double.self)
  }

  private func checkSolving<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let a: Matrix<Scalar> = matrix(Golden.square)
    expect(try solve(a, matrix(Golden.sides4)), Golden.solution, "solve")
    expect(try inverse(a), Golden.inverse, "inverse")
    expect([try determinant(a)], [Golden.determinant], "determinant")
    let order = [1, 0, 2, 3]
    let negative = Matrix(order.map { row in (0..<4).map { -a[row, $0] } })
    let (sign, logarithm) = try logDeterminant(negative)
    expect([sign, logarithm], [Golden.negativeSign, Golden.negativeLogarithm], "logDeterminant")
  }

  @Test("cholesky and eigenSymmetric")
  func symmetric() throws {
    try checkSymmetric(Float.self)
    try checkSymmetric(Double.self)
  }

  private func checkSymmetric<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let a: Matrix<Scalar> = matrix(Golden.positive)
    expect(try cholesky(a).lower, Golden.cholesky, "cholesky")
    let eigen = try eigenSymmetric(a)
    expect(eigen.values, Golden.eigenvalues, "eigenvalues")
    expect(
      aligned(eigen.vectors, to: Golden.eigenvectors), Golden.eigenvectors, "eigenvectors")
  }

  @Test("qr, signs included")
  func orthogonal() throws {
    try checkOrthogonal(Float.self)
    try checkOrthogonal(Double.self)
  }

  private func checkOrthogonal<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let (tall, wide): (Matrix<Scalar>, Matrix<Scalar>) = (matrix(Golden.tall), matrix(Golden.wide))
    expect(try qr(tall).q, Golden.tallQ, "Q, tall")
    expect(try qr(tall).r, Golden.tallR, "R, tall")
    expect(try qr(tall, .full).q, Golden.tallFullQ, "full Q, tall")
    expect(try qr(tall, .full).r, Golden.tallFullR, "full R, tall")
    expect(try qr(wide).q, Golden.wideQ, "Q, wide")
    expect(try qr(wide).r, Golden.wideR, "R, wide")
    expect(try qr(wide, .full).q, Golden.wideFullQ, "full Q, wide")
    expect(try qr(wide, .full).r, Golden.wideFullR, "full R, wide")
  }

  @Test("svd")
  func singular() throws {
    try checkSingular(Float.self)
    try checkSingular(Double.self)
  }

  private func checkSingular<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let problems = [
      (Golden.tall, Golden.tallU, Golden.tallSingularValues, Golden.tallVT),
      (Golden.wide, Golden.wideU, Golden.wideSingularValues, Golden.wideVT),
    ]
    for (a, u, values, vT) in problems {
      let factors = try svd(matrix(a) as Matrix<Scalar>)
      expect(factors.singularValues, values, "singular values")
      expect(aligned(factors.u, to: u), u, "U")
      expect(aligned(factors.vT.transposed(), to: vT.transposed()), vT.transposed(), "V")
    }
  }

  @Test("leastSquares, pseudoInverse and rank")
  func leastSquaresProblems() throws {
    try checkLeastSquares(Float.self)
    try checkLeastSquares(Double.self)
  }

  private func checkLeastSquares<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let problems = [
      (
        Golden.tall, Golden.sides5, Golden.tallLeastSquares, Golden.tallRank,
        Golden.tallPseudoInverse
      ),
      (
        Golden.wide, Golden.sides5.prefix(rows: 3), Golden.wideLeastSquares, Golden.wideRank,
        Golden.widePseudoInverse
      ),
      (
        Golden.deficient, Golden.sides4, Golden.deficientLeastSquares, Golden.deficientRank,
        Golden.deficientPseudoInverse
      ),
    ]
    for (a, b, x, rank, pseudo) in problems {
      let (a, b): (Matrix<Scalar>, Matrix<Scalar>) = (matrix(a), matrix(b))
      let solution = try leastSquares(a, b)
      expect(solution.x, x, "leastSquares")
      #expect(solution.rank == rank)
      #expect(try LinearAlgebra.rank(a) == rank)
      expect(try pseudoInverse(a), pseudo, "pseudoInverse")
      if rank == min(a.rows, a.columns) {
        expect(try leastSquaresByQR(a, b), x, "leastSquaresByQR")
      }
    }
  }

  @Test("norm and conditionNumber")
  func sizes() throws {
    try checkSizes(Float.self)
    try checkSizes(Double.self)
    // A condition number of 1.5e7, of which its own size in roundings is uncertain.
    let hilbert = Problem(kind: .hilbert, rows: 6, columns: 6).matrix(Double.self)
    let condition = try conditionNumber(hilbert)
    #expect(abs(condition / Golden.hilbertCondition - 1) < 1e-8)
  }

  private func checkSizes<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    let tall: Matrix<Scalar> = matrix(Golden.tall)
    expect(try MatrixNorm.allCases.map { try norm(tall, $0) }, Golden.norms, "norms")
    expect([try conditionNumber(tall)], [Golden.condition], "condition number")
  }

  @Test("principal components")
  func principalComponents() throws {
    try checkPrincipalComponents(Float.self)
    try checkPrincipalComponents(Double.self)
  }

  private func checkPrincipalComponents<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    typealias Golden = ScikitLearnGoldens
    // Of three samples, which lie in a plane, the third component is any.
    let problems = [
      (
        Golden.tall, Golden.tallMean, Golden.tallComponents, Golden.tallVariance, Golden.tallRatio,
        [Golden.tallScores, Golden.tallInverse, Golden.tallWhitened, Golden.tallWhitenedInverse]
      ),
      (
        Golden.wide, Golden.wideMean, Golden.wideComponents.prefix(rows: 2), Golden.wideVariance,
        Golden.wideRatio,
        [Golden.wideScores, Golden.wideInverse, Golden.wideWhitened, Golden.wideWhitenedInverse]
      ),
    ]
    for (golden, mean, components, variance, ratio, transformed) in problems {
      let x: Matrix<Scalar> = matrix(golden)
      let all = try PrincipalComponents(x)
      expect(all.mean, mean, "mean")
      // Signs too.
      expect(all.components.prefix(rows: components.rows), components, "components")
      expect(all.explainedVariance, variance, "explained variance")
      expect(all.explainedVarianceRatio, ratio, "explained variance ratio")
      let plain = try PrincipalComponents(x, keeping: .count(2))
      let scores = try plain.transform(x)
      expect(scores, transformed[0], "transform")
      expect(try plain.inverseTransform(scores), transformed[1], "inverse transform")
      let white = try PrincipalComponents(x, keeping: .count(2), whitening: true)
      let whitened = try white.transform(x)
      expect(whitened, transformed[2], "whitened")
      let moved = Matrix(
        rows: whitened.rows, columns: 2, elements: whitened.elements.map { $0 + 1 })
      expect(try white.inverseTransform(moved), transformed[3], "whitened inverse")
    }
    for (share, count) in zip(Golden.shares, Golden.countsOfShares) {
      let kept = try PrincipalComponents(
        matrix(Golden.tall) as Matrix<Scalar>, keeping: .variance(share))
      #expect(kept.components.rows == count)
    }
  }
}
