import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The central differences of a function of many numbers, as the derivative of `Σ dY ∘ f`.
///
/// For each argument: `Σⱼ dYⱼ · (fⱼ(x + h) − fⱼ(x − h)) / 2h`, and the same sum of absolute values,
/// which says how large the terms are that single precision rounds.
///
/// `f` is computed in double precision. With h = 1e-5 the quotient is off by about h² from its cubic
/// term, and by 1e-16 / h from cancellation: some 1e-10 in all, far below the roundings of Float.
public func centralDifferences(
  at x: [Double], weights dY: [Double], _ function: ([Double]) -> [Double]
) -> (derivatives: [Double], sizes: [Double]) {
  let step = 1e-5
  var point = x
  var derivatives: [Double] = []
  var sizes: [Double] = []
  for index in x.indices {
    point[index] = x[index] + step
    let above = function(point)
    point[index] = x[index] - step
    let below = function(point)
    point[index] = x[index]
    let terms = dY.indices.map { dY[$0] * (above[$0] - below[$0]) / (2 * step) }
    derivatives.append(terms.reduce(0, +))
    sizes.append(terms.reduce(0) { $0 + abs($1) })
  }
  return (derivatives, sizes)
}

/// A layer's function in double precision.
/// - Parameters:
///   - x: [batch, inputs] in row-major order
///   - batch: number of samples
///   - parameters: in the layer's order
public typealias LayerFunction =
  @Sendable (_ x: [Double], _ batch: Int, _ parameters: [[Double]]) -> [Double]

/// How exact a layer's single-precision results are to be.
public struct LayerBounds: Sendable {
  /// Roundings of the output relative to its size; of a sum, to the sum of its terms' sizes.
  public var forward: Double
  /// Roundings of a gradient relative to the sizes of its terms.
  public var backward: Double
  /// Roundings of a gradient relative to the largest `dY`, where the derivative follows from a
  /// difference such as 1 − y² whose parts are near 1.
  public var cancellation = 0.0
  /// Roundings of the output relative to its largest element, where it is made of differences.
  public var forwardCancellation = 0.0
  /// Whether the output is a sum of products of inputs and parameters.
  public var isSum = false

  /// States the bounds in roundings of half a unit in the last place.
  public init(
    forward: Double, backward: Double, cancellation: Double = 0, isSum: Bool = false,
    forwardCancellation: Double = 0
  ) {
    self.forwardCancellation = forwardCancellation
    (self.forward, self.backward) = (forward, backward)
    (self.cancellation, self.isSum) = (cancellation, isSum)
  }
}

extension LayerProblem {
  /// Expects output and gradients to be those of the function, the gradients by central differences.
  public func check(
    _ results: LayerResults, against function: LayerFunction, _ bounds: LayerBounds,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (x, dY, parameters) = (x.doubles, dY.doubles, parameters.map(\.doubles))
    let y = function(x, batch, parameters)
    let sizes =
      bounds.isSum
      ? function(x.map(abs), batch, parameters.map { $0.map(abs) }) : y.map(abs)
    let largest = y.map(abs).max() ?? 0
    expect(
      results.y,
      matches: Reference(
        rows: batch, columns: outputs, values: y,
        bounds: sizes.map {
          ($0 * bounds.forward + largest * bounds.forwardCancellation) * floatRounding
        }),
      "output, \(random)", sourceLocation: sourceLocation)

    let byInput = centralDifferences(at: x, weights: dY) { function($0, batch, parameters) }
    expect(
      results.dX, matches: reference(byInput, columns: inputs, bounds),
      "gradient of the input, \(random)", sourceLocation: sourceLocation)
    #expect(results.gradients.count == parameters.count, sourceLocation: sourceLocation)
    for (index, gradient) in results.gradients.enumerated() {
      let byParameter = centralDifferences(at: parameters[index], weights: dY) { values in
        var changed = parameters
        changed[index] = values
        return function(x, batch, changed)
      }
      expect(
        gradient,
        matches: reference(byParameter, columns: parameterShapes[index].columns, bounds),
        "gradient of parameter \(index), \(random)", sourceLocation: sourceLocation)
    }
  }

  private func reference(
    _ differences: (derivatives: [Double], sizes: [Double]), columns: Int, _ bounds: LayerBounds
  ) -> Reference {
    let largest = Double(dY.map(abs).max() ?? 0)
    return Reference(
      rows: columns == 0 ? 0 : differences.derivatives.count / columns, columns: columns,
      values: differences.derivatives,
      bounds: differences.sizes.map {
        ($0 * bounds.backward + largest * bounds.cancellation) * floatRounding + 1e-9
      })
  }
}
