import CKernels

/// Sets random elements to 0 in training and scales the others by `1 / (1 − rate)`, so that means
/// stay (Srivastava et al. 2014, in the inverted form). In inference `y = x`.
///
/// The random number of an element follows from the layer's key, the step and the element's place
/// in the whole batch, so the result depends neither on how the work is cut nor on the layout, and
/// backward draws the same ones again instead of storing a mask.
public struct Dropout: Layer {
  /// The probability of an element to be dropped.
  public let rate: Float

  /// Creates the layer; `rate` is in 0..<1.
  public init(_ rate: Float) {
    require(0 <= rate && rate < 1, "Dropout: expected a rate from 0 to below 1, got \(rate)")
    self.rate = rate
  }

  /// Any shape → the same.
  public func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    let operations = context.operations(10, on: input)
    var plan = LayerPlan(
      output: input,
      forward: [
        // y = x / (1 − rate) or 0 in training, y = x in inference
        Phase(
          reads: [.input: .part], writes: [.output: .part], inPlace: .outputOverInput,
          split: .elements, operations: operations
        ) { [self] operands, part, pass in
          let (x, y, tile) = (operands.x, operands.y, part.output(operands.y))
          if pass.mode == .training {
            drop(x, into: y, tile, input.count, pass)
          } else if x.baseAddress != y.baseAddress {
            x[tile].forEachRun(with: y[tile]) { $1.update(from: $0, count: $2) }
          }
        }
      ],
      inputGradient: [
        // dx = dy / (1 − rate) or 0, as forward
        Phase(
          reads: [.outputGradient: .part], writes: [.inputGradient: .part],
          inPlace: .inputGradientOverOutputGradient, split: .elements, operations: operations
        ) { [self] operands, part, pass in
          drop(operands.dY, into: operands.dX, part.input(operands.dX), input.count, pass)
        }
      ])
    plan.isRandom = true
    plan.layout = nil
    return plan
  }

  private func drop(
    _ source: MatrixView<Float>, into target: MatrixView<Float>, _ tile: Tile, _ elements: Int,
    _ pass: Pass
  ) {
    let number = { (sample: Int) in
      UInt64(pass.step) << 32 + UInt64((pass.firstSample + sample) * elements)
    }
    let isInLanes = source.columns != elements
    if isInLanes {
      for block in tile.rows {
        maru_dropout_lanes(
          source.row(block), target.row(block), elements, pass.randomKey,
          number(block * Layout.laneCount), 1 - rate)
      }
      return
    }
    source[tile].forEachRun(with: target[tile]) { x, y, count in
      let element = UInt64(x - source.baseAddress)
      maru_dropout(x, y, count, pass.randomKey, number(0) + element, 1 - rate)
    }
  }
}
