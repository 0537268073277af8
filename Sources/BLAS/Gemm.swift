import COpenBLAS

/// Multiplies two matrices: `C = α·A·B + β·C`, each operand transposed where its view says so.
///
/// Shapes: `A` [m, k], `B` [k, n], `C` [m, n]. With `beta` 0 the old values of `C` are not read, so
/// they may be NaN. Where m or n is 0 nothing happens; where k is 0 or `alpha` is 0, `C = β·C`.
/// Computed by `cblas_sgemm` (Dongarra et al. 1990, *A set of level 3 BLAS*), or by kernels of our
/// own where one thread is faster with them. Traps where shapes disagree, a size
/// exceeds BLAS's 32-bit integers, `C` is transposed, or `C` overlaps an operand.
/// - Parameters:
///   - a: left operand
///   - b: right operand
///   - c: result, overwritten or added to
///   - alpha: factor of the product, 1 unless given
///   - beta: factor of the old `C`, 0 unless given
public func gemm(
  _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float = 1,
  beta: Float = 0
) {
  guard let sizes = GemmSizes(a, b, c, isProductUsed: alpha != 0) else { return }
  CallCounter.gemm.add()
  if OpenBLAS.threads == 1 {
    sizes.multiplySerially(a, b, c, alpha, beta)
  } else {
    sizes.multiply(a, b, c, alpha, beta)
  }
}

/// Multiplies two matrices as ``gemm(_:_:into:alpha:beta:)`` does with one thread, whatever number
/// OpenBLAS has.
///
/// On a processor with AVX2, OpenBLAS's number of threads has no influence on it, but for the products of
/// more than 2²⁷ multiplications.
package func serialGemm(
  _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float,
  beta: Float
) {
  guard let sizes = GemmSizes(a, b, c, isProductUsed: alpha != 0) else { return }
  CallCounter.gemm.add()
  sizes.multiplySerially(a, b, c, alpha, beta)
}

/// Multiplies two matrices as ``gemm(_:_:into:alpha:beta:)`` does, in pieces.
package func gemm(
  _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, alpha: Float,
  beta: Float, pieces: ProductPieces
) {
  GemmSizes(a, b, c, isProductUsed: alpha != 0)?.multiply(a, b, c, alpha, beta, in: pieces)
}

extension GemmSizes {
  fileprivate func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, _ c: MatrixView<Float>, _ alpha: Float,
    _ beta: Float
  ) {
    cblas_sgemm(
      CblasRowMajor, transposition(a), transposition(b), m, n, k,
      alpha, a.baseAddress, lda, b.baseAddress, ldb, beta, c.baseAddress, ldc)
  }

  /// Column by column, so that the same part of B meets all rows of A while it is in the cache.
  fileprivate func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, _ c: MatrixView<Float>, _ alpha: Float,
    _ beta: Float, in pieces: ProductPieces
  ) {
    let (aOperation, bOperation) = (transposition(a), transposition(b))
    for column in stride(from: 0, to: b.columns, by: pieces.columns) {
      let columns = column..<min(column + pieces.columns, b.columns)
      let bPart = b[columns: columns].baseAddress
      for row in stride(from: 0, to: a.rows, by: pieces.rows) {
        let rows = row..<min(row + pieces.rows, a.rows)
        cblas_sgemm(
          CblasRowMajor, aOperation, bOperation, Int32(rows.count), Int32(columns.count), k,
          alpha, a[rows: rows].baseAddress, lda, bPart, ldb,
          beta, c[rows: rows, columns: columns].baseAddress, ldc)
      }
    }
  }

  fileprivate func multiplySerially(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, _ c: MatrixView<Float>, _ alpha: Float,
    _ beta: Float
  ) {
    if k > 0, let pieces = ProductPieces.fastest(a, b) {
      multiply(a, b, c, alpha, beta, in: pieces)
    } else if k > 0, OwnProduct.isFaster(a, b) {
      OwnProduct.multiply(a, b, into: c, alpha: alpha, beta: beta)
    } else {
      multiply(a, b, c, alpha, beta)
    }
  }
}

/// Multiplies two matrices in double precision: `C = α·A·B + β·C`.
///
/// The contract is that of ``gemm(_:_:into:alpha:beta:)-(_,_,_,Float,_)`` in single precision;
/// computed by `cblas_dgemm`.
public func gemm(
  _ a: MatrixView<Double>, _ b: MatrixView<Double>, into c: MatrixView<Double>, alpha: Double = 1,
  beta: Double = 0
) {
  guard let sizes = GemmSizes(a, b, c, isProductUsed: alpha != 0) else { return }
  CallCounter.gemm.add()
  cblas_dgemm(
    CblasRowMajor, transposition(a), transposition(b), sizes.m, sizes.n, sizes.k,
    alpha, a.baseAddress, sizes.lda, b.baseAddress, sizes.ldb, beta, c.baseAddress, sizes.ldc)
}

private func transposition<Scalar>(_ view: MatrixView<Scalar>) -> CBLAS_TRANSPOSE {
  view.isTransposed ? CblasTrans : CblasNoTrans
}

/// The sizes of one product as BLAS wants them, checked once for both precisions.
private struct GemmSizes {
  let m, n, k, lda, ldb, ldc: Int32

  /// Returns nil where `C` has no element, so that there is nothing to compute.
  @inline(__always)
  init?<Scalar>(
    _ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, _ c: MatrixView<Scalar>, isProductUsed: Bool
  ) {
    require(
      a.columns == b.rows && c.rows == a.rows && c.columns == b.columns,
      "gemm: expected A [m, k], B [k, n], C [m, n], got A \(shape(a)), B \(shape(b)), C \(shape(c))"
    )
    require(!c.isTransposed, "gemm: expected an untransposed result, got C \(shape(c))ᵀ")
    if c.isEmpty { return nil }
    require(
      !c.extent.overlaps(a.extent) && !c.extent.overlaps(b.extent),
      "gemm: expected a result apart from the operands, got C overlapping A or B")
    m = blasInteger(a.rows, "gemm: rows of A")
    n = blasInteger(b.columns, "gemm: columns of B")
    // OpenBLAS 0.3.21 has kernels for small AVX-512 products that compute 0·A·B, NaN where an
    // operand has one; products of no terms are right everywhere.
    k = isProductUsed ? blasInteger(a.columns, "gemm: columns of A") : 0
    // cblas wants leading dimensions of at least 1 even where k is 0.
    lda = blasInteger(max(a.stride, 1), "gemm: stride of A")
    ldb = blasInteger(max(b.stride, 1), "gemm: stride of B")
    ldc = blasInteger(max(c.stride, 1), "gemm: stride of C")
  }
}

private func shape<Scalar>(_ view: MatrixView<Scalar>) -> String {
  "[\(view.rows), \(view.columns)]"
}

/// Converts a size to BLAS's 32-bit integer, or traps naming what was too large.
@inline(__always)
func blasInteger(_ value: Int, _ what: @autoclosure () -> String) -> Int32 {
  guard let small = Int32(exactly: value) else {
    fatalError("\(what()): expected at most \(Int32.max), got \(value)")
  }
  return small
}
