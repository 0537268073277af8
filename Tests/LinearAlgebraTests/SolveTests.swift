import LinearAlgebra
import Testing

@Suite("solve") struct SolveTests {
  /// The residual of a backward stable solution is bounded by ε·n·‖A‖·‖X‖ times the growth of the
  /// factors, which partial pivoting keeps near 1 for random matrices; 8 leaves room for it.
  @Test("residuals are within rounding", arguments: [1, 2, 5, 33, 100], [1, 3])
  func residuals(n: Int, columns: Int) throws {
    let seed = UInt64(n * 1000 + columns)
    var generator = RandomGenerator(seed: seed)
    let a = random([n, n], &generator)
    let b = random([n, columns], &generator)
    let x = try solve(a, b)
    let residual = a.multiplied(by: x) - b
    let bound = 8 * Float(n) * Float.ulpOfOne * norm(a) * max(norm(x), 1)
    #expect(x.shape == b.shape)
    #expect(norm(residual) <= bound, "seed \(seed)")
  }

  @Test("a known system, which a transposed reading would get wrong")
  func knownSystem() throws {
    let a = Tensor([2, 1, 0, 4], shape: [2, 2])
    let x = try solve(a, Tensor([4, 8], shape: [2, 1]))
    #expect(x.elements == [1, 2])
  }

  @Test("operands keep their values")
  func operandsStay() throws {
    let a = Tensor([0, 2, 1, 0], shape: [2, 2])
    let b = Tensor([2, 3], shape: [2, 1])
    _ = try solve(a, b)
    #expect(a.elements == [0, 2, 1, 0])
    #expect(b.elements == [2, 3])
  }

  @Test("a singular matrix is an error with its pivot")
  func singular() {
    let a = Tensor([1, 2, 0, 0], shape: [2, 2])
    #expect(throws: SingularMatrixError(pivot: 1)) { try solve(a, a) }
  }

  @Test("no equations and no right-hand sides have empty solutions")
  func empty() throws {
    #expect(try solve(Tensor(zeros: [0, 0]), Tensor(zeros: [0, 2])).shape == [0, 2])
    #expect(try solve(Tensor(zeros: [2, 2]), Tensor(zeros: [2, 0])).shape == [2, 0])
  }

  @Test("shapes that disagree and NaN trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = try solve(Tensor(zeros: [2, 3]), Tensor(zeros: [2, 1]))
    }
    await #expect(processExitsWith: .failure) {
      _ = try solve(Tensor([.nan], shape: [1, 1]), Tensor([1], shape: [1, 1]))
    }
  }

  private func random(_ shape: Shape, _ generator: inout RandomGenerator) -> Tensor {
    Tensor((0..<shape.count).map { _ in generator.uniform(-1, 1) }, shape: shape)
  }

  /// The largest sum of magnitudes of a row.
  private func norm(_ matrix: Tensor) -> Float {
    (0..<matrix.shape[0]).map { row in
      (0..<matrix.shape[1]).reduce(0) { $0 + abs(matrix[row, $1]) }
    }.max() ?? 0
  }
}
