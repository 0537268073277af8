import CLAPACKE

/// A floating-point type that LAPACK computes in: Float or Double.
public protocol LAPACKScalar: BinaryFloatingPoint, Sendable {
  /// The routines of this precision.
  static var lapackRoutines: LAPACKRoutines<Self> { get }
}

/// LAPACK's routines of one precision under one name each, so that every algorithm is written once.
///
/// They are LAPACKE's `_work` functions, for column-major matrices: those without LAPACKE's own
/// transpositions, NaN checks and workspaces, all of which are done here where they are needed.
public struct LAPACKRoutines<Scalar>: Sendable {
  typealias Size = Int32
  typealias Letter = CChar
  typealias Numbers = UnsafeMutablePointer<Scalar>?
  typealias Integers = UnsafeMutablePointer<Int32>?
  typealias Source = UnsafePointer<Scalar>?
  typealias Pivots = UnsafePointer<Int32>?
  typealias Layout = Int32
  typealias Info = Int32

  let getrf: @Sendable (Layout, Size, Size, Numbers, Size, Integers) -> Info
  let getrs: @Sendable (Layout, Letter, Size, Size, Source, Size, Pivots, Numbers, Size) -> Info
  let getri: @Sendable (Layout, Size, Numbers, Size, Pivots, Numbers, Size) -> Info
  let gecon:
    @Sendable (Layout, Letter, Size, Source, Size, Scalar, Numbers, Numbers, Integers) -> Info
  let potrf: @Sendable (Layout, Letter, Size, Numbers, Size) -> Info
  let potrs: @Sendable (Layout, Letter, Size, Size, Source, Size, Numbers, Size) -> Info
  let geqrf: @Sendable (Layout, Size, Size, Numbers, Size, Numbers, Numbers, Size) -> Info
  let orgqr: @Sendable (Layout, Size, Size, Size, Numbers, Size, Source, Numbers, Size) -> Info
  let gels:
    @Sendable (Layout, Letter, Size, Size, Size, Numbers, Size, Numbers, Size, Numbers, Size) ->
      Info
  let trcon:
    @Sendable (
      Layout, Letter, Letter, Letter, Size, Source, Size, Numbers, Numbers, Integers
    ) -> Info
  let gelsd:
    @Sendable (
      Layout, Size, Size, Size, Numbers, Size, Numbers, Size, Numbers, Scalar, Integers, Numbers,
      Size, Integers
    ) -> Info
  let gesdd:
    @Sendable (
      Layout, Letter, Size, Size, Numbers, Size, Numbers, Numbers, Size, Numbers, Size, Numbers,
      Size, Integers
    ) -> Info
  let syevd:
    @Sendable (
      Layout, Letter, Letter, Size, Numbers, Size, Numbers, Numbers, Size, Integers, Size
    ) -> Info
  let lange: @Sendable (Layout, Letter, Size, Size, Source, Size, Numbers) -> Scalar
  let lacpy: @Sendable (Layout, Letter, Size, Size, Source, Size, Numbers, Size) -> Info
  let laset: @Sendable (Layout, Letter, Size, Size, Scalar, Scalar, Numbers, Size) -> Info
  let gemm: @Sendable (MatrixView<Scalar>, MatrixView<Scalar>, MatrixView<Scalar>) -> Void
  let syrk: @Sendable (MatrixView<Scalar>, MatrixView<Scalar>) -> Void
  let transpose: @Sendable (UnsafePointer<Scalar>, Int, Int, UnsafeMutablePointer<Scalar>) -> Void
  let sumColumns: @Sendable (MatrixView<Scalar>) -> [Double]
  let addToRows: @Sendable (MatrixView<Scalar>, [Scalar]) -> Void
  let addLowerTriangle: @Sendable (MatrixView<Scalar>, inout [Double]) -> Void
}

extension Float: LAPACKScalar {
  /// The routines whose names begin with S.
  public static let lapackRoutines = LAPACKRoutines<Float>(
    getrf: LAPACKE_sgetrf_work, getrs: LAPACKE_sgetrs_work, getri: LAPACKE_sgetri_work,
    gecon: LAPACKE_sgecon_work, potrf: LAPACKE_spotrf_work, potrs: LAPACKE_spotrs_work,
    geqrf: LAPACKE_sgeqrf_work, orgqr: LAPACKE_sorgqr_work, gels: LAPACKE_sgels_work,
    trcon: LAPACKE_strcon_work, gelsd: LAPACKE_sgelsd_work, gesdd: LAPACKE_sgesdd_work,
    syevd: LAPACKE_ssyevd_work, lange: LAPACKE_slange_work, lacpy: LAPACKE_slacpy_work,
    laset: LAPACKE_slaset_work,
    gemm: { BLAS.gemm($0, $1, into: $2) }, syrk: { BLAS.syrk($0, into: $1) },
    transpose: { transposeTiles($0, $1, $2, into: $3) }, sumColumns: { columnSums(of: $0) },
    addToRows: { addToRows(of: $0, $1) },
    addLowerTriangle: { LinearAlgebra.addLowerTriangle(of: $0, to: &$1) })
}

extension Double: LAPACKScalar {
  /// The routines whose names begin with D.
  public static let lapackRoutines = LAPACKRoutines<Double>(
    getrf: LAPACKE_dgetrf_work, getrs: LAPACKE_dgetrs_work, getri: LAPACKE_dgetri_work,
    gecon: LAPACKE_dgecon_work, potrf: LAPACKE_dpotrf_work, potrs: LAPACKE_dpotrs_work,
    geqrf: LAPACKE_dgeqrf_work, orgqr: LAPACKE_dorgqr_work, gels: LAPACKE_dgels_work,
    trcon: LAPACKE_dtrcon_work, gelsd: LAPACKE_dgelsd_work, gesdd: LAPACKE_dgesdd_work,
    syevd: LAPACKE_dsyevd_work, lange: LAPACKE_dlange_work, lacpy: LAPACKE_dlacpy_work,
    laset: LAPACKE_dlaset_work,
    gemm: { BLAS.gemm($0, $1, into: $2) }, syrk: { BLAS.syrk($0, into: $1) },
    transpose: { transposeTiles($0, $1, $2, into: $3) }, sumColumns: { columnSums(of: $0) },
    addToRows: { addToRows(of: $0, $1) },
    addLowerTriangle: { LinearAlgebra.addLowerTriangle(of: $0, to: &$1) })
}
