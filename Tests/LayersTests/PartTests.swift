import Layers
import Testing
import TestSupport

/// Sizes of batches and layers: small and large, and on both sides of where the cut changes.
private let sizes: [(batch: Int, inputs: Int, units: Int)] = [
  (1, 1, 1), (1, 784, 128), (128, 784, 128), (128, 128, 10), (100, 784, 10), (3, 5, 200),
  (7, 30, 10), (33, 1000, 77), (64, 300, 320), (1, 500, 400), (2, 15, 63), (5, 16, 64),
  (17, 17, 65), (96, 784, 320), (50, 2, 2), (128, 900, 330),
]

private let elementwise: [any Layer] = [
  ReLU(), LeakyReLU(), Sigmoid(), Tanh(), Softplus(), GELU(), SiLU(), Softmax(), Dropout(0.4),
]

@Suite("parts together compute what one does alone")
struct PartTests {
  /// BLAS may sum in another order where a tile has another size, so products agree within rounding.
  ///
  /// As many parts always give the same bits.
  @Test("Dense within rounding, the biases' gradient bit by bit", arguments: sizes)
  func dense(size: (batch: Int, inputs: Int, units: Int)) throws {
    let problem = try LayerProblem(
      Dense(size.units), batch: size.batch, sample: [size.inputs], seed: 301)
    let expected = DenseReferences(problem)
    OpenBLAS.withSingleThread {
      let alone = problem.run()
      for parts in 1...5 {
        let together = problem.run(parts: parts)
        let comment = "\(parts) parts, \(problem.random)"
        expect(together.y, matches: expected.y, "output, \(comment)")
        expect(together.dX, matches: expected.dX, "gradient of the input, \(comment)")
        expect(together.gradients[0], matches: expected.dW, "gradient of the weights, \(comment)")
        expect(
          together.gradients[1], sameBitsAs: alone.gradients[1],
          "gradient of the biases, \(comment)")
        let again = problem.run(parts: parts)
        expect(again.y, sameBitsAs: together.y, "output again, \(comment)")
        expect(again.dX, sameBitsAs: together.dX, "gradient of the input again, \(comment)")
        expect(
          again.gradients[0], sameBitsAs: together.gradients[0],
          "gradient of the weights again, \(comment)")
      }
    }
  }

  @Test(
    "all other layers bit by bit",
    arguments: [(1, 1), (1, 700), (3, 10), (128, 10), (5, 128), (64, 330)])
  func activations(batch: Int, units: Int) throws {
    for layer in elementwise {
      let problem = try LayerProblem(layer, batch: batch, sample: [units], seed: 302)
      let alone = problem.run(randomKey: 77)
      for parts in 2...5 {
        let together = problem.run(parts: parts, randomKey: 77)
        let comment = "\(layer), \(parts) parts, \(problem.random)"
        expect(together.y, sameBitsAs: alone.y, "output, \(comment)")
        expect(together.dX, sameBitsAs: alone.dX, "gradient of the input, \(comment)")
      }
    }
  }

  @Test(
    "a layer touches what it says, in whatever order its parts are carried out", arguments: sizes)
  func honesty(size: (batch: Int, inputs: Int, units: Int)) throws {
    // All that a part may not touch is copied for each, so the largest sizes are left out.
    guard size.batch * size.inputs * size.units <= 1 << 18 else { return }
    try LayerProblem(
      Dense(size.units), batch: size.batch, sample: [size.inputs], seed: 303
    ).expectHonesty()
    for layer in elementwise + [LayerNorm(), BatchNorm(), Residual([Dense(size.units), ReLU()])] {
      try LayerProblem(layer, batch: size.batch, sample: [size.units], seed: 304).expectHonesty()
    }
  }

  @Test("chains of layers", arguments: [[3, 70, 5], [300, 10], [130, 260, 140]])
  func chains(units: [Int]) throws {
    var layers: [any Layer] = [Flatten()]
    for units in units {
      layers += [
        Dense(units), GELU(), Residual([LayerNorm(), Dense(units), Residual([ReLU()])]),
        Dropout(0.3), BatchNorm(), Tanh(),
      ]
    }
    layers += [Dense(6), Residual([Softmax()])]
    // What is a chain here is the inner one; the sum adds the input.
    try LayerProblem(Residual(layers), batch: 4, sample: [6], seed: 305)
      .expectHonesty(parts: [1, 2, 3])
  }

  @Test("a layer that reads or writes more than it says is found", arguments: [false, true])
  func lies(writes: Bool) throws {
    let problem = try LayerProblem(Liar(writes: writes), batch: 4, sample: [3], seed: 306)
    withKnownIssue {
      problem.expectHonesty(parts: [2])
    }
  }

  @Test("a layer of parameters with three axes")
  func threeAxes() throws {
    let problem = try LayerProblem(Bilinear(units: 70), batch: 3, sample: [4], seed: 307)
    problem.expectHonesty(parts: [1, 2])
    for parts in 1...2 {
      problem.check(
        problem.run(parts: parts),
        against: { x, batch, parameters in
          var y: [Double] = []
          for row in 0..<batch {
            for unit in 0..<70 {
              var sum = 0.0
              for pair in 0..<16 {
                let factors = x[row * 4 + pair / 4] * x[row * 4 + pair % 4]
                sum += parameters[0][unit * 16 + pair] * factors
              }
              y.append(sum)
            }
          }
          return y
        }, LayerBounds(forward: 80, backward: 80, cancellation: 40))
    }
  }
}

/// A layer that reads, or writes, all samples where it says that it touches its own.
private struct Liar: Layer {
  let writes: Bool

  func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    LayerPlan(
      output: input,
      forward: [
        Phase(reads: [.input: .part], writes: [.output: .part], split: .samples) {
          [writes] operands, part, _ in
          let (x, y) = (operands.x, operands.y)
          for row in part.range {
            for column in 0..<y.columns { y[row, column] = x[row, column] }
          }
          if writes && part.index == 0 { y[y.rows - 1, 0] = 0 }
        },
        // What the phase before has written, this one reads.
        Phase(reads: [.output: .part], writes: [.output: .part], split: .samples) {
          [writes] operands, part, _ in
          if writes { return }
          let y = operands.y
          for row in part.range { y[row, 0] += y[y.rows - 1, 1] }
        },
      ],
      inputGradient: [
        Phase(reads: [.outputGradient: .part], writes: [.inputGradient: .part], split: .samples) {
          operands, part, _ in
          for row in part.range {
            for column in 0..<operands.dX.columns {
              operands.dX[row, column] = operands.dY[row, column]
            }
          }
        }
      ])
  }
}

/// `yᵤ = Σᵢⱼ Wᵤᵢⱼ·xᵢ·xⱼ`, with weights of three axes.
private struct Bilinear: Layer {
  let units: Int

  func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    LayerPlan(
      output: [units],
      parameters: [
        Parameter("weight", shape: [units, input.count, input.count], initialValue: .glorotUniform)
      ],
      forward: [
        Phase(
          reads: [.input: .part, .parameter(0): .part], writes: [.output: .part],
          split: .outputTiles
        ) { operands, part, _ in
          let (x, weight, y) = (operands.x, operands.parameter(0), operands.y)
          let tile = part.output(y)
          for row in tile.rows {
            for unit in tile.columns {
              y[row, unit] = (0..<weight.columns).reduce(0) {
                $0 + weight[unit, $1] * x[row, $1 / x.columns] * x[row, $1 % x.columns]
              }
            }
          }
        }
      ],
      parameterGradients: [
        Phase(
          reads: [.outputGradient: .part, .input: .part], writes: [.gradient(0): .part],
          split: .units
        ) { operands, part, _ in
          let (x, dY, gradient) = (operands.x, operands.dY, operands.gradient(0))
          for unit in part.range {
            for pair in 0..<gradient.columns {
              gradient[unit, pair] = (0..<x.rows).reduce(0) {
                $0 + dY[$1, unit] * x[$1, pair / x.columns] * x[$1, pair % x.columns]
              }
            }
          }
        }
      ],
      inputGradient: [
        Phase(
          reads: [.outputGradient: .part, .input: .part, .parameter(0): .part],
          writes: [.inputGradient: .part], split: .samples
        ) { operands, part, _ in
          let (x, dY, weight) = (operands.x, operands.dY, operands.parameter(0))
          for row in part.range {
            for input in 0..<x.columns {
              var sum: Float = 0
              for unit in 0..<dY.columns {
                for other in 0..<x.columns {
                  let pairs =
                    weight[unit, input * x.columns + other]
                    + weight[unit, other * x.columns + input]
                  sum += dY[row, unit] * pairs * x[row, other]
                }
              }
              operands.dX[row, input] = sum
            }
          }
        }
      ])
  }
}

/// What a Dense layer with a bias gives, by products in double precision.
private struct DenseReferences {
  let y, dX, dW: Reference

  init(_ problem: LayerProblem) {
    let values = Products(problem) { $0 }
    let sizes = Products(problem, abs)
    func reference(
      _ product: (Products) -> TestMatrix<Double>, terms: Int
    ) -> Reference {
      let values = product(values)
      return Reference(
        rows: values.view.rows, columns: values.view.columns, values: values.elements,
        bounds: product(sizes).elements.map { Double(terms + 1) * floatRounding * $0 })
    }
    y = reference(\.y, terms: problem.inputs + 1)
    dX = reference(\.dX, terms: problem.outputs)
    dW = reference(\.dW, terms: problem.batch)
  }
}

/// The three products of a Dense layer, its data changed by a function first.
private struct Products {
  let y, dX, dW: TestMatrix<Double>

  init(_ problem: LayerProblem, _ change: (Double) -> Double) {
    let (batch, inputs, units) = (problem.batch, problem.inputs, problem.outputs)
    let x = TestMatrix(problem.x.doubles.map(change), batch, inputs)
    let dY = TestMatrix(problem.dY.doubles.map(change), batch, units)
    let weight = TestMatrix(problem.parameters[0].doubles.map(change), units, inputs)
    let biases = problem.parameters[1].doubles.map(change)
    y = TestMatrix((0..<batch).flatMap { _ in biases }, batch, units)
    dX = TestMatrix(poisoned: batch, inputs)
    dW = TestMatrix(poisoned: units, inputs)
    gemm(x.view, weight.view.transposed, into: y.view, beta: 1)
    gemm(dY.view, weight.view, into: dX.view)
    gemm(dY.view.transposed, x.view, into: dW.view)
  }
}
