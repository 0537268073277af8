import COpenBLAS

/// Computes the lower triangle of `C = Aᵀ·A`, the inner products of the columns of `A`.
///
/// Shapes: `A` [m, n], `C` [n, n]; others trap, and so do transposed views, sizes beyond BLAS's 32-bit
/// integers, and a `C` that overlaps `A`. What lies above the diagonal of `C` stays. Half the
/// operations of ``gemm(_:_:into:alpha:beta:)-(_,_,_,Float,_)``; computed by `cblas_ssyrk`.
public func syrk(_ a: MatrixView<Float>, into c: MatrixView<Float>) {
  precondition(
    !a.isTransposed && !c.isTransposed && c.rows == a.columns && c.columns == a.columns,
    "syrk: expected A [m, n], C [n, n], got A [\(a.rows), \(a.columns)], C [\(c.rows), \(c.columns)]"
  )
  precondition(!c.extent.overlaps(a.extent), "syrk: expected a result apart from the operand")
  if c.isEmpty { return }
  cblas_ssyrk(
    CblasRowMajor, CblasLower, CblasTrans, blasInteger(a.columns, "syrk: columns of A"),
    blasInteger(a.rows, "syrk: rows of A"), 1, a.baseAddress,
    blasInteger(max(a.stride, 1), "syrk: stride of A"), 0, c.baseAddress,
    blasInteger(max(c.stride, 1), "syrk: stride of C"))
}
