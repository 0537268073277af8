import Foundation
import LinearAlgebra
import Testing

@Suite("solve, inverse and determinant") struct SolveTests {
  /// The residual of a backward stable solution is bounded by n·ε·‖A‖·‖X‖ times the growth of the
  /// factors, which partial pivoting keeps small for these matrices; 2 leaves room for it.
  @Test("residuals are within rounding", arguments: Problem.square, [0, 1, 3])
  func residuals(problem: Problem, columns: Int) throws {
    try check(problem, columns, Float.self)
    try check(problem, columns, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(
    _ problem: Problem, _ columns: Int, _ type: Scalar.Type
  ) throws {
    var generator = RandomGenerator(seed: problem.seed + 1)
    let a = problem.matrix(type)
    let b = Matrix<Scalar>.random(a.rows, columns, &generator)
    let x = try solve(a, b)
    #expect(x.rows == a.rows && x.columns == columns)
    expect(
      a.exact.multiplied(by: x.exact) - b.exact, within: 2 * problem.size,
      of: a.exact.size * x.exact.size, type, "A·X − B")
  }

  @Test("the inverse times the matrix is the identity", arguments: Problem.square)
  func inverses(problem: Problem) throws {
    try checkInverse(problem, Float.self)
    try checkInverse(problem, Double.self)
  }

  private func checkInverse<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let inverted = try inverse(a)
    // Higham 2002, §14.3: one of the two residuals is small whatever the condition; which one depends
    // on whether the matrix or its transpose was factored.
    expect(
      inverted.exact.multiplied(by: a.exact) - .identity(a.rows), within: 2 * problem.size,
      of: a.exact.size * inverted.exact.size, type, "A⁻¹·A − I")
  }

  @Test("a known system, which a transposed reading would get wrong")
  func knownSystem() throws {
    let a = Matrix<Float>([[2, 1], [0, 4]])
    #expect(try solve(a, Matrix([[4], [8]])) == Matrix([[1], [2]]))
    #expect(try inverse(a) == Matrix([[0.5, -0.125], [0, 0.25]]))
  }

  @Test("a singular matrix is an error with its pivot")
  func singular() throws {
    // The third row is the sum of the first two, exactly.
    let a = Matrix<Double>([[1, 0, 2], [0, 1, 1], [1, 1, 3]])
    #expect(throws: LinearAlgebraError.singular(pivot: 2)) { try solve(a, a) }
    #expect(throws: LinearAlgebraError.singular(pivot: 2)) { try inverse(a) }
    let flat = Matrix<Float>([[1, 2], [0, 0]])
    #expect(throws: LinearAlgebraError.singular(pivot: 1)) { try solve(flat, flat) }
    #expect(try LUFactors(a).reciprocalCondition == 0)
    #expect(try determinant(a) == 0)
    #expect(try logDeterminant(a) == (0, -.infinity))
  }

  @Test("the reciprocal condition number is that of the 1-norm")
  func reciprocalCondition() throws {
    try checkReciprocalCondition(Float.self)
    try checkReciprocalCondition(Double.self)
    #expect(try LUFactors(Matrix<Float>(rows: 0, columns: 0)).reciprocalCondition == 1)
    let hilbert = Problem(kind: .hilbert, rows: 12, columns: 12)
    #expect(try LUFactors(hilbert.matrix(Float.self)).reciprocalCondition < Float.ulpOfOne)
    #expect(try LUFactors(hilbert.matrix(Double.self)).reciprocalCondition < 1e-15)
  }

  private func checkReciprocalCondition<Scalar: LAPACKScalar>(_ type: Scalar.Type) throws {
    // ‖A‖₁ = ‖A⁻¹‖₁ = 11; in the ∞-norm 21.
    let a = Matrix<Scalar>([[1, 10, 10], [0, 1, 0], [0, 0, 1]])
    #expect(abs(try LUFactors(a).reciprocalCondition * 121 - 1) < 32 * Scalar.ulpOfOne)
    #expect(
      abs(try LUFactors(a.transposed()).reciprocalCondition * 441 - 1) < 32 * Scalar.ulpOfOne)
  }

  @Test(
    "the magnitude of a determinant is the product of the singular values",
    arguments: Problem.square + Problem.rankDeficient.filter { $0.rows == $0.columns })
  func determinantOfSingularValues(problem: Problem) throws {
    try checkDeterminant(problem, Float.self)
    try checkDeterminant(problem, Double.self)
  }

  private func checkDeterminant<Scalar: LAPACKScalar>(
    _ problem: Problem, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let values = try singularValues(a.exact)
    let product = values.reduce(1, *)
    // What the product changes by where each value moves by its rounding.
    let slope = values.indices.reduce(0.0) { sum, index in
      sum + values.indices.reduce(1.0) { $0 * ($1 == index ? 1 : values[$1]) }
    }
    let rounding = 4 * Double(problem.size) * Double(Scalar.ulpOfOne) * (values.first ?? 0) * slope
    let determinant = try determinant(a)
    if product < Double(Scalar.greatestFiniteMagnitude) {
      #expect(abs(abs(Double(determinant)) - product) <= rounding, "\(Scalar.self)")
    } else {
      #expect(abs(determinant) == .infinity)
    }
    guard rounding < product / 2 || values.isEmpty else { return }
    let (sign, logarithm) = try logDeterminant(a)
    #expect(sign == (determinant < 0 ? -1 : 1))
    let bound = 2 * rounding / product + Double(Scalar.ulpOfOne) * abs(log(product))
    #expect(abs(Double(logarithm) - log(product)) <= bound, "\(Scalar.self)")
  }

  @Test("a determinant is 0 beside a pivot of 0, however large the others are")
  func singularDeterminant() throws {
    #expect(try determinant(Matrix<Float>(diagonal: [1e30, 1e30, 0])) == 0)
    #expect(try determinant(Matrix<Double>(diagonal: [1e200, 1e200, 0])) == 0)
  }

  @Test("determinants have the sign of the permutation")
  func determinants() throws {
    #expect(try determinant(Matrix<Double>([[0, 1], [1, 0]])) == -1)
    #expect(try determinant(Matrix<Float>([[0, 1, 0], [0, 0, 1], [1, 0, 0]])) == 1)
    #expect(try determinant(Matrix<Double>([[0, 2], [-3, 0]])) == 6)
    #expect(try determinant(Matrix<Double>(diagonal: [-2, 3, 5])) == -30)
    #expect(try determinant(Matrix<Double>(rows: 0, columns: 0)) == 1)
    #expect(try logDeterminant(Matrix<Double>(rows: 0, columns: 0)) == (1, 0))
    let (sign, logarithm) = try logDeterminant(Matrix<Double>([[0, 2], [3, 0]]))
    #expect(sign == -1 && abs(logarithm - 1.791_759_469_228_055) < 1e-15)
    #expect(try logDeterminant(Matrix<Float>(diagonal: [-2, -3])).sign == 1)
  }

  @Test("the logarithm of a determinant does not overflow")
  func largeDeterminant() throws {
    let large = Matrix<Float>(diagonal: [1e30, -1e30])
    #expect(try determinant(large) == -.infinity)
    let (sign, logarithm) = try logDeterminant(large)
    #expect(sign == -1 && abs(logarithm - 138.155_1) < 1e-3)
  }
}
