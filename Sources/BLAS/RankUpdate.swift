import COpenBLAS

/// Computes the lower triangle of `C = Aᵀ·A`, the inner products of the columns of `A`.
///
/// Shapes: `A` [m, n], `C` [n, n]; others trap, and so do transposed views, sizes beyond BLAS's 32-bit
/// integers, and a `C` that overlaps `A`. What lies above the diagonal of `C` stays. Half the
/// operations of ``gemm(_:_:into:alpha:beta:)-(_,_,_,Float,_)``; computed by `cblas_ssyrk`.
public func syrk(_ a: MatrixView<Float>, into c: MatrixView<Float>) {
  let sizes = checkedSizes(a, c)
  if c.isEmpty { return }
  cblas_ssyrk(
    CblasRowMajor, CblasLower, CblasTrans, sizes.n, sizes.m, 1, a.baseAddress, sizes.strideOfA, 0,
    c.baseAddress, sizes.strideOfC)
}

/// Computes the lower triangle of `C = Aᵀ·A` in double precision, by `cblas_dsyrk`; otherwise as in
/// single precision.
public func syrk(_ a: MatrixView<Double>, into c: MatrixView<Double>) {
  let sizes = checkedSizes(a, c)
  if c.isEmpty { return }
  cblas_dsyrk(
    CblasRowMajor, CblasLower, CblasTrans, sizes.n, sizes.m, 1, a.baseAddress, sizes.strideOfA, 0,
    c.baseAddress, sizes.strideOfC)
}

/// The sizes as BLAS takes them; traps where the operands are not those of a `syrk`.
private func checkedSizes<Scalar>(
  _ a: MatrixView<Scalar>, _ c: MatrixView<Scalar>
) -> (m: blasint, n: blasint, strideOfA: blasint, strideOfC: blasint) {
  require(
    !a.isTransposed && !c.isTransposed && c.rows == a.columns && c.columns == a.columns,
    "syrk: expected A [m, n], C [n, n], got A [\(a.rows), \(a.columns)], C [\(c.rows), \(c.columns)]"
  )
  require(
    !c.extent.overlaps(a.extent),
    "syrk: expected a result apart from the operand, got C overlapping A")
  return (
    blasInteger(a.rows, "syrk: rows of A"), blasInteger(a.columns, "syrk: columns of A"),
    blasInteger(max(a.stride, 1), "syrk: stride of A"),
    blasInteger(max(c.stride, 1), "syrk: stride of C")
  )
}
