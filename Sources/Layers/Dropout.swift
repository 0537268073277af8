import CKernels

/// Sets random elements to 0 in training and scales the others by `1 / (1 − rate)`, so that means
/// stay (Srivastava et al. 2014, in the inverted form). In inference `y = x`.
///
/// The random number of an element follows from the layer's key, the step and the element's place,
/// so the result does not depend on the number of workers, and backward draws the same ones again
/// instead of storing a mask.
public struct Dropout: Layer {
  /// The probability of an element to be dropped.
  public let rate: Float

  /// Creates the layer; `rate` is in 0..<1.
  public init(_ rate: Float) {
    require(0 <= rate && rate < 1, "Dropout: expected a rate from 0 to below 1, got \(rate)")
    self.rate = rate
  }

  /// The shape of the input.
  public func outputShape(for input: Shape) -> Shape { input }
  /// Elementwise.
  public var isElementwise: Bool { true }
  /// Neither `X` nor `Y` is needed backward.
  public var storage: OutputStorage { .inPlace }
  /// Backward reads neither.
  public var readsOutputBackward: Bool { false }

  /// `y = x / (1 − rate)` or 0 in training, `y = x` in inference
  public func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: y)
    if pass.mode == .training {
      drop(x, into: y, tile: tile, pass: pass)
    } else if x.baseAddress != y.baseAddress {
      x[tile].forEachRun(with: y[tile]) { x, y, count in y.update(from: x, count: count) }
    }
  }

  /// `dx = dy / (1 − rate)` or 0, as forward
  public func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    drop(dY, into: dX, tile: pass.worker.tile(ofActivations: dX), pass: pass)
  }

  private func drop(
    _ source: MatrixView<Float>, into target: MatrixView<Float>, tile: Tile, pass: Pass
  ) {
    source[tile].forEachRun(with: target[tile]) { x, y, count in
      let element = x - source.baseAddress
      let first = UInt64(pass.step) << 32 + UInt64(element)
      maru_dropout(x, y, count, pass.randomKey, first, 1 - rate)
    }
  }
}
