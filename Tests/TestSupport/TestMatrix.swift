import BLAS

/// A matrix that owns its memory and starts full of NaN, so that a test sees an element that was
/// never written, and one that was added to instead of overwritten.
///
/// Between the rows lie `stride − columns` more elements, and some after the last row; they hold NaN
/// too and must keep it.
public final class TestMatrix<Scalar: BinaryFloatingPoint>: @unchecked Sendable {
  /// The matrix for the code under test.
  public let view: MatrixView<Scalar>
  private let memory: UnsafeMutableBufferPointer<Scalar>

  /// Allocates a matrix of NaN; `stride` is the number of columns unless given.
  public init(poisoned rows: Int, _ columns: Int, stride: Int? = nil) {
    let stride = stride ?? columns
    memory = .allocate(capacity: rows * stride + 8)
    memory.initialize(repeating: .nan)
    view = MatrixView(memory.baseAddress!, rows: rows, columns: columns, stride: stride)
  }

  /// Allocates a matrix of the given elements in row-major order.
  public convenience init(_ elements: [Scalar], _ rows: Int, _ columns: Int, stride: Int? = nil) {
    require(elements.count == rows * columns, "TestMatrix: \(elements.count) elements")
    self.init(poisoned: rows, columns, stride: stride)
    for row in 0..<rows {
      for column in 0..<columns { view[row, column] = elements[row * columns + column] }
    }
  }

  deinit { memory.deallocate() }

  /// The elements in row-major order, without what lies between the rows.
  public var elements: [Scalar] { view.elements }

  /// Whether everything outside the matrix is still NaN.
  public var surroundingsAreUntouched: Bool {
    memory.indices.allSatisfy { index in
      index < view.rows * view.stride && index % view.stride < view.columns || memory[index].isNaN
    }
  }
}

extension MatrixView {
  /// The elements in row-major order, as seen through the transposition.
  public var elements: [Scalar] {
    (0..<rows).flatMap { row in (0..<columns).map { self[row, $0] } }
  }
}

extension [Float] {
  /// The same numbers in double precision.
  public var doubles: [Double] { map(Double.init) }
}
