import Maru

/// A ReLU whose slopes below 0 are learned, one per unit: `y = max(x, 0) + a·min(x, 0)`
/// (He et al. 2015).
///
/// Parameter: `slope` [units]. Shapes: `X` [batch, units] → `Y` the same.
struct PReLU: Layer {
  /// The slope that training starts from; 0.25 unless given, as in the paper.
  var initialSlope: Float = 0.25

  func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard input.rank == 1 else {
      throw LayerError("PReLU expects a vector, got shape \(input): put Flatten before it")
    }
    return LayerPlan(
      output: input,
      parameters: [Parameter("slope", shape: input, initialValue: .constant(initialSlope))],
      forward: [forward], parameterGradients: [slopeGradient], inputGradient: [inputGradient])
  }
}

extension PReLU {
  /// `y = max(x, 0) + a·min(x, 0)`
  private var forward: Phase {
    Phase(
      reads: [.input: .part, .parameter(0): .part], writes: [.output: .part], split: .elements
    ) { operands, part, _ in
      let (x, y, slope) = (operands.x, operands.y, operands.parameter(0))
      let tile = part.output(y)
      for row in tile.rows {
        for unit in tile.columns {
          y[row, unit] = x[row, unit] > 0 ? x[row, unit] : slope[0, unit] * x[row, unit]
        }
      }
    }
  }
}

extension PReLU {
  /// `da = Σ dy·min(x, 0)` over the samples
  private var slopeGradient: Phase {
    Phase(
      reads: [.outputGradient: .part, .input: .part], writes: [.gradient(0): .part],
      split: .features
    ) { operands, part, _ in
      let (x, dY, gradient) = (operands.x, operands.dY, operands.gradient(0))
      for unit in part.vector(gradient) {
        gradient[0, unit] = (0..<x.rows).reduce(0) { $0 + dY[$1, unit] * min(x[$1, unit], 0) }
      }
    }
  }

  /// `dx = dy` where `x > 0`, else `a·dy`
  private var inputGradient: Phase {
    Phase(
      reads: [.outputGradient: .part, .input: .part, .parameter(0): .part],
      writes: [.inputGradient: .part], split: .elements
    ) { operands, part, _ in
      let (x, dY, dX, slope) = (operands.x, operands.dY, operands.dX, operands.parameter(0))
      let tile = part.input(dX)
      for row in tile.rows {
        for unit in tile.columns {
          dX[row, unit] = x[row, unit] > 0 ? dY[row, unit] : slope[0, unit] * dY[row, unit]
        }
      }
    }
  }
}

func modelWithOwnLayer() throws -> Sequential {
  let model = try Sequential(
    inputShape: [28, 28], [Flatten(), Dense(64), PReLU(), Dense(10), Softmax()], seed: 1)
  print(model.summary())
  return model
}

/// `y = x / (1 + |x|)`, a cheaper sigmoid (Turian et al. 2009).
struct Softsign: ElementwiseLayer {
  /// `y = x / (1 + |x|)`
  func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    for index in 0..<count { y[index] = x[index] / (1 + abs(x[index])) }
  }

  /// `dx = dy·(1 − |y|)²`
  func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    for index in 0..<count {
      let rest = 1 - abs(y[index])
      dX[index] = dY[index] * rest * rest
    }
  }
}
