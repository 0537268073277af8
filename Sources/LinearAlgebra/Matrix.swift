@_exported import Tensors

/// A row-major matrix of Float or Double, with the value semantics of an array.
///
/// It is what linear algebra takes and gives; `Matrix(_:)` and `Tensor(_:)` convert from and to the
/// Float32 tensors of the rest of the library. Any size may be 0. Out-of-range indices and sizes that
/// disagree trap, and so do sizes beyond LAPACK's 32-bit integers once LAPACK is called.
public struct Matrix<Scalar: LAPACKScalar>: Sendable, Equatable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The elements, row by row.
  @inlinable
  public var elements: [Scalar] { storage }

  @usableFromInline var storage: [Scalar]

  /// Creates a matrix from its elements in row-major order.
  public init(rows: Int, columns: Int, elements: [Scalar]) {
    require(
      rows >= 0 && columns >= 0 && elements.count == Shape([rows, columns]).count,
      "Matrix: expected \(rows)×\(columns) elements, got \(elements.count)")
    (self.rows, self.columns, storage) = (rows, columns, elements)
  }

  /// Creates a matrix with every element the same, 0 unless given.
  public init(rows: Int, columns: Int, repeating value: Scalar = 0) {
    let count = Shape([rows, columns]).count
    self.init(rows: rows, columns: columns, elements: [Scalar](repeating: value, count: count))
  }

  /// Creates a matrix from its rows, which must be of one length.
  public init(_ rows: [[Scalar]]) {
    let columns = rows.first?.count ?? 0
    require(
      rows.allSatisfy { $0.count == columns },
      "Matrix: expected rows of one length, got \(rows.map(\.count))")
    self.init(rows: rows.count, columns: columns, elements: rows.flatMap { $0 })
  }

  /// Creates a square matrix with the given diagonal and zeros elsewhere.
  public init(diagonal: [Scalar]) {
    self.init(rows: diagonal.count, columns: diagonal.count)
    for (index, value) in diagonal.enumerated() { storage[index * (columns + 1)] = value }
  }

  /// Creates the identity matrix of a size.
  public static func identity(_ size: Int) -> Matrix {
    Matrix(diagonal: [Scalar](repeating: 1, count: size))
  }

  /// The element at (row, column).
  @inlinable
  public subscript(row: Int, column: Int) -> Scalar {
    get { storage[offset(row, column)] }
    set { storage[offset(row, column)] = newValue }
  }

  /// Calls `body` with a view of the elements, valid during the call and to be read only.
  public func withMatrix<Result, Failure: Error>(
    _ body: (MatrixView<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try elements.withUnsafeBufferPointer { buffer throws(Failure) in
      // A view of no element still needs an address, which is never read.
      let address = buffer.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Scalar>.alignment)!
      return try body(
        MatrixView(UnsafeMutablePointer(mutating: address), rows: rows, columns: columns))
    }
  }

  /// Calls `body` with a view of the elements to be changed, valid during the call.
  mutating func withMutableMatrix<Result, Failure: Error>(
    _ body: (MatrixView<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (rows, columns) = (rows, columns)
    return try storage.withUnsafeMutableBufferPointer { buffer throws(Failure) in
      let address =
        buffer.baseAddress
        ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Scalar>.alignment)!
      return try body(MatrixView(address, rows: rows, columns: columns))
    }
  }

  /// The transposed matrix, copied.
  public func transposed() -> Matrix {
    Matrix(rows: columns, columns: rows) { target in
      elements.withUnsafeBufferPointer { source in
        Scalar.lapackRoutines.transpose(source.baseAddress!, rows, columns, target)
      }
    }
  }

  /// The matrix product `A·B`, with either operand transposed first where asked, without a copy.
  ///
  /// Shapes: [m, k] · [k, n] → [m, n] after transposition; others trap. One `cblas_?gemm`.
  /// - Parameters:
  ///   - other: right operand
  ///   - transposingSelf: whether the left operand is transposed
  ///   - transposingOther: whether the right operand is transposed
  public func multiplied(
    by other: Matrix, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Matrix {
    withMatrix { left in
      other.withMatrix { right in
        let a = transposingSelf ? left.transposed : left
        let b = transposingOther ? right.transposed : right
        require(
          a.columns == b.rows,
          "Matrix.multiplied: expected [m, k]·[k, n], got [\(a.rows), \(a.columns)]·[\(b.rows), \(b.columns)]"
        )
        return Matrix(rows: a.rows, columns: b.columns) { result in
          Scalar.lapackRoutines.gemm(
            a, b, MatrixView(result, rows: a.rows, columns: b.columns))
        }
      }
    }
  }

  /// Creates a matrix whose elements `initialize` writes, every one; not called where there is none.
  init(rows: Int, columns: Int, _ initialize: (UnsafeMutablePointer<Scalar>) -> Void) {
    let count = rows * columns
    self.init(
      rows: rows, columns: columns,
      elements: [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
        if count > 0 { initialize(buffer.baseAddress!) }
        initialized = count
      })
  }

  @inlinable
  func offset(_ row: Int, _ column: Int) -> Int {
    require(
      0 <= row && row < rows && 0 <= column && column < columns,
      "Matrix: expected an element of \(rows)×\(columns), got (\(row), \(column))")
    return row * columns + column
  }

  var shape: String { "[\(rows), \(columns)]" }
  var isEmpty: Bool { elements.isEmpty }
}

extension Matrix<Float> {
  /// Creates a matrix from a tensor of two axes, copying its elements; others trap.
  public init(_ tensor: Tensor) {
    require(tensor.shape.rank == 2, "Matrix: expected two axes, got shape \(tensor.shape)")
    self.init(rows: tensor.shape[0], columns: tensor.shape[1], elements: tensor.elements)
  }
}

extension Matrix<Double> {
  /// Creates a matrix from a tensor of two axes, each element exactly; others trap.
  public init(_ tensor: Tensor) {
    let matrix = Matrix<Float>(tensor)
    self.init(
      rows: matrix.rows, columns: matrix.columns, elements: matrix.elements.map(Double.init))
  }
}

extension Tensor {
  /// Creates a tensor [rows, columns] from a matrix, copying its elements.
  public init(_ matrix: Matrix<Float>) {
    self.init(matrix.elements, shape: [matrix.rows, matrix.columns])
  }

  /// Creates a tensor [rows, columns] from a matrix, rounding its elements to Float.
  public init(_ matrix: Matrix<Double>) {
    self.init(matrix.elements.map(Float.init), shape: [matrix.rows, matrix.columns])
  }
}
