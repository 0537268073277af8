import LinearAlgebra
import Testing

/// A matrix of a kind that factorisations meet, drawn in either precision.
struct Problem: Sendable, CustomTestStringConvertible {
  enum Kind: Sendable, Equatable {
    /// Independent numbers in ±1.
    case random
    /// 1 / (i + j + 1): of full rank, yet far closer to singular than rounding, from 12 rows on.
    case hilbert
    /// The product of two random factors with this many columns and rows between them.
    case ofRank(Int)
  }

  let kind: Kind
  let rows, columns: Int
  var seed: UInt64 { UInt64(rows * 1000 + columns) }
  var testDescription: String { "\(kind) \(rows)×\(columns), seed \(seed)" }
  /// The number of rows or columns, whichever is more, that error bounds grow with.
  var size: Int { max(rows, columns, 1) }

  func matrix<Scalar: LAPACKScalar>(_ type: Scalar.Type) -> Matrix<Scalar> {
    var generator = RandomGenerator(seed: seed)
    switch kind {
    case .random: return .random(rows, columns, &generator)
    case .hilbert:
      var matrix = Matrix<Scalar>(rows: rows, columns: columns)
      for row in 0..<rows {
        for column in 0..<columns { matrix[row, column] = 1 / Scalar(row + column + 1) }
      }
      return matrix
    case .ofRank(let rank):
      let left = Matrix<Scalar>.random(rows, rank, &generator)
      return left.multiplied(by: .random(rank, columns, &generator))
    }
  }

  /// A·Aᵀ of a matrix whose rank is asked for, which its mirrored triangle does not have; of others
  /// the mirrored lower triangle.
  func symmetric<Scalar: LAPACKScalar>(_ type: Scalar.Type) -> Matrix<Scalar> {
    var a = matrix(type)
    if case .ofRank = kind { return a.multiplied(by: a, transposingOther: true) }
    for row in 0..<rows {
      for column in 0..<row { a[column, row] = a[row, column] }
    }
    return a
  }

  /// Far from singular in either precision, and yet ill-conditioned: 15,514.
  static let smallHilbert = Problem(kind: .hilbert, rows: 4, columns: 4)
  static let square: [Problem] =
    [0, 1, 2, 5, 33, 100].map { Problem(kind: .random, rows: $0, columns: $0) }
    + [smallHilbert, Problem(kind: .hilbert, rows: 12, columns: 12)]

  static let tall: [Problem] = [
    Problem(kind: .random, rows: 3, columns: 1), Problem(kind: .random, rows: 40, columns: 7),
    Problem(kind: .random, rows: 300, columns: 50), Problem(kind: .hilbert, rows: 12, columns: 9),
  ]
  static let empty: [Problem] = [
    Problem(kind: .random, rows: 3, columns: 0), Problem(kind: .random, rows: 0, columns: 4),
  ]
  static let rankDeficient: [Problem] = [
    Problem(kind: .ofRank(0), rows: 3, columns: 3),
    Problem(kind: .ofRank(4), rows: 10, columns: 10),
    Problem(kind: .ofRank(5), rows: 60, columns: 12),
    Problem(kind: .ofRank(5), rows: 12, columns: 60),
  ]
  static let all = square + tall + tall.map(\.transposed) + empty + rankDeficient
  static let ofFullRank = all.filter { $0.kind == .random } + [smallHilbert]

  var transposed: Problem { Problem(kind: kind, rows: columns, columns: rows) }
}

extension Matrix {
  /// A matrix of numbers uniform in ±1.
  static func random(_ rows: Int, _ columns: Int, _ generator: inout RandomGenerator) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in Scalar(generator.uniform(-1, 1)) })
  }

  /// The same numbers in double precision, to measure errors in.
  var exact: Matrix<Double> {
    Matrix<Double>(rows: rows, columns: columns, elements: elements.map(Double.init))
  }

  /// The leading rows or columns, for a product with the part of a factor that is not zero.
  func prefix(rows count: Int) -> Matrix {
    Matrix(rows: count, columns: columns, elements: Array(elements.prefix(count * columns)))
  }
}

extension Matrix<Double> {
  static func - (a: Matrix, b: Matrix) -> Matrix {
    require(
      a.rows == b.rows && a.columns == b.columns,
      "difference: expected matrices of one shape, got \(a.rows)×\(a.columns) and \(b.rows)×\(b.columns)"
    )
    return Matrix(rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map(-))
  }

  var lowerTriangle: Matrix {
    var result = self
    for row in 0..<rows {
      for column in min(row + 1, columns)..<columns { result[row, column] = 0 }
    }
    return result
  }

  /// The root of the sum of squares.
  var size: Double { elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

/// Expects a residual within a multiple of what rounding makes of its terms.
/// - Parameters:
///   - factor: the error in roundings of `scale`; the bounds of the textbooks are some n·ε, and what is
///     seen is a tenth of it
///   - scale: the size of the terms that were added up
func expect<Scalar: LAPACKScalar>(
  _ residual: Matrix<Double>, within factor: Int, of scale: Double, _ type: Scalar.Type,
  _ comment: @autoclosure () -> Comment, sourceLocation: SourceLocation = #_sourceLocation
) {
  let bound = Double(factor) * Double(Scalar.ulpOfOne) * scale
  #expect(
    residual.size <= bound, "\(comment()), \(Scalar.self), bound \(bound)",
    sourceLocation: sourceLocation)
}

/// Expects columns (or rows, where it is wider) of length 1 at right angles.
func expectOrthonormal<Scalar: LAPACKScalar>(
  _ q: Matrix<Scalar>, rows: Bool = false, _ comment: @autoclosure () -> Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let exact = q.exact
  let products = exact.multiplied(by: exact, transposingSelf: !rows, transposingOther: rows)
  expect(
    products - .identity(products.rows), within: max(q.rows, q.columns), of: 2, Scalar.self,
    comment(), sourceLocation: sourceLocation)
}
