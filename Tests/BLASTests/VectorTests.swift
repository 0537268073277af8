import BLAS
import Testing
import TestSupport

@Suite("vectors against their definitions")
struct VectorTests {
  private static let counts = [0, 1, 3, 16, 17, 1000]

  @Test("axpy adds a multiple", arguments: counts)
  func axpyAdds(count: Int) {
    var random = Seeded(UInt64(21 + count))
    let x = random.values(count)
    let start = random.values(count)
    let y = TestMatrix(start, 1, count)
    axpy(-1.5, x, into: y.view.baseAddress, count: count)
    let sizes = zip(x, start).map { 1.5 * abs(Double($0)) + abs(Double($1)) }
    let reference = Reference(
      rows: 1, columns: count, values: zip(x, start).map { -1.5 * Double($0) + Double($1) },
      bounds: sizes.map { 2 * floatRounding * $0 })
    expect(y.view, matches: reference, "\(random)")
    #expect(y.surroundingsAreUntouched)
  }

  @Test("dot sums", arguments: counts)
  func dotSums(count: Int) {
    var random = Seeded(UInt64(22 + count))
    let (x, y) = (random.values(count), random.values(count))
    let products = zip(x, y).map { Double($0) * Double($1) }
    let size = products.reduce(0) { $0 + abs($1) }
    // Vector kernels multiply and add in single precision within blocks.
    let bound = Double(count) * floatRounding * size
    #expect(abs(dot(x, y, count: count) - products.reduce(0, +)) <= bound, "\(random)")
  }

  @Test("scal multiplies in place", arguments: counts)
  func scalMultiplies(count: Int) {
    var random = Seeded(UInt64(23 + count))
    let start = random.values(count)
    let x = TestMatrix(start, 1, count)
    scal(0.3, x.view.baseAddress, count: count)
    expect(x.elements, sameBitsAs: start.map { $0 * 0.3 }, "\(random)")
    #expect(x.surroundingsAreUntouched)
  }
}
