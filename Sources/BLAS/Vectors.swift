import COpenBLAS

/// Adds a multiple of one vector to another: `y ← α·x + y`, over `count` elements.
///
/// Traps where `count` is negative or exceeds BLAS's 32-bit integers. Computed by `cblas_saxpy`.
public func axpy(
  _ alpha: Float, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
) {
  require(count >= 0, "axpy: expected a count from 0, got \(count)")
  cblas_saxpy(blasInteger(count, "axpy: count"), alpha, x, 1, y, 1)
}

/// The inner product `Σ xᵢ·yᵢ` over `count` elements, added up in double precision.
///
/// OpenBLAS's vector kernels add blocks in single precision first, so the result is between the two
/// precisions. 0 where `count` is 0. Traps where `count` is negative or exceeds BLAS's 32-bit integers.
/// Computed by `cblas_dsdot`.
public func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Double {
  require(count >= 0, "dot: expected a count from 0, got \(count)")
  return cblas_dsdot(blasInteger(count, "dot: count"), x, 1, y, 1)
}

/// Multiplies a vector by a number in place: `x ← α·x`, over `count` elements.
///
/// Traps where `count` is negative or exceeds BLAS's 32-bit integers. Computed by `cblas_sscal`.
public func scal(_ alpha: Float, _ x: UnsafeMutablePointer<Float>, count: Int) {
  require(count >= 0, "scal: expected a count from 0, got \(count)")
  cblas_sscal(blasInteger(count, "scal: count"), alpha, x, 1)
}
