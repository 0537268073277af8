import ArgumentParser
import Maru

/// The routines of LAPACK that are measured, by the names that they have in `LinearAlgebra`.
enum Factorisation: String, CaseIterable, ExpressibleByArgument {
  case solve, inverse, cholesky, qr
  case singularValues = "singular-values"
  case svd
  case eigenSymmetric = "eigen-symmetric"
  case leastSquares = "least-squares"
  case leastSquaresByQR = "least-squares-qr"

  /// The rows of the matrix, which is square but for least squares.
  func rows(_ n: Int) -> Int {
    self == .leastSquares || self == .leastSquaresByQR ? 4 * n : n
  }

  /// The multiplications and additions that the textbook counts for n columns (Golub and Van Loan 2013,
  /// *Matrix Computations*, sections 3.2, 4.2, 5.2, 5.5, 8.3 and 8.6).
  ///
  /// For iterations these are those of QR. Divide and conquer may do with fewer, and so come out
  /// faster than it is.
  func operations(_ size: Int) -> Double {
    let (m, n) = (Double(rows(size)), Double(size))
    let cube = n * n * n
    return switch self {
    case .solve: 2 * cube / 3 + 2 * n * n
    case .inverse: 2 * cube
    case .cholesky: cube / 3
    case .qr: 8 * cube / 3
    case .singularValues: 8 * cube / 3
    case .svd: 22 * cube
    case .eigenSymmetric: 9 * cube
    case .leastSquares: 2 * m * n * n + 11 * cube
    case .leastSquaresByQR: 2 * n * n * (m - n / 3)
    }
  }
}

/// The precisions by NumPy's names.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case float32, float64
}

/// The speed of one factorisation.
struct FactorisationResult {
  let routine: Factorisation
  let precision: Precision
  let size: Int
  let seconds: Spread

  var medianGigaflops: Double { routine.operations(size) / seconds.median * 1e-9 }
  var bestGigaflops: Double { routine.operations(size) / seconds.lowest * 1e-9 }
}

/// One factorisation with its matrix and right side.
struct FactorisationMeasurement<Scalar: LAPACKScalar> {
  private let routine: Factorisation
  private let size: Int
  private let a, b: Matrix<Scalar>

  /// Draws a matrix of numbers uniform in ±1; a symmetric one with a heavy diagonal for Cholesky.
  init(_ routine: Factorisation, size: Int) {
    (self.routine, self.size) = (routine, size)
    var generator = RandomGenerator(seed: 1)
    func random(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
      let elements = (0..<rows * columns).map { _ in Scalar(generator.uniform(-1, 1)) }
      return Matrix(rows: rows, columns: columns, elements: elements)
    }
    var a = random(routine.rows(size), size)
    if routine == .cholesky || routine == .eigenSymmetric {
      for row in 0..<size {
        for column in 0..<row { a[row, column] = a[column, row] }
        if routine == .cholesky { a[row, row] += Scalar(size) }
      }
    }
    (self.a, b) = (a, random(routine.rows(size), 1))
  }

  /// Checks the answer, which warms up too, then measures.
  func run(_ precision: Precision, repeats: Int) throws -> FactorisationResult {
    let error = try residual()
    // Some ten roundings for each row are more than any of the textbooks' bounds allow here.
    let bound = 10 * Double(routine.rows(size)) * Double(Scalar.ulpOfOne)
    guard error <= bound else {
      throw WrongAnswer(
        "\(routine.rawValue) in \(precision.rawValue), n=\(size)", expected: 0, got: error,
        bound: bound)
    }
    // Small ones are timed a millisecond at once, so that the clock's own time does not count.
    let once = try ContinuousClock().measure { try call() }.inSeconds
    let count = max(1, Int(1e-3 / max(once, 1e-6)))
    let seconds = try (0..<repeats).map { _ in
      try ContinuousClock().measure { for _ in 0..<count { try call() } }.inSeconds / Double(count)
    }
    return FactorisationResult(
      routine: routine, precision: precision, size: size, seconds: Spread(seconds))
  }

  private func call() throws {
    switch routine {
    case .solve: _ = try solve(a, b)
    case .inverse: _ = try inverse(a)
    case .cholesky: _ = try cholesky(a)
    case .qr: _ = try qr(a)
    case .singularValues: _ = try singularValues(a)
    case .svd: _ = try svd(a)
    case .eigenSymmetric: _ = try eigenSymmetric(a)
    case .leastSquares: _ = try leastSquares(a, b)
    case .leastSquaresByQR: _ = try leastSquaresByQR(a, b)
    }
  }

  /// How far the factors are from the matrix, or the solution from solving it, by their sizes.
  private func residual() throws -> Double {
    switch routine {
    case .solve:
      let x = try solve(a, b)
      return distance(a.multiplied(by: x), b) / (length(a) * length(x))
    case .inverse:
      let x = try inverse(a)
      return distance(a.multiplied(by: x), .identity(size)) / (length(a) * length(x))
    case .cholesky:
      let lower = try cholesky(a).lower
      return distance(lower.multiplied(by: lower, transposingOther: true), a) / length(a)
    case .qr:
      let factors = try qr(a)
      return distance(factors.q.multiplied(by: factors.r), a) / length(a)
    case .singularValues:
      let squares = try singularValues(a).reduce(0) { $0 + Double($1) * Double($1) }
      return abs(squares.squareRoot() / length(a) - 1)
    case .svd:
      let factors = try svd(a)
      let scaled = Matrix(diagonal: factors.singularValues).multiplied(by: factors.vT)
      return distance(factors.u.multiplied(by: scaled), a) / length(a)
    case .eigenSymmetric:
      let eigen = try eigenSymmetric(a)
      let scaled = eigen.vectors.multiplied(by: Matrix(diagonal: eigen.values))
      return distance(scaled.multiplied(by: eigen.vectors, transposingOther: true), a) / length(a)
    case .leastSquares: return normalResidual(of: try leastSquares(a, b).x)
    case .leastSquaresByQR: return normalResidual(of: try leastSquaresByQR(a, b))
    }
  }

  /// What is left of the gradient `Aᵀ·(A·x − b)`, which is 0 at the least squares.
  private func normalResidual(of x: Matrix<Scalar>) -> Double {
    let product = a.multiplied(by: x)
    let rest = Matrix(
      rows: b.rows, columns: 1, elements: zip(product.elements, b.elements).map { $0 - $1 })
    return length(a.multiplied(by: rest, transposingSelf: true)) / (length(a) * length(b))
  }
}

/// The root of the sum of squares.
private func length<Scalar>(_ a: Matrix<Scalar>) -> Double {
  a.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// The length of the difference.
private func distance<Scalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>) -> Double {
  zip(a.elements, b.elements).reduce(0) {
    $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
  }
  .squareRoot()
}
