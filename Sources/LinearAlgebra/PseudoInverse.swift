/// The Moore–Penrose inverse `A⁺ = V·diag(1/σ)·Uᵀ`, as NumPy's `pinv` with `rtol=None`.
///
/// Shapes: `A` [m, n], any, → [n, m]. The X that ``leastSquares(_:_:tolerance:)`` finds is `A⁺·B`; it
/// finds it faster and more accurately. No transpose is copied. Throws as ``svd(_:_:)``.
/// - Parameters:
///   - a: [m, n]
///   - tolerance: singular values not above it, relative to the largest, count as 0; from 0 to below
///     1, others trap; max(m, n)·ε unless given
public func pseudoInverse<Scalar>(
  _ a: Matrix<Scalar>, tolerance: Scalar? = nil
) throws(LinearAlgebraError) -> Matrix<Scalar> {
  let tolerance = relativeTolerance(tolerance, a)
  let decomposition = try svd(a)
  let values = decomposition.singularValues
  let limit = tolerance * (values.first ?? 0)
  var scaled = decomposition.vT
  for (row, value) in values.enumerated() {
    let factor = value > limit ? 1 / value : 0
    for index in row * scaled.columns..<(row + 1) * scaled.columns {
      scaled.storage[index] *= factor
    }
  }
  // [k, n]ᵀ · [m, k]ᵀ → [n, m]
  return scaled.multiplied(by: decomposition.u, transposingSelf: true, transposingOther: true)
}
