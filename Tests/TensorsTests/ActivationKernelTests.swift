import CKernels
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Floats of every size: each 4099th bit pattern from 0 to infinity, of both signs, so that each
/// power of two is met two thousand times; and the special ones.
private let everySize: [Float] = {
  let sizes = stride(from: UInt32(0), to: Float.infinity.bitPattern, by: 4099).map {
    Float(bitPattern: $0)
  }
  let special: [Float] = [
    0, .leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude.nextDown, 1,
    .greatestFiniteMagnitude, 87, 88, 103, 10, .infinity,
  ]
  return (sizes + special).flatMap { [$0, -$0] } + [.nan]
}()

/// A kernel that maps each number by itself, with the exact function.
private struct Function: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let kernel: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  let exact: @Sendable (Double) -> Double
  /// How many units in the last place the result may be off, by the argument.
  let ulps: @Sendable (Double) -> Double
  /// And how much besides, where the result is all but 0.
  var absolute = 0.0

  static let all = [
    Function(
      testDescription: "relu", kernel: { maru_relu($0, $1, $2) },
      exact: { $0.isNaN ? .nan : max($0, 0) }, ulps: { _ in 0 }),
    // The reciprocal and the sum round, half a unit each, and e⁻ˣ is good to 1.5.
    Function(
      testDescription: "sigmoid", kernel: { maru_sigmoid($0, $1, $2) },
      exact: { 1 / (1 + exp(-$0)) }, ulps: { _ in 3 },
      // e⁻ˣ stops growing at e⁸⁸, so that sigmoid stays at e⁻⁸⁸ instead of reaching 0.
      absolute: exp(-88) * 1.01),
    Function(
      testDescription: "tanh", kernel: { maru_tanh($0, $1, $2) }, exact: { tanh($0) },
      ulps: { _ in 3 }),
    Function(
      testDescription: "softplus", kernel: { maru_softplus($0, $1, $2) },
      exact: { max($0, 0) + log1p(exp(-abs($0))) + ($0.isNaN ? $0 : 0) }, ulps: { _ in 2 }),
    // Φ(x) for x < 0 is about e^(−x²/2): rounding x/√2 twice is felt x² times.
    Function(
      testDescription: "gelu", kernel: { maru_gelu($0, $1, $2) },
      exact: { $0 * (0.5 * erfc(-$0 / 2.0.squareRoot())) },
      ulps: { 3 + ($0 < 0 ? 1.5 * $0 * $0 : 0) },
      // Below −13, where Φ is subnormal in Float before x multiplies it.
      absolute: 0x1p-149 * 14),
    Function(
      testDescription: "silu", kernel: { maru_silu($0, $1, $2) },
      exact: { $0 / (1 + exp(-$0)) }, ulps: { _ in 4 },
      // Below −87, where eˣ is taken as 0.
      absolute: 87 * exp(-87) * 1.01),
  ]
}

@Suite("activation kernels against double precision")
struct ActivationKernelTests {
  @Test("numbers of every size", arguments: Function.all)
  private func forward(function: Function) {
    let x = everySize
    let y = TestMatrix<Float>(poisoned: 1, x.count)
    function.kernel(x, y.view.baseAddress, x.count)
    let exact = x.map { function.exact(Double($0)) }
    let bounds = zip(x, exact).map { x, exact in
      let ulp = exact.isFinite ? Double(Float(exact).ulp) : 0
      return function.ulps(Double(x)) * (ulp.isFinite ? ulp : 0) + function.absolute
    }
    let reference = Reference(rows: 1, columns: x.count, values: exact, bounds: bounds)
    expect(y.view, matches: reference, "\(function.testDescription)")
    #expect(y.surroundingsAreUntouched)
  }

  @Test("in place is the same as apart, for any length", arguments: Function.all)
  private func inPlace(function: Function) {
    var random = Seeded(41)
    for count in [0, 1, 3, 8, 15, 16, 17, 100] {
      let x = random.values(count, limit: 5)
      let apart = TestMatrix<Float>(poisoned: 1, count)
      function.kernel(x, apart.view.baseAddress, count)
      let inPlace = TestMatrix(x, 1, count)
      function.kernel(inPlace.view.baseAddress, inPlace.view.baseAddress, count)
      expect(inPlace.elements, sameBitsAs: apart.elements, "\(count) elements, \(random)")
      #expect(apart.surroundingsAreUntouched)
    }
  }

  @Test("the sign of zero stays, and so do the ends of the axis")
  func edges() {
    func apply(_ function: String, _ x: Float) -> Float {
      var y = Float.nan
      Function.all.first { $0.testDescription == function }?.kernel([x], &y, 1)
      return y
    }
    #expect(apply("tanh", -0.0).sign == .minus && apply("tanh", -0.0) == 0)
    #expect(apply("tanh", .infinity) == 1 && apply("tanh", -.infinity) == -1)
    #expect(apply("sigmoid", .infinity) == 1 && apply("sigmoid", 0) == 0.5)
    #expect(apply("softplus", -.infinity) == 0 && apply("softplus", .infinity) == .infinity)
    #expect(apply("silu", .infinity) == .infinity)
    #expect(apply("silu", -.infinity).isNaN && apply("silu", -3e38) == 0)
    #expect(apply("gelu", .infinity) == .infinity)
    #expect(apply("gelu", -.infinity).isNaN, "0 · ∞, as the formula has it")
  }

  @Test("leaky ReLU, with each slope", arguments: [0.3, 0.01, 1] as [Float])
  func leakyReLU(slope: Float) {
    let x = everySize
    let y = TestMatrix<Float>(poisoned: 1, x.count)
    maru_leaky_relu(x, slope, y.view.baseAddress, x.count)
    expect(y.elements, sameBitsAs: x.map { $0 > 0 ? $0 : slope * $0 }, "slope \(slope)")
  }

  @Test("backward of the ReLUs: 0 and NaN count as not above 0")
  func reluBackward() {
    let y: [Float] = [1, 0, -0.0, -1, .nan, .infinity]
    let dY: [Float] = [2, 3, 4, 5, 6, 7]
    let dX = TestMatrix<Float>(poisoned: 1, 6)
    maru_relu_backward(dY, y, dX.view.baseAddress, 6)
    #expect(dX.elements == [2, 0, 0, 0, 0, 7])
    maru_leaky_relu_backward(dY, y, 0.5, dX.view.baseAddress, 6)
    #expect(dX.elements == [2, 1.5, 2, 2.5, 3, 7])
  }
}
