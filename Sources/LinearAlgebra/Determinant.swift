#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension LUFactors {
  /// The determinant: the product of the pivots, with the sign of their permutation.
  ///
  /// 1 where the matrix has no element. Of larger matrices it easily overflows to infinity or
  /// underflows to 0; ``logDeterminant`` does not.
  public var determinant: Scalar {
    // Beside a pivot of 0 the product of the others may be infinite.
    singularPivot == nil ? diagonal.reduce(permutationSign, *) : 0
  }

  /// The sign of the determinant (1, −1, or 0) and the natural logarithm of its magnitude, as NumPy's
  /// `slogdet`: of a singular matrix 0 and −∞.
  public var logDeterminant: (sign: Scalar, logarithm: Scalar) {
    if singularPivot != nil { return (0, -.infinity) }
    let negatives = diagonal.count { $0 < 0 }
    return (
      negatives.isMultiple(of: 2) ? permutationSign : -permutationSign, sumOfLogarithms(diagonal)
    )
  }

  private var diagonal: some Collection<Scalar> {
    (0..<size).lazy.map { factors[$0 * (size + 1)] }
  }

  private var permutationSign: Scalar {
    // LAPACK counts rows from 1; each that is exchanged for another turns the sign.
    let exchanges = pivots.enumerated().count { $0.offset + 1 != Int($0.element) }
    return exchanges.isMultiple(of: 2) ? 1 : -1
  }
}

/// The determinant of a square matrix, by LU factors; other shapes trap.
///
/// 0 where the matrix is singular to the last bit. Throws where an element is not finite.
public func determinant<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> Scalar {
  try LUFactors(a).determinant
}

/// The sign of the determinant and the natural logarithm of its magnitude, by LU factors; matrices
/// that are not square trap.
///
/// 0 and −∞ where the matrix is singular to the last bit. Throws where an element is not finite.
public func logDeterminant<Scalar>(
  _ a: Matrix<Scalar>
) throws(LinearAlgebraError) -> (sign: Scalar, logarithm: Scalar) {
  try LUFactors(a).logDeterminant
}

/// The sum of the logarithms of magnitudes, added up in double precision.
func sumOfLogarithms<Scalar: LAPACKScalar>(_ values: some Sequence<Scalar>) -> Scalar {
  Scalar(values.reduce(0.0) { $0 + log(Double($1.magnitude)) })
}
