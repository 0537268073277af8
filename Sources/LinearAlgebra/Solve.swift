import CLAPACKE
@_exported import Tensors

/// A system of linear equations that has no single solution.
public struct SingularMatrixError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The first row of the factor U, from 0, whose diagonal element is exactly 0.
  public let pivot: Int

  /// Names the pivot.
  public init(pivot: Int) { self.pivot = pivot }

  /// The place of the pivot, in one line.
  public var description: String { "the matrix is singular: pivot \(pivot) of its LU factors is 0" }
}

/// Solves `A·X = B` for X, by LU factors with partial pivoting (`LAPACKE_sgesv`).
///
/// Shapes: `A` [n, n], `B` [n, k] → `X` [n, k]; others trap, and so do sizes beyond LAPACK's 32-bit
/// integers. Both operands are copied, since LAPACK works in place; LAPACKE transposes them on the
/// way in and out. NaN or infinite elements trap. Where A is singular to the last bit the error names
/// the pivot; where it is nearly so, the result is as inaccurate as its condition number says.
public func solve(_ a: Tensor, _ b: Tensor) throws(SingularMatrixError) -> Tensor {
  precondition(
    a.shape.rank == 2 && b.shape.rank == 2 && a.shape[0] == a.shape[1] && b.shape[0] == a.shape[0],
    "solve: expected A [n, n] and B [n, k], got A \(a.shape), B \(b.shape)")
  if b.count == 0 { return b }
  guard let n = Int32(exactly: a.shape[0]), let columns = Int32(exactly: b.shape[1]) else {
    preconditionFailure("solve: expected sizes up to \(Int32.max), got A \(a.shape), B \(b.shape)")
  }
  var (factors, x) = (a, b)
  var pivots = [Int32](repeating: 0, count: Int(n))
  let info = factors.withUnsafeMutableBufferPointer { factors in
    x.withUnsafeMutableBufferPointer { x in
      LAPACKE_sgesv(
        LAPACK_ROW_MAJOR, n, columns, factors.baseAddress, n, &pivots, x.baseAddress, columns)
    }
  }
  precondition(info >= 0, "solve: argument \(-info) of LAPACKE_sgesv is not finite or out of range")
  if info > 0 { throw SingularMatrixError(pivot: Int(info) - 1) }
  return x
}
