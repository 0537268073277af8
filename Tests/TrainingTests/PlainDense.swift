import Training

/// A dense layer without bias whose products are plain loops, each sum in the order of its terms.
///
/// OpenBLAS adds in an order that depends on the size of a product, so a cut into other parts can
/// change the last bit. With this layer whatever else training computes shows its own bits.
struct PlainDense: Layer {
  let units: Int
  var l2: Float = 0

  func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    LayerPlan(
      output: [units],
      parameters: [
        Parameter("weight", shape: [units, input.count], initialValue: .glorotUniform, l2: l2)
      ],
      forward: [
        Phase(
          reads: [.input: .part, .parameter(0): .part], writes: [.output: .part],
          split: .outputTiles
        ) { operands, part, _ in
          multiply(
            operands.x, operands.parameter(0).transposed, into: operands.y, part.output(operands.y))
        }
      ],
      parameterGradients: [
        Phase(
          reads: [.outputGradient: .part, .input: .part], writes: [.gradient(0): .part],
          split: .weights
        ) { operands, part, _ in
          let gradient = operands.gradient(0)
          multiply(operands.dY.transposed, operands.x, into: gradient, part.weight(gradient))
        }
      ],
      inputGradient: [
        Phase(
          reads: [.outputGradient: .part, .parameter(0): .part], writes: [.inputGradient: .part],
          split: .inputTiles
        ) { operands, part, _ in
          multiply(operands.dY, operands.parameter(0), into: operands.dX, part.input(operands.dX))
        }
      ])
  }
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
