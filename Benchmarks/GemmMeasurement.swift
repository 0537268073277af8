import DirectGemm
import Maru

/// The operands of one product in memory.
final class GemmMeasurement<Scalar: GemmScalar> {
  private let product: Product
  private let memory: UnsafeMutableBufferPointer<Scalar>
  private let a, b, c: MatrixView<Scalar>

  init(_ product: Product) {
    self.product = product
    let (m, n, k) = (product.m, product.n, product.k)
    // Each matrix starts on a cache line of its own.
    let sizes = [m * k, k * n, m * n].map { ($0 + 15) / 16 * 16 }
    let count = sizes.reduce(0, +)
    memory = UnsafeMutableBufferPointer(
      start: UnsafeMutableRawPointer.allocate(
        byteCount: count * MemoryLayout<Scalar>.stride, alignment: AlignedBuffer.alignment
      ).bindMemory(to: Scalar.self, capacity: count), count: count)
    var generator = RandomGenerator(seed: 1)
    for index in 0..<sizes[0] + sizes[1] { memory[index] = Scalar(generator.uniform(-1, 1)) }
    // What is not overwritten shows.
    memory[(sizes[0] + sizes[1])...].update(repeating: .nan)
    let start = memory.baseAddress.unsafelyUnwrapped
    a =
      product.layout == .tn
      ? MatrixView(start, rows: k, columns: m).transposed : MatrixView(start, rows: m, columns: k)
    let startOfB = start + sizes[0]
    b =
      product.layout == .nt
      ? MatrixView(startOfB, rows: n, columns: k).transposed
      : MatrixView(startOfB, rows: k, columns: n)
    c = MatrixView(startOfB + sizes[1], rows: m, columns: n)
  }

  deinit { memory.deallocate() }

  /// Checks the answer, then measures the wrapper and the direct call in turn.
  func run(repeats: Int, cold: Bool) throws -> GemmResult {
    Scalar.multiply(a, b, into: c)
    try check()
    // Small products are timed many at once, so that the clock's own time does not count.
    let count = cold ? 1 : max(1, Int(4e7 / product.operations))
    let wrapped = { for _ in 0..<count { Scalar.multiply(self.a, self.b, into: self.c) } }
    let direct = { Scalar.multiplyDirectly(self.a, self.b, into: self.c, count: count) }
    let time = { (call: () -> Void) in
      if cold { evict(self.memory.baseAddress, self.memory.count * MemoryLayout<Scalar>.stride) }
      return ContinuousClock().measure(call).inSeconds / Double(count)
    }
    _ = (time(wrapped), time(direct))
    let pairs = (0..<repeats).map { turn in
      // Whoever comes second may find the caches as the first left them.
      if turn.isMultiple(of: 2) {
        let seconds = time(wrapped)
        return (wrapped: seconds, direct: time(direct))
      }
      let seconds = time(direct)
      return (wrapped: time(wrapped), direct: seconds)
    }
    let seconds = Spread(pairs.map(\.wrapped))
    return GemmResult(
      routine: Scalar.routine, product: product,
      medianGigaflops: product.operations / seconds.median * 1e-9,
      bestGigaflops: product.operations / seconds.lowest * 1e-9,
      shareOfDirect: Spread(pairs.map { $0.direct / $0.wrapped }).median)
  }

  /// Compares elements with their sums in double precision: all of a small result, 64 of a large one.
  ///
  /// Whatever the order of the sum, it is off by at most γ·Σ|aᵢ·bᵢ| with γ = k·u / (1 − k·u), u half
  /// an ulp of 1 (Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section 3.1); so is
  /// the sum in double precision.
  private func check() throws {
    let (m, n, k) = (product.m, product.n, product.k)
    let gamma = [Double(Scalar.ulpOfOne), Double.ulpOfOne].reduce(0) {
      $0 + Double(k) * $1 / 2 / (1 - Double(k) * $1 / 2)
    }
    let isSmall = m * n * k <= 1 << 21
    for place in 0..<(isSmall ? m * n : 64) {
      let row = isSmall ? place / n : place * 7919 % m
      let column = isSmall ? place % n : place * 104_729 % n
      var (sum, size) = (0.0, 0.0)
      for index in 0..<k {
        let term = Double(a[row, index]) * Double(b[index, column])
        sum += term
        size += abs(term)
      }
      let got = Double(c[row, column])
      guard abs(got - sum) <= gamma * size else {
        throw WrongAnswer(
          "\(Scalar.routine) \(product.description) at (\(row), \(column))", expected: sum,
          got: got, bound: gamma * size)
      }
    }
  }
}

/// The speed of one product.
struct GemmResult {
  let routine: Routine
  let product: Product
  let medianGigaflops, bestGigaflops: Double
  /// The wrapper's speed by that of the same call from C.
  let shareOfDirect: Double
}
