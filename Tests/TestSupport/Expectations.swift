import BLAS
import Testing

/// Expects a matrix to have the reference's shape and, within its bounds, its values; NaN and
/// infinity are expected where the reference has them.
///
/// Only the first few wrong elements are named.
public func expect<Scalar: BinaryFloatingPoint>(
  _ actual: MatrixView<Scalar>, matches reference: Reference, _ comment: @autoclosure () -> Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.rows == reference.rows && actual.columns == reference.columns else {
    Issue.record(
      """
      \(comment()): shape [\(actual.rows), \(actual.columns)], expected \
      [\(reference.rows), \(reference.columns)]
      """, sourceLocation: sourceLocation)
    return
  }
  expect(actual.elements, matches: reference, comment(), sourceLocation: sourceLocation)
}

/// Expects numbers in row-major order to be the reference's.
public func expect<Scalar: BinaryFloatingPoint>(
  _ actual: [Scalar], matches reference: Reference, _ comment: @autoclosure () -> Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == reference.values.count else {
    Issue.record(
      "\(comment()): \(actual.count) elements, expected \(reference.values.count)",
      sourceLocation: sourceLocation)
    return
  }
  let wrong = actual.indices.filter { index in
    let (value, expected) = (Double(actual[index]), reference.values[index])
    if expected.isNaN { return !value.isNaN }
    if expected.isInfinite { return value != expected }
    return !(abs(value - expected) <= reference.bounds[index])
  }
  guard !wrong.isEmpty else { return }
  let listed = wrong.prefix(4).map { index in
    let place =
      reference.columns == 0 ? (0, 0) : index.quotientAndRemainder(dividingBy: reference.columns)
    return """
      (\(place.0), \(place.1)): \(actual[index]), expected \(reference.values[index]) \
      ± \(reference.bounds[index])
      """
  }
  Issue.record(
    "\(comment()): \(wrong.count) of \(actual.count) wrong: \(listed.joined(separator: "; "))",
    sourceLocation: sourceLocation)
}

/// Expects two arrays to be the same bit by bit, NaN included.
public func expect(
  _ actual: [Float], sameBitsAs expected: [Float], _ comment: @autoclosure () -> Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(comment()): \(actual.count) elements, expected \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  let wrong = actual.indices.filter { actual[$0].bitPattern != expected[$0].bitPattern }
  guard let first = wrong.first else { return }
  Issue.record(
    """
    \(comment()): \(wrong.count) of \(actual.count) differ, first at \(first): \(actual[first]), \
    expected \(expected[first])
    """, sourceLocation: sourceLocation)
}

/// The distance of a Float from an exact value, in units of the last place of that value.
///
/// Among subnormal numbers in units of their spacing. 0 where both are NaN or the same infinity.
public func ulps(_ actual: Float, from exact: Double) -> Double {
  if exact.isNaN || actual.isNaN { return exact.isNaN == actual.isNaN ? 0 : .infinity }
  let nearest = Float(exact)
  if nearest.isInfinite || actual.isInfinite { return nearest == actual ? 0 : .infinity }
  return abs(Double(actual) - exact) / Double(nearest.ulp)
}
