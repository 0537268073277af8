import Maru

/// A ReLU whose slopes below 0 are learned, one a unit: `y = max(x, 0) + a·min(x, 0)`
/// (He et al. 2015).
///
/// Parameter: `slope` [units]. Shapes: `X` [batch, units] → `Y` the same.
struct PReLU: Layer {
  /// The slope that training starts from; 0.25 unless given, as in the paper.
  var initialSlope: Float = 0.25

  func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard input.rank == 1 else {
      throw LayerError("PReLU expects a vector, got shape \(input): put Flatten before it")
    }
    return input
  }

  func parameters(for input: Shape) -> [Parameter] {
    [Parameter("slope", shape: input, initialValue: .constant(initialSlope))]
  }

  /// Backward reads `X` instead.
  var readsOutputBackward: Bool { false }
}

extension PReLU {
  /// `y = max(x, 0) + a·min(x, 0)`
  func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: y)
    let slope = parameters[0].row(0)
    for row in tile.rows {
      let (x, y) = (x.row(row), y.row(row))
      for unit in tile.columns { y[unit] = x[unit] > 0 ? x[unit] : slope[unit] * x[unit] }
    }
  }
}

extension PReLU {
  /// `da = Σ dy·min(x, 0)` over the samples
  func parameterGradients(
    of dY: MatrixView<Float>, x: MatrixView<Float>, into gradients: [MatrixView<Float>], pass: Pass
  ) {
    let units = pass.worker.tile(ofWeights: gradients[0]).columns
    let gradient = gradients[0].row(0)
    for unit in units { gradient[unit] = 0 }
    for row in 0..<x.rows {
      let (x, dY) = (x.row(row), dY.row(row))
      for unit in units where x[unit] < 0 { gradient[unit] += dY[unit] * x[unit] }
    }
  }

  /// `dx = dy` where `x > 0`, else `a·dy`
  func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: dX)
    let slope = parameters[0].row(0)
    for row in tile.rows {
      let (x, dY, dX) = (x.row(row), dY.row(row), dX.row(row))
      for unit in tile.columns { dX[unit] = x[unit] > 0 ? dY[unit] : slope[unit] * dY[unit] }
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
    _ dY: UnsafePointer<Float>, x: UnsafePointer<Float>, y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    for index in 0..<count {
      let rest = 1 - abs(y[index])
      dX[index] = dY[index] * rest * rest
    }
  }
}
