import LinearAlgebra
import Testing

@Suite("orthogonal initial values") struct OrthogonalTests {
  @Test(
    "the shorter side's vectors are at right angles and as long as the gain",
    arguments: [(1, 1), (33, 33), (20, 50), (50, 20)], [1, 2.5] as [Float])
  func vectors(sizes: (Int, Int), gain: Float) {
    var generator = RandomGenerator(seed: 601)
    let weight = Tensor.orthogonal(
      units: sizes.0, inputs: sizes.1, gain: gain, using: &generator)
    #expect(weight.shape == [sizes.0, sizes.1])
    let unit = Matrix<Float>(weight / gain)
    expectOrthonormal(unit, rows: sizes.0 < sizes.1, "seed 601")
  }

  @Test("signs are those of chance, and values those of the generator")
  func chance() {
    var generator = RandomGenerator(seed: 602)
    let first = (0..<64).map { _ in
      Tensor.orthogonal(units: 3, inputs: 3, using: &generator)[0, 0]
    }
    // Householder's reflections alone leave this element negative.
    #expect((16...48).contains(first.count { $0 > 0 }), "seed 602")
    var again = RandomGenerator(seed: 602)
    #expect(Tensor.orthogonal(units: 3, inputs: 3, using: &again)[0, 0] == first[0])
    #expect(Set(first).count == 64)
  }
}
