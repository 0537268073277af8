/// A layer that applies one function to each element: `y = f(x)`, `dx = dy · f′(x)`.
///
/// It states the two as loops over arrays, which the protocol applies to the worker's tile. The
/// output array may be the input array itself.
public protocol ElementwiseLayer: Layer {
  /// Writes `f(x)` to `y`, for `count` elements.
  func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int)

  /// Writes `dy · f′(x)` to `dX`, for `count` elements, from whichever of `x` and `y` it needs.
  ///
  /// `x` holds the input only where ``Layer/storage`` is `separate`.
  func differentiate(
    _ dY: UnsafePointer<Float>, x: UnsafePointer<Float>, y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int)
}

extension ElementwiseLayer {
  /// The shape of the input.
  public func outputShape(for input: Shape) -> Shape { input }
  /// Elementwise.
  public var isElementwise: Bool { true }
  /// In place, since `f′` of the activations here follows from `y`.
  public var storage: OutputStorage { .inPlace }

  /// `y = f(x)`
  public func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: y)
    x[tile].forEachRun(with: y[tile]) { x, y, count in
      activate(x, into: y, count: count)
    }
  }

  /// `dx = dy · f′(x)`
  public func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: dX)
    let (xPart, yPart, dYPart) = (x[tile], y[tile], dY[tile])
    dYPart.forEachRun(with: dX[tile]) { dY, dX, count in
      let offset = dY - dYPart.baseAddress
      differentiate(
        dY, x: xPart.baseAddress + offset, y: yPart.baseAddress + offset, into: dX, count: count)
    }
  }
}

extension MatrixView<Float> {
  /// Calls `body` with the unbroken runs of two matrices of the same shape and stride.
  func forEachRun(
    with other: MatrixView,
    _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    require(
      rows == other.rows && columns == other.columns && stride == other.stride,
      "elementwise layer: expected \(rows)×\(columns), stride \(stride), got \(other.rows)×\(other.columns), stride \(other.stride)"
    )
    forEachRun { run, count in body(run, other.baseAddress + (run - baseAddress), count) }
  }
}
