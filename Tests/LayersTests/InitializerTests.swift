import Layers
import Testing
import TestSupport

@Suite("initial values")
struct InitializerTests {
  private func fill(
    _ initializer: Initializer, _ shape: Shape, _ generator: inout RandomGenerator
  ) -> TestMatrix<Float> {
    let target = TestMatrix<Float>(poisoned: 1, shape.count)
    Parameter("parameter", shape: shape, initialValue: initializer).fill(
      UnsafeMutableBufferPointer(start: target.view.baseAddress, count: shape.count),
      using: &generator)
    return target
  }

  /// Each family with the variance that its paper gives for a matrix of 300 units, 200 inputs.
  @Test(
    "the scaled families have their variances and bounds",
    arguments: [
      (.glorotUniform, 2.0 / 500, true), (.glorotNormal, 2.0 / 500, false),
      (.heUniform, 2.0 / 200, true), (.heNormal, 2.0 / 200, false),
      (.lecunUniform, 1.0 / 200, true), (.lecunNormal, 1.0 / 200, false),
    ] as [(Initializer, Double, Bool)])
  func families(initializer: Initializer, variance: Double, isUniform: Bool) {
    var generator = RandomGenerator(seed: 501)
    let target = fill(initializer, [300, 200], &generator)
    let values = target.elements.doubles
    let count = Double(values.count)
    // A uniform distribution reaches √3 deviations, one truncated at ±2 and widened 2/0.8796 of
    // them. Nearly all of it is used.
    let limit = variance.squareRoot() * (isUniform ? 3.0.squareRoot() : 2 / 0.879_625_66)
    let largest = values.map(abs).max() ?? 0
    #expect(largest <= limit * (1 + 2 * floatRounding) && largest > 0.99 * limit, "seed 501")
    let mean = values.reduce(0, +) / count
    #expect(abs(mean) <= 5 * (variance / count).squareRoot(), "seed 501")
    // The fourth moment is 9/5 of the squared variance for the uniform distribution, and 2.366 for
    // the truncated normal one; within five standard deviations of a sample's variance.
    let spread = ((isUniform ? 1.8 : 2.366) - 1) * variance * variance / count
    let found = values.reduce(0) { $0 + $1 * $1 } / count
    #expect(abs(found - variance) <= 5 * spread.squareRoot(), "seed 501")
    #expect(target.surroundingsAreUntouched)
  }

  @Test("of a vector, the length is both fans")
  func vector() {
    var generator = RandomGenerator(seed: 502)
    let largest = fill(.glorotUniform, [1000], &generator).elements.map(abs).max() ?? 0
    let limit = Float(6.0 / 2000).squareRoot()
    #expect(largest <= limit && largest > 0.99 * limit, "seed 502")
  }

  @Test("constants and given values, which draw no random number")
  func given() {
    var generator = RandomGenerator(seed: 503)
    let before = generator
    #expect(fill(.zeros, [2, 2], &generator).elements == [0, 0, 0, 0])
    #expect(fill(.constant(1.5), [3], &generator).elements == [1.5, 1.5, 1.5])
    let values = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(fill(.values(values), [2, 3], &generator).elements == [1, 2, 3, 4, 5, 6])
    #expect(generator == before)
  }

  @Test("the same generator gives the same values, and goes on after them")
  func reproducible() {
    var (first, second) = (RandomGenerator(seed: 504), RandomGenerator(seed: 504))
    let values = fill(.heNormal, [20, 30], &first).elements
    #expect(fill(.heNormal, [20, 30], &second).elements == values)
    #expect(fill(.heNormal, [20, 30], &second).elements != values)
  }
}
