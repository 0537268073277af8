import BLAS
import Testing
import TestSupport

/// One product of the grid: sizes, transpositions, factors, and unused elements after each row.
struct Product: CustomTestStringConvertible {
  var m, n, k: Int
  var transposesA = false
  var transposesB = false
  var alpha = 1.0
  var beta = 0.0
  var gap = 0

  var testDescription: String {
    "[\(m), \(k)]\(transposesA ? "ᵀ" : "") · [\(k), \(n)]\(transposesB ? "ᵀ" : "")"
      + ", α \(alpha), β \(beta), gap \(gap)"
  }

  /// Every size with every pair of transpositions, with and without a gap.
  static let sizes: [Product] = [
    (1, 1, 1), (1, 7, 5), (7, 1, 5), (1, 1, 64), (3, 4, 1), (5, 3, 2), (17, 9, 33), (64, 10, 128),
    (33, 65, 127), (2, 300, 3), (128, 64, 401),
  ].flatMap { m, n, k in
    transpositions.flatMap { a, b in
      [0, 5].map { Product(m: m, n: n, k: k, transposesA: a, transposesB: b, gap: $0) }
    }
  }

  /// Every pair of factors with every pair of transpositions.
  static let factors: [Product] = [0, 1, -0.5].flatMap { alpha in
    [0, 1, 2.5].flatMap { beta in
      transpositions.map { a, b in
        Product(
          m: 6, n: 11, k: 7, transposesA: a, transposesB: b, alpha: alpha, beta: beta, gap: 3)
      }
    }
  }

  /// Products of one, several and broken pieces in each direction.
  static let pieces: [Product] = [(8, 16, 5), (16, 32, 9), (19, 40, 7), (5, 33, 3)].flatMap {
    m, n, k in
    transpositions.flatMap { a, b in
      [0, 2.5].map {
        Product(m: m, n: n, k: k, transposesA: a, transposesB: b, alpha: 0.5, beta: $0, gap: 3)
      }
    }
  }

  /// Sizes on both sides of what is cut into pieces, on kernels for which that is done.
  static let trained: [Product] = [
    (32, 128, 784, false, true), (128, 10, 784, false, true), (130, 9, 900, false, true),
    (100, 130, 90, false, false), (90, 201, 60, true, false), (6, 70, 2600, true, false),
  ].map { Product(m: $0, n: $1, k: $2, transposesA: $3, transposesB: $4) }

  /// Products of our own kernels: one and several groups of rows, broken vectors and panels of
  /// columns, one and several depths, rows in more than one block, operands that are copied and that
  /// are not, and sums along k in tiles of each size.
  static let own: [Product] = [
    (1, 1, 1), (13, 16, 16), (14, 17, 17), (27, 32, 33), (40, 49, 31), (5, 70, 300), (128, 64, 401),
    (520, 33, 560), (1100, 9, 130), (240, 140, 60), (9, 300, 1024), (2, 23, 45), (3, 34, 784),
    (11, 12, 50), (12, 14, 7),
  ].flatMap { m, n, k in
    transpositions.flatMap { a, b in
      [(0.0, 0), (2.5, 3)].map {
        Product(
          m: m, n: n, k: k, transposesA: a, transposesB: b, alpha: -0.5, beta: $0.0, gap: $0.1)
      }
    }
  }

  static let empty: [Product] = [(0, 3, 2), (3, 0, 2), (3, 2, 0), (0, 0, 0)].flatMap { m, n, k in
    transpositions.flatMap { a, b in
      [0, 2.0].map {
        Product(m: m, n: n, k: k, transposesA: a, transposesB: b, beta: $0, gap: 1)
      }
    }
  }

  private static let transpositions = [(false, false), (false, true), (true, false), (true, true)]
}

private let hasOwn = ConditionTrait.enabled(
  if: !OwnProduct.widths.isEmpty, "the kernels need a processor with AVX2")

@Suite("gemm against the naive reference")
struct GemmTests {
  @Test("sizes and transpositions", arguments: Product.sizes + Product.empty)
  func sizes(product: Product) {
    checkFloat(product)
    checkDouble(product)
  }

  @Test("factors; with beta 0 the old result is NaN", arguments: Product.factors)
  func factors(product: Product) {
    checkFloat(product)
    checkDouble(product)
  }

  @Test("products in pieces of 8 × 16", arguments: Product.pieces)
  func pieces(product: Product) {
    let operands = Operands(product) { $0 }
    gemm(
      operands.a, operands.b, into: operands.c.view, alpha: Float(product.alpha),
      beta: Float(product.beta), pieces: ProductPieces(rows: 8, columns: 16))
    operands.check(product, rounding: floatRounding)
  }

  @Test("products of our own kernels, whatever OpenBLAS uses", hasOwn, arguments: Product.own)
  func own(product: Product) {
    for width in OwnProduct.widths {
      let operands = Operands(product) { $0 }
      OwnProduct.multiply(
        operands.a, operands.b, into: operands.c.view, alpha: Float(product.alpha),
        beta: Float(product.beta), width: width)
      operands.check(product, rounding: floatRounding)
    }
  }

  @Test(
    "our own kernels give the same bits for a part as for the whole", hasOwn,
    arguments: [false, true], [false, true])
  func ownParts(transposesA: Bool, transposesB: Bool) {
    let product = Product(m: 61, n: 175, k: 700, transposesA: transposesA, transposesB: transposesB)
    for width in OwnProduct.widths {
      let (whole, parts) = (Operands(product) { $0 }, Operands(product) { $0 })
      OwnProduct.multiply(whole.a, whole.b, into: whole.c.view, alpha: 1, beta: 0, width: width)
      for rows in [0..<20, 20..<61] {
        for columns in [0..<33, 33..<175] {
          OwnProduct.multiply(
            parts.a[rows: rows], parts.b[columns: columns],
            into: parts.c.view[rows: rows, columns: columns], alpha: 1, beta: 0, width: width)
        }
      }
      expect(parts.c.elements, sameBitsAs: whole.c.elements, "\(width)")
    }
  }

  /// Too large for one piece, and for pieces.
  @Test("a serial product is computed by our own kernel", hasOwn)
  func ownIsChosen() {
    let product = Product(m: 128, n: 600, k: 512)
    let (chosen, own) = (Operands(product) { $0 }, Operands(product) { $0 })
    serialGemm(chosen.a, chosen.b, into: chosen.c.view, alpha: 1, beta: 0)
    OwnProduct.multiply(own.a, own.b, into: own.c.view, alpha: 1, beta: 0)
    expect(chosen.c.elements, sameBitsAs: own.c.elements, "")
  }

  @Test("the number of OpenBLAS's threads changes no bit of a serial product", hasOwn)
  func serial() async {
    await #expect(processExitsWith: .success) {
      for product in Product.trained + [Product(m: 301, n: 317, k: 333)] {
        let (one, four) = (Operands(product) { $0 }, Operands(product) { $0 })
        OpenBLAS.threads = 1
        serialGemm(one.a, one.b, into: one.c.view, alpha: 1, beta: 0)
        OpenBLAS.threads = 4
        serialGemm(four.a, four.b, into: four.c.view, alpha: 1, beta: 0)
        expect(four.c.elements, sameBitsAs: one.c.elements, "\(product)")
      }
    }
  }

  @Test("products of training, on one thread", arguments: Product.trained)
  func trained(product: Product) {
    OpenBLAS.withSingleThread { checkFloat(product) }
  }

  @Test("with alpha 0 the operands are not read")
  func alphaZero() {
    let a = TestMatrix<Float>(poisoned: 4, 3)
    let b = TestMatrix<Float>(poisoned: 3, 5)
    let c = TestMatrix<Float>(Array(repeating: 2, count: 20), 4, 5)
    gemm(a.view, b.view, into: c.view, alpha: 0, beta: 3)
    #expect(c.elements == Array(repeating: 6, count: 20))
  }

  @Test("a part of a matrix as result leaves the rest alone")
  func partialResult() {
    var random = Seeded(11)
    let a = TestMatrix(random.values(4 * 3), 4, 3)
    let b = TestMatrix(random.values(3 * 2), 3, 2)
    let whole = TestMatrix(Array(repeating: Float(9), count: 6 * 5), 6, 5)
    gemm(a.view, b.view, into: whole.view[rows: 1..<5, columns: 2..<4])
    let product = naiveProduct(
      m: 4, n: 2, k: 3, a: { Double(a.view[$0, $1]) }, b: { Double(b.view[$0, $1]) })
    var expected = Reference(
      rows: 6, columns: 5, values: Array(repeating: 9, count: 30), relative: 0)
    for row in 0..<4 {
      for column in 0..<2 {
        expected.values[(row + 1) * 5 + column + 2] = product.values[row * 2 + column]
        expected.bounds[(row + 1) * 5 + column + 2] = product.bounds[row * 2 + column]
      }
    }
    expect(whole.view, matches: expected, "\(random)")
  }

  @Test("the product of a matrix with itself, and with its transpose")
  func sharedOperands() {
    var random = Seeded(12)
    let a = TestMatrix(random.values(9), 3, 3)
    for (b, name) in [(a.view, "A·A"), (a.view.transposed, "A·Aᵀ")] {
      let c = TestMatrix<Float>(poisoned: 3, 3)
      gemm(a.view, b, into: c.view)
      let expected = naiveProduct(
        m: 3, n: 3, k: 3, a: { Double(a.view[$0, $1]) }, b: { Double(b[$0, $1]) })
      expect(c.view, matches: expected, "\(name), \(random)")
    }
  }

  private func checkFloat(_ product: Product) {
    let operands = Operands(product) { $0 }
    gemm(
      operands.a, operands.b, into: operands.c.view, alpha: Float(product.alpha),
      beta: Float(product.beta))
    operands.check(product, rounding: floatRounding)
  }

  private func checkDouble(_ product: Product) {
    let operands = Operands(product) { Double($0) }
    gemm(
      operands.a, operands.b, into: operands.c.view, alpha: product.alpha, beta: product.beta)
    // The reference rounds as much as BLAS does.
    operands.check(product, rounding: 2 * 0x1p-53)
  }
}

/// Random operands of one product, and its result: NaN before where `beta` is 0.
private struct Operands<Scalar: BinaryFloatingPoint> {
  let a, b: MatrixView<Scalar>
  let c: TestMatrix<Scalar>
  private let old: [Scalar]
  private let random: Seeded
  private let owners: [TestMatrix<Scalar>]

  init(_ product: Product, _ convert: (Float) -> Scalar) {
    var random = Seeded(UInt64(product.m * 10_000 + product.n * 100 + product.k))
    let (m, n, k, gap) = (product.m, product.n, product.k, product.gap)
    func operand(_ rows: Int, _ columns: Int, _ transposes: Bool) -> TestMatrix<Scalar> {
      let values = random.values(rows * columns).map(convert)
      return transposes
        ? TestMatrix(values, columns, rows, stride: rows + gap)
        : TestMatrix(values, rows, columns, stride: columns + gap)
    }
    let left = operand(m, k, product.transposesA)
    let right = operand(k, n, product.transposesB)
    a = product.transposesA ? left.view.transposed : left.view
    b = product.transposesB ? right.view.transposed : right.view
    if product.beta == 0 {
      old = Array(repeating: .nan, count: m * n)
    } else {
      old = random.values(m * n).map(convert)
    }
    c = TestMatrix(old, m, n, stride: n + gap)
    self.random = random
    owners = [left, right]
  }

  func check(_ product: Product, rounding: Double) {
    let (a, b, old, n) = (a, b, old, product.n)
    let reference = naiveProduct(
      m: product.m, n: n, k: product.k, alpha: product.alpha, beta: product.beta,
      rounding: rounding, a: { Double(a[$0, $1]) }, b: { Double(b[$0, $1]) },
      c: { Double(old[$0 * n + $1]) })
    expect(c.view, matches: reference, "\(Scalar.self), \(random)")
    #expect(c.surroundingsAreUntouched, "\(Scalar.self), \(random)")
    withExtendedLifetime(owners) {}
  }
}
