/// A non-owning view of a row-major matrix in memory that somebody else keeps alive.
///
/// It is the one handle through which the engine reads and writes its arenas. A view of `rows` ×
/// `columns` elements starts at `baseAddress`, and its rows lie `stride` elements apart.
/// `transposed` swaps the two without touching memory; only ``gemm(_:_:into:alpha:beta:)-(_,_,_,Float,_)`` and the
/// subscript read such a view. It is `Sendable` because threads of one step write different parts of
/// the same matrix; who else writes through a view is the caller's to know.
public struct MatrixView<Scalar>: @unchecked Sendable {
  /// The address of element (0, 0).
  public let baseAddress: UnsafeMutablePointer<Scalar>
  /// The number of rows, as seen through the transposition.
  public let rows: Int
  /// The number of columns, as seen through the transposition.
  public let columns: Int
  /// The distance in elements between two rows in memory (BLAS's leading dimension).
  public let stride: Int
  /// Whether rows and columns are swapped against the memory.
  public let isTransposed: Bool

  /// Creates a view of memory that outlives it.
  /// - Parameters:
  ///   - baseAddress: the address of element (0, 0)
  ///   - rows: number of rows
  ///   - columns: number of columns
  ///   - stride: elements between two rows; `columns` where rows follow each other
  @inlinable
  public init(
    _ baseAddress: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, stride: Int? = nil
  ) {
    let stride = stride ?? columns
    require(
      rows >= 0 && columns >= 0 && stride >= columns,
      "MatrixView: expected sizes from 0 and a stride of at least the columns, got \(rows)×\(columns), stride \(stride)"
    )
    self.init(
      unchecked: baseAddress, rows: rows, columns: columns, stride: stride, isTransposed: false)
  }

  @inlinable
  init(
    unchecked baseAddress: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, stride: Int,
    isTransposed: Bool
  ) {
    self.baseAddress = baseAddress
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
  }

  /// The same memory with rows and columns swapped.
  @inlinable
  public var transposed: MatrixView {
    MatrixView(
      unchecked: baseAddress, rows: columns, columns: rows, stride: stride,
      isTransposed: !isTransposed)
  }

  /// Whether the rows follow each other without a gap, so that the whole is one array.
  @inlinable
  public var isContiguous: Bool { !isTransposed && (stride == columns || rows <= 1) }

  /// Whether there is no element at all.
  @inlinable
  public var isEmpty: Bool { rows == 0 || columns == 0 }

  /// The element at (row, column).
  @inlinable
  public subscript(row: Int, column: Int) -> Scalar {
    get { baseAddress[offset(row, column)] }
    nonmutating set { baseAddress[offset(row, column)] = newValue }
  }

  /// The part of the matrix in the given rows and columns.
  @inlinable
  public subscript(rows rowRange: Range<Int>, columns columnRange: Range<Int>) -> MatrixView {
    require(
      0 <= rowRange.lowerBound && rowRange.upperBound <= rows
        && 0 <= columnRange.lowerBound && columnRange.upperBound <= columns,
      "MatrixView: expected a part of \(rows)×\(columns), got rows \(rowRange), columns \(columnRange)"
    )
    let start =
      isTransposed
      ? columnRange.lowerBound * stride + rowRange.lowerBound
      : rowRange.lowerBound * stride + columnRange.lowerBound
    return MatrixView(
      unchecked: baseAddress + start, rows: rowRange.count, columns: columnRange.count,
      stride: stride, isTransposed: isTransposed)
  }

  /// The given rows, over all columns.
  @inlinable
  public subscript(rows rowRange: Range<Int>) -> MatrixView {
    self[rows: rowRange, columns: 0..<columns]
  }

  /// The given columns, over all rows.
  @inlinable
  public subscript(columns columnRange: Range<Int>) -> MatrixView {
    self[rows: 0..<rows, columns: columnRange]
  }

  /// The address of the first element of a row; the view must not be transposed.
  @inlinable
  public func row(_ row: Int) -> UnsafeMutablePointer<Scalar> {
    require(
      !isTransposed && 0 <= row && row < rows,
      "MatrixView.row: expected a row below \(rows), not transposed, got \(row)\(isTransposed ? ", transposed" : "")"
    )
    return baseAddress + row * stride
  }

  /// Calls `body` with the address and length of each contiguous run of elements: once for a
  /// contiguous matrix, otherwise once per row.
  @inlinable
  public func forEachRun(_ body: (UnsafeMutablePointer<Scalar>, Int) -> Void) {
    require(
      !isTransposed,
      "MatrixView.forEachRun: expected an untransposed view, got [\(rows), \(columns)] transposed")
    if isEmpty { return }
    if isContiguous {
      body(baseAddress, rows * columns)
    } else {
      for row in 0..<rows { body(baseAddress + row * stride, columns) }
    }
  }

  @inlinable
  func offset(_ row: Int, _ column: Int) -> Int {
    require(
      0 <= row && row < rows && 0 <= column && column < columns,
      "MatrixView: expected an element of \(rows)×\(columns), got (\(row), \(column))")
    return isTransposed ? column * stride + row : row * stride + column
  }

  /// The bytes from the first to past the last element, to tell whether two views overlap.
  @inline(__always)
  var extent: Range<UInt> {
    let start = UInt(bitPattern: baseAddress)
    if isEmpty { return start..<start }
    let (outer, inner) = isTransposed ? (columns, rows) : (rows, columns)
    // What lies in memory has an end that can be counted.
    let count = (outer &- 1) &* stride &+ inner
    let end = start &+ UInt(bitPattern: count &* MemoryLayout<Scalar>.stride)
    return Range(uncheckedBounds: (start, end))
  }
}
