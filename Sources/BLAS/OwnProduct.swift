import CKernels

/// The product of our own kernel, for processors whose vectors OpenBLAS's kernels leave half empty.
///
/// OpenBLAS takes narrow kernels where it is older than the processor, or where the environment
/// names an old family; a program that cannot start anew is left with them. Where its kernels are as
/// wide as the processor's vectors, they and ``ProductPieces`` are about as fast as ours.
package enum OwnProduct {
  /// Whether the processor can run the kernel.
  package static let isPossible = maru_has_product() != 0

  /// Whether OpenBLAS's kernels are narrower than ours.
  private static let gains = isPossible && OpenBLAS.vectorBits(ofCore: OpenBLAS.coreName) < 512

  /// Whether our kernel is faster than one call of `cblas_sgemm` on one thread.
  ///
  /// The bounds are measured against the kernels of Haswell: below them most of a vector is empty or
  /// the copying is not made good; above them a transposed A falls out of the cache while it is read
  /// across its rows.
  static func isFaster(_ a: MatrixView<Float>, _ b: MatrixView<Float>) -> Bool {
    let (m, n, k) = (a.rows, b.columns, a.columns)
    guard gains, m >= 4, n >= 8, k >= 8 else { return false }
    if a.isTransposed && k * a.stride > 1 << 19 { return false }
    return OpenBLAS.threads == 1
  }

  /// Computes `C = α·A·B + β·C` for operands of agreeing shapes, none of them empty, on a processor
  /// on which it ``isPossible``.
  package static func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float,
    beta: Float
  ) {
    maru_product(
      a.baseAddress, a.stride, a.isTransposed ? 1 : 0, b.baseAddress, b.stride,
      b.isTransposed ? 1 : 0, c.baseAddress, c.stride, a.rows, b.columns, a.columns, alpha, beta)
  }
}
