import CKernels
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("softmax kernel")
struct SoftmaxKernelTests {
  /// Softmax in double precision.
  ///
  /// The bound: e^x to 1.5 units, a sum of n terms, a reciprocal and a product.
  /// The difference to the maximum is rounded, which e^ feels as many times as it is large.
  private func reference(_ x: [Float], rows: Int, columns: Int) -> Reference {
    var values: [Double] = []
    var bounds: [Double] = []
    for row in 0..<rows {
      let scores = x[row * columns..<(row + 1) * columns].map(Double.init)
      let maximum = scores.max() ?? 0
      let powers = scores.map { exp($0 - maximum) }
      let sum = powers.reduce(0, +)
      for (score, power) in zip(scores, powers) {
        values.append(power / sum)
        let roundings = Double(columns) + 6 + 2 * min(maximum - score, 100)
        // Below e⁻⁸⁷ of the largest, 0 takes the place of the exact value.
        bounds.append(power / sum * roundings * floatRounding + exp(-87) * 1.01)
      }
    }
    return Reference(rows: rows, columns: columns, values: values, bounds: bounds)
  }

  @Test("rows of every length", arguments: [1, 2, 3, 10, 16, 33, 1000])
  func rows(columns: Int) {
    var random = Seeded(UInt64(50 + columns))
    for (rows, limit) in [(1, 1), (3, 10), (7, 100), (2, 1e4), (0, 1)] as [(Int, Float)] {
      let x = random.values(rows * columns, limit: limit)
      let y = TestMatrix<Float>(poisoned: rows, columns)
      maru_softmax_rows(x, y.view.baseAddress, rows, columns)
      expect(
        y.view, matches: reference(x, rows: rows, columns: columns), "±\(limit), \(random)")
      #expect(y.surroundingsAreUntouched)
      let inPlace = TestMatrix(x, rows, columns)
      maru_softmax_rows(inPlace.view.baseAddress, inPlace.view.baseAddress, rows, columns)
      expect(inPlace.elements, sameBitsAs: y.elements, "in place, \(random)")
    }
  }

  /// A running float would lose 1e-6 and more, which backward shows where dy is nearly Σ dy·y.
  @Test("sums over very many classes are as good as over few")
  func manyClasses() {
    let columns = 300_000
    var random = Seeded(59)
    let x = random.values(columns)
    let y = TestMatrix<Float>(poisoned: 1, columns)
    maru_softmax_rows(x, y.view.baseAddress, 1, columns)
    let powers = x.map { exp(Double($0)) }
    let sum = powers.reduce(0, +)
    expect(
      y.view,
      matches: Reference(
        rows: 1, columns: columns, values: powers.map { $0 / sum }, relative: 6 * floatRounding),
      "softmax, \(random)")
    let dY = random.values(columns).map(abs)
    let dX = TestMatrix<Float>(poisoned: 1, columns)
    maru_softmax_rows_backward(dY, y.view.baseAddress, dX.view.baseAddress, 1, columns)
    let (slopes, outputs) = (dY.map(Double.init), y.elements.map(Double.init))
    let product = zip(slopes, outputs).reduce(0) { $0 + $1.0 * $1.1 }
    expect(
      dX.view,
      matches: Reference(
        rows: 1, columns: columns, values: zip(slopes, outputs).map { $1 * ($0 - product) },
        bounds: outputs.map { $0 * 3 * floatRounding }),
      "backward, \(random)")
  }

  @Test("e^x over its whole range, beside a score of 0")
  func exponential() {
    let x = stride(from: Float(-95), through: 0, by: 0x1p-10).flatMap { [$0, 0] }
    let y = TestMatrix<Float>(poisoned: x.count / 2, 2)
    maru_softmax_rows(x, y.view.baseAddress, x.count / 2, 2)
    // A score is the difference already, so rounding it costs nothing: e^x, sum, 1/sum, product.
    let values = x.indices.map { exp(Double(x[$0])) / (1 + exp(Double(x[$0 & ~1]))) }
    expect(
      y.view,
      matches: Reference(
        rows: x.count / 2, columns: 2, values: values, relative: 6 * floatRounding,
        absolute: exp(-87) * 1.01), "")
  }

  @Test("a NaN in a row is a row of NaN, wherever it stands, and no other row's", arguments: 0..<3)
  func notANumber(place: Int) {
    var x: [Float] = [1, 2, 3, 1, 2, 3]
    x[place] = .nan
    let y = TestMatrix<Float>(poisoned: 2, 3)
    maru_softmax_rows(x, y.view.baseAddress, 2, 3)
    #expect(y.elements[..<3].allSatisfy { $0.isNaN })
    #expect(y.elements[3...].allSatisfy { 0 < $0 && $0 < 1 })
  }

  @Test("equal scores are equally likely, and −∞ not at all")
  func equalScores() {
    let y = TestMatrix<Float>(poisoned: 2, 4)
    maru_softmax_rows([1e4, 1e4, 1e4, 1e4, 5, 5, -.infinity, 5], y.view.baseAddress, 2, 4)
    #expect(y.elements[..<4] == [0.25, 0.25, 0.25, 0.25])
    #expect(y.elements[6] == 0 && y.elements[4] == y.elements[7])
  }
}

@Suite("top-k kernel")
struct TopKKernelTests {
  private func hit(_ scores: [Float], label: Int32, k: Int) -> Float {
    var hit = Float.nan
    maru_top_k(scores, [label], 1, scores.count, k, &hit)
    return hit
  }

  @Test("a label is among the k highest or not")
  func ranks() {
    let scores: [Float] = [0.1, 0.7, -3, 0.2]
    let rank = [2, 0, 3, 1]
    for label in 0..<4 {
      for k in 1...4 {
        #expect(
          hit(scores, label: Int32(label), k: k) == (rank[label] < k ? 1 : 0), "\(label) \(k)")
      }
    }
  }

  @Test("of equal scores the earlier counts as higher")
  func ties() {
    #expect((0..<3).map { hit([1, 1, 1], label: $0, k: 1) } == [1, 0, 0])
    #expect((0..<3).map { hit([1, 1, 1], label: $0, k: 2) } == [1, 1, 0])
    #expect((0..<4).map { hit([2, 3, 3, 2], label: $0, k: 3) } == [1, 1, 1, 0])
  }

  @Test("with a NaN nothing is a hit, whatever k", arguments: 1...3)
  func notANumber(k: Int) {
    for place in 0..<3 {
      var scores: [Float] = [3, 2, 1]
      scores[place] = .nan
      for label in 0..<3 {
        #expect(hit(scores, label: Int32(label), k: k) == 0, "NaN at \(place), label \(label)")
      }
    }
  }

  @Test("infinities are ordered like numbers")
  func infinities() {
    #expect(hit([-.infinity, 0, .infinity], label: 2, k: 1) == 1)
    #expect(hit([-.infinity, 0, .infinity], label: 0, k: 2) == 0)
  }

  @Test("each row by itself")
  func rows() {
    let hits = TestMatrix<Float>(poisoned: 1, 3)
    maru_top_k([1, 2, 2, 1, 1, 2], [1, 1, 0], 3, 2, 1, hits.view.baseAddress)
    #expect(hits.elements == [1, 0, 0])
    #expect(hits.surroundingsAreUntouched)
  }
}
