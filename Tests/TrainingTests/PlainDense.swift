import Training

/// A dense layer without bias whose products are plain loops, each sum in the order of its terms.
///
/// OpenBLAS adds in an order that depends on the size of a product, so a cut into other tiles can
/// change the last bit. With this layer whatever else training computes shows its own bits.
struct PlainDense: Layer {
  let units: Int
  var l2: Float = 0

  func outputShape(for input: Shape) throws(LayerError) -> Shape { [units] }

  func parameters(for input: Shape) -> [Parameter] {
    [Parameter("weight", shape: [units, input.count], initialValue: .glorotUniform, l2: l2)]
  }

  var readsOutputBackward: Bool { false }

  func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    multiply(x, parameters[0].transposed, into: y, pass.worker.tile(ofActivations: y))
  }

  func parameterGradients(
    of dY: MatrixView<Float>, x: MatrixView<Float>, into gradients: [MatrixView<Float>], pass: Pass
  ) {
    multiply(dY.transposed, x, into: gradients[0], pass.worker.tile(ofWeights: gradients[0]))
  }

  func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    multiply(dY, parameters[0], into: dX, pass.worker.tile(ofActivations: dX))
  }

  private func multiply(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, into c: MatrixView<Float>, _ tile: Tile
  ) {
    for row in tile.rows {
      for column in tile.columns {
        c[row, column] = (0..<a.columns).reduce(0) { $0 + a[row, $1] * b[$1, column] }
      }
    }
  }
}
