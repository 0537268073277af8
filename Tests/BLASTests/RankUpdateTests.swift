import BLAS
import Testing
import TestSupport

@Suite("syrk") struct RankUpdateTests {
  @Test("the lower triangle is AᵀA", arguments: [0, 1, 7, 100], [1, 2, 33])
  func lowerTriangle(m: Int, n: Int) {
    var random = Seeded(UInt64(m * 100 + n))
    let a = TestMatrix(random.values(m * n), m, n, stride: n + 3)
    let c = TestMatrix<Float>(poisoned: n, n, stride: n + 2)
    syrk(a.view, into: c.view)
    let reference = naiveProduct(
      m: n, n: n, k: m, a: { Double(a.view[$1, $0]) }, b: { Double(a.view[$0, $1]) })
    for row in 0..<n {
      for column in 0..<n {
        let value = c.view[row, column]
        if column > row {
          #expect(value.isNaN, "above the diagonal")
        } else {
          let index = row * n + column
          #expect(
            abs(Double(value) - reference.values[index]) <= reference.bounds[index], "\(random)")
        }
      }
    }
    #expect(a.surroundingsAreUntouched && c.surroundingsAreUntouched)
  }

  @Test("the lower triangle is AᵀA in double precision", arguments: [0, 1, 40], [1, 9])
  func lowerTriangleOfDoubles(m: Int, n: Int) {
    var random = Seeded(UInt64(m * 100 + n))
    let a = TestMatrix(random.values(m * n).map { Double($0) }, m, n, stride: n + 3)
    let c = TestMatrix<Double>(poisoned: n, n, stride: n + 2)
    syrk(a.view, into: c.view)
    for row in 0..<n {
      for column in 0..<n where column <= row {
        let terms = (0..<m).map { a.view[$0, row] * a.view[$0, column] }
        let bound = Double.ulpOfOne * Double(m) * terms.reduce(0) { $0 + abs($1) }
        #expect(abs(c.view[row, column] - terms.reduce(0, +)) <= bound, "\(random)")
      }
      for column in row + 1..<max(n, row + 1) { #expect(c.view[row, column].isNaN) }
    }
    #expect(a.surroundingsAreUntouched && c.surroundingsAreUntouched)
  }

  @Test("shapes that disagree trap")
  func traps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let (a, c) = (TestMatrix<Float>(poisoned: 3, 2), TestMatrix<Float>(poisoned: 3, 3))
        syrk(a.view, into: c.view)
      }, "syrk: expected A [m, n], C [n, n], got A [3, 2], C [3, 3]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let a = TestMatrix<Float>(poisoned: 3, 3)
        syrk(a.view, into: a.view)
      }, "syrk: expected a result apart from the operand, got C overlapping A")
  }
}
