/// Adds up the time that one thread spends in products of matrices and in convolutions, for a profile.
///
/// Only that thread uses it while training runs.
package final class ProductClock: @unchecked Sendable {
  /// The time in products so far.
  package private(set) var nanoseconds: UInt64 = 0
  /// The floating-point operations of the products so far, 2·m·n·k for matrices.
  package private(set) var operations = 0

  package init() {}

  fileprivate func add(nanoseconds: UInt64, operations: Int) {
    self.nanoseconds += nanoseconds
    self.operations += operations
  }
}

extension Pass {
  /// Computes `C = α·A·B + β·C` as `gemm` does, on the thread that calls it, noting the time where the
  /// pass is profiled.
  public func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float = 1,
    beta: Float = 0
  ) {
    product(operations: 2 * a.rows * a.columns * b.columns) {
      serialGemm(a, b, into: c, alpha: alpha, beta: beta)
    }
  }

  /// Computes something of so many floating-point operations, noting the time where the pass is
  /// profiled.
  public func product(operations: Int, _ body: () -> Void) {
    guard let products else { return body() }
    let start = monotonicNanoseconds()
    body()
    products.add(nanoseconds: monotonicNanoseconds() - start, operations: operations)
  }
}
