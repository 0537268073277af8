/// A layer that applies one function to each element: `y = f(x)`, `dx = dy · f′(x)`.
///
/// It states the two as loops over arrays, which the protocol plans in place where that can be. The
/// output array may be the input array itself.
public protocol ElementwiseLayer: Layer {
  /// Whether `f′` is computed from `x`; otherwise from `y`, which is the default.
  var derivesFromInput: Bool { get }

  /// Writes `f(x)` to `y`, for `count` elements.
  func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int)

  /// Writes `dy · f′(x)` to `dX`, for `count` elements.
  /// - Parameters:
  ///   - dY: what comes back from the layer above
  ///   - value: `x` where ``derivesFromInput`` says so, else `y`
  ///   - dX: the result, which may be `dY` itself
  ///   - count: the number of elements
  func differentiate(
    _ dY: UnsafePointer<Float>, at value: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int)
}

extension ElementwiseLayer {
  /// From `y`.
  public var derivesFromInput: Bool { false }

  /// Any shape → the same.
  public func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    let operations = context.operations(on: input)
    let kept: Operand = derivesFromInput ? .input : .output
    var plan = LayerPlan(
      output: input,
      forward: [
        Phase(
          reads: [.input: .part], writes: [.output: .part], inPlace: .outputOverInput,
          split: .elements, operations: operations
        ) { [self] operands, part, _ in
          let tile = part.output(operands.y)
          operands.x[tile].forEachRun(with: operands.y[tile]) { activate($0, into: $1, count: $2) }
        }
      ],
      inputGradient: [
        Phase(
          reads: [.outputGradient: .part, kept: .part], writes: [.inputGradient: .part],
          inPlace: .inputGradientOverOutputGradient, split: .elements, operations: operations
        ) { [self] operands, part, _ in
          let tile = part.input(operands.dX)
          let (dY, value) = (operands.dY[tile], operands[kept][tile])
          dY.forEachRun(with: operands.dX[tile]) { run, dX, count in
            differentiate(
              run, at: value.baseAddress + (run - dY.baseAddress), into: dX, count: count)
          }
        }
      ])
    plan.layout = nil
    return plan
  }
}

extension MatrixView<Float> {
  /// Calls `body` with the contiguous runs of two matrices of the same shape and stride.
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
