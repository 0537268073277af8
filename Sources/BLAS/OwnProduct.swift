import CKernels

/// The product of our own kernels, with vectors of AVX2 or AVX-512.
///
/// OpenBLAS copies both operands of every product but the smallest, and only for AVX-512 has it kernels
/// that do without. Ours copies what pays, so it is faster at the products of a training step on a
/// processor with AVX2, and on one with AVX-512 wherever ``ProductPieces`` cannot be had.
package enum OwnProduct {
  /// The floats of the vectors that the processor has, the widest first; none without AVX2.
  package static let widths = [16, 8].filter { $0 <= Int(maru_product_width()) }

  /// The most multiplications of a product at which it is not slower than OpenBLAS's kernels of the same
  /// width, as measured; those copy more cleverly what does not fit the caches.
  private static let mostMultiplications = 1 << 27

  /// Whether OpenBLAS's kernels are narrower than ours.
  private static let isWider =
    !widths.isEmpty && OpenBLAS.vectorBits(ofCore: OpenBLAS.coreName) < 32 * widths[0]

  /// Whether our kernels are faster than one call of `cblas_sgemm` on one thread.
  static func isFaster(_ a: MatrixView<Float>, _ b: MatrixView<Float>) -> Bool {
    !widths.isEmpty && !ProductPieces.isOne(a, b)
      && (isWider || a.rows * a.columns * b.columns <= mostMultiplications)
  }

  /// Computes `C = α·A·B + β·C` for operands of agreeing shapes, none of them empty.
  /// - Parameter width: one of ``widths``, or nil for the widest
  package static func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float,
    beta: Float, width: Int? = nil
  ) {
    maru_product(
      Int32(width ?? widths[0]), a.baseAddress, a.stride, a.isTransposed ? 1 : 0, b.baseAddress,
      b.stride, b.isTransposed ? 1 : 0, c.baseAddress, c.stride, a.rows, b.columns, a.columns,
      alpha, beta)
  }
}
