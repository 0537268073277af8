import LinearAlgebra
import Testing
import TestSupport

@Suite("what linear algebra refuses") struct RefusalTests {
  @Test(
    "NaN and infinity are errors that name the operand", arguments: [Double.nan, .infinity], 0..<9)
  func notFinite(value: Double, index: Int) {
    var elements = (0..<9).map { $0 % 4 == 0 ? 2.0 : 0 }
    elements[index] = value
    check(Matrix(rows: 3, columns: 3, elements: elements))
    check(Matrix(rows: 3, columns: 3, elements: elements.map(Float.init)))
  }

  private func check<Scalar: LAPACKScalar>(_ bad: Matrix<Scalar>) {
    let good = Matrix<Scalar>.identity(3)
    let calls: [(String, () throws -> Void)] = [
      ("A", { _ = try solve(bad, good) }), ("B", { _ = try solve(good, bad) }),
      ("A", { _ = try inverse(bad) }), ("A", { _ = try determinant(bad) }),
      ("A", { _ = try logDeterminant(bad) }), ("A", { _ = try cholesky(bad) }),
      ("B", { _ = try cholesky(good).solve(bad) }), ("A", { _ = try qr(bad) }),
      ("A", { _ = try svd(bad) }), ("A", { _ = try singularValues(bad) }),
      ("A", { _ = try eigenSymmetric(bad) }), ("A", { _ = try leastSquares(bad, good) }),
      ("B", { _ = try leastSquares(good, bad) }), ("A", { _ = try leastSquaresByQR(bad, good) }),
      ("B", { _ = try leastSquaresByQR(good, bad) }), ("A", { _ = try pseudoInverse(bad) }),
      ("A", { _ = try conditionNumber(bad) }), ("A", { _ = try rank(bad) }),
      ("A", { _ = try norm(bad, .one) }), ("A", { _ = try norm(bad, .infinity) }),
      ("A", { _ = try norm(bad, .frobenius) }), ("A", { _ = try norm(bad, .two) }),
    ]
    for (index, (operand, call)) in calls.enumerated() {
      #expect(throws: LinearAlgebraError.notFinite(operand: operand), "call \(index)") {
        try call()
      }
    }
  }

  @Test("an element of B that is NaN is told of also where A is singular")
  func notFiniteBeforeSingular() {
    #expect(throws: LinearAlgebraError.notFinite(operand: "B")) {
      try solve(Matrix<Double>(rows: 2, columns: 2), Matrix(rows: 2, columns: 1, repeating: .nan))
    }
  }

  /// Sizes from which LAPACK, asked for its workspace, answers with what is left of the number.
  @Test("a workspace that LAPACK cannot count traps")
  func workspaces() async {
    #expect(LeastWorkspace.syevd(32_766) == 2_147_418_109)
    for least in [
      LeastWorkspace.syevd(32_767), LeastWorkspace.gesdd(26_755, 26_755),
      LeastWorkspace.gelsd(46_341, 80_000, 1), LeastWorkspace.gelsd(50_000, 50_000, 50_000),
    ] {
      expectTrap(
        await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
          [least = least as Int] in
          _ = workspaceSize(Double(1_114_078), least: least)
        }, "LAPACK: expected sizes up to 2147483647, got \(least)")
    }
  }

  @Test("tolerances outside 0 ..< 1 trap")
  func tolerances() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? rank(Matrix<Double>.identity(2), tolerance: 1)
      }, "singular values: expected a tolerance in 0 ..< 1, got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? pseudoInverse(Matrix<Double>.identity(2), tolerance: -0.1)
      }, "singular values: expected a tolerance in 0 ..< 1, got -0.1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? leastSquares(Matrix<Double>.identity(2), .identity(2), tolerance: .nan)
      }, "singular values: expected a tolerance in 0 ..< 1, got nan")
  }

  @Test("errors are one line that names the place")
  func messages() {
    #expect(
      "\(LinearAlgebraError.singular(pivot: 3))"
        == "the matrix is singular: pivot 3 of its LU factors is 0")
    #expect(
      "\(LinearAlgebraError.notPositiveDefinite(leadingMinor: 2))"
        == "the matrix is not positive definite: its leading minor of order 2 is not positive")
    #expect(
      "\(LinearAlgebraError.notFinite(operand: "B"))"
        == "B has elements that are NaN or infinite")
  }

  @Test("shapes that disagree trap")
  func traps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? solve(Matrix<Double>(rows: 2, columns: 3), Matrix(rows: 2, columns: 1))
      }, "solve: expected A [n, n] and B [n, k], got A [2, 3], B [2, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? solve(Matrix<Double>.identity(2), Matrix(rows: 3, columns: 1))
      }, "solve: expected A [n, n] and B [n, k], got A [2, 2], B [3, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? determinant(Matrix<Double>(rows: 2, columns: 3))
      }, "LU factors: expected A [n, n], got [2, 3]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? inverse(Matrix<Double>(rows: 2, columns: 3))
      }, "inverse: expected A [n, n], got [2, 3]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? cholesky(Matrix<Double>(rows: 3, columns: 2))
      }, "cholesky: expected A [n, n], got [3, 2]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? cholesky(Matrix<Double>.identity(2)).solve(Matrix(rows: 1, columns: 2))
      }, "solve: expected B [2, k], got [1, 2]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? eigenSymmetric(Matrix<Double>(rows: 2, columns: 3))
      }, "eigenSymmetric: expected A [n, n], got [2, 3]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? leastSquares(Matrix<Double>(rows: 3, columns: 2), Matrix(rows: 2, columns: 1))
      }, "leastSquares: expected A [m, n] and B [m, k], got A [3, 2], B [2, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? leastSquaresByQR(Matrix<Double>.identity(3), Matrix(rows: 2, columns: 1))
      }, "leastSquares: expected A [m, n] and B [m, k], got A [3, 3], B [2, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Matrix<Double>(rows: 2, columns: 2).multiplied(by: Matrix(rows: 3, columns: 2))
      }, "Matrix.multiplied: expected [m, k]·[k, n], got [2, 2]·[3, 2]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Matrix<Double>(rows: 2, columns: 2, elements: [1, 2, 3])
      }, "Matrix: expected 2×2 elements, got 3")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Matrix<Double>([[1, 2], [3]])
      }, "Matrix: expected rows of one length, got [2, 1]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Matrix<Double>(rows: 2, columns: 2)[0, 2]
      }, "Matrix: expected an element of 2×2, got (0, 2)")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Matrix<Float>(Tensor([1, 2]))
      }, "Matrix: expected two axes, got shape [2]")
  }
}
