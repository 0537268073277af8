import Layers
import Testing
import TestSupport

/// A layer with its function in double precision, and the bounds that its arithmetic allows.
private struct LayerCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let layer: any Layer
  let function: LayerFunction
  let bounds: LayerBounds

  /// The activations.
  ///
  /// e^x is good to three roundings, and each operation adds one; a derivative taken from y doubles
  /// y's error.
  static let activations = [
    LayerCase(
      testDescription: "ReLU", layer: ReLU(), function: LayerFunctions.relu,
      bounds: LayerBounds(forward: 0, backward: 1)),
    // The slope 0.3 is rounded before it multiplies.
    LayerCase(
      testDescription: "LeakyReLU", layer: LeakyReLU(), function: LayerFunctions.leakyReLU,
      bounds: LayerBounds(forward: 2, backward: 2)),
    LayerCase(
      testDescription: "Sigmoid", layer: Sigmoid(), function: LayerFunctions.sigmoid,
      bounds: LayerBounds(forward: 6, backward: 10, cancellation: 2)),
    LayerCase(
      testDescription: "Tanh", layer: Tanh(), function: LayerFunctions.tanh,
      bounds: LayerBounds(forward: 6, backward: 4, cancellation: 12)),
    LayerCase(
      testDescription: "Softplus", layer: Softplus(), function: LayerFunctions.softplus,
      bounds: LayerBounds(forward: 4, backward: 6)),
    LayerCase(
      testDescription: "GELU", layer: GELU(), function: LayerFunctions.gelu,
      bounds: LayerBounds(forward: 12, backward: 10, cancellation: 4)),
    LayerCase(
      testDescription: "SiLU", layer: SiLU(), function: LayerFunctions.silu,
      bounds: LayerBounds(forward: 8, backward: 10, cancellation: 4)),
    LayerCase(
      testDescription: "Flatten", layer: Flatten(), function: LayerFunctions.identity,
      bounds: LayerBounds(forward: 0, backward: 0)),
  ]
}

@Suite("layers against their formulas and central differences, in double precision")
struct LayerTests {
  @Test(
    "Dense, with and without bias",
    arguments: [
      (1, 1, 1), (4, 5, 3), (1, 7, 2), (6, 1, 4), (3, 2, 1), (9, 17, 20), (2, 40, 70),
    ], [true, false])
  func dense(sizes: (batch: Int, inputs: Int, units: Int), bias: Bool) throws {
    let problem = try LayerProblem(
      Dense(sizes.units, bias: bias), batch: sizes.batch, sample: [sizes.inputs], seed: 201)
    // A sum of k products rounds k times; sums over inputs, over units and over samples.
    let terms = Double(max(sizes.batch, sizes.inputs, sizes.units) + 2)
    problem.check(
      problem.run(), against: LayerFunctions.dense(units: sizes.units),
      LayerBounds(forward: terms, backward: terms, isSum: true))
  }

  @Test("activations, apart and in place", arguments: LayerCase.activations)
  private func activation(layerCase: LayerCase) throws {
    for (batch, sample) in [(1, [1]), (5, [7]), (3, [2, 3, 4]), (2, [64])] as [(Int, Shape)] {
      let problem = try LayerProblem(
        layerCase.layer, batch: batch, sample: sample, seed: 202, limit: 4)
      // One part runs in place where the layer allows it, several do not.
      for parts in 1...2 {
        problem.check(problem.run(parts: parts), against: layerCase.function, layerCase.bounds)
      }
    }
  }

  @Test("Softmax", arguments: [(1, 1), (1, 5), (4, 3), (3, 10), (2, 50)])
  func softmax(batch: Int, classes: Int) throws {
    let problem = try LayerProblem(
      Softmax(), batch: batch, sample: [classes], seed: 203, limit: 3)
    // Differences to the maximum reach 6, which e^ feels as so many roundings.
    let terms = Double(classes) + 6 + 2 * 6
    problem.check(
      problem.run(), against: LayerFunctions.softmax,
      LayerBounds(forward: terms, backward: 2 * terms, cancellation: Double(classes)))
  }

  @Test("Dropout in training", arguments: [0, 0.25, 0.5, 0.9] as [Float], [1, 4])
  func dropout(rate: Float, batch: Int) throws {
    let problem = try LayerProblem(Dropout(rate), batch: batch, sample: [30], seed: 204)
    let key: UInt64 = 0x0123_4567_89ab_cdef
    for parts in 1...2 {
      problem.check(
        problem.run(parts: parts, randomKey: key),
        against: LayerFunctions.dropout(rate: rate, key: key),
        LayerBounds(forward: 2, backward: 2))
    }
  }

  @Test("Dropout in inference passes on what it gets")
  func dropoutInInference() throws {
    let problem = try LayerProblem(Dropout(0.5), batch: 3, sample: [20], seed: 205)
    for parts in 1...2 {
      expect(
        problem.run(parts: parts, mode: .inference, randomKey: 9).y, sameBitsAs: problem.x,
        "\(problem.random)")
    }
  }

  @Test("Dropout drops other elements in another step, under another key, in another sample")
  func dropoutVaries() throws {
    var problem = try LayerProblem(Dropout(0.5), batch: 2, sample: [64], seed: 206)
    problem.x = Array(repeating: 1, count: 128)
    let first = problem.run(step: 3, randomKey: 9).y
    #expect(problem.run(step: 3, randomKey: 9).y == first)
    #expect(problem.run(step: 4, randomKey: 9).y != first)
    #expect(problem.run(step: 3, randomKey: 10).y != first)
    #expect(first[..<64] != first[64...])
    let results = problem.run(step: 3, randomKey: 9)
    for index in first.indices {
      #expect((results.dX[index] == 0) == (first[index] == 0), "backward drops the same elements")
    }
  }

  @Test("ReLU at 0 has the derivative 0, and forward keeps NaN")
  func reluAtKink() throws {
    var problem = try LayerProblem(ReLU(), batch: 1, sample: [4], seed: 207)
    problem.x = [0, -0.0, .nan, .infinity]
    problem.dY = [1, 1, 1, 1]
    let results = problem.run()
    #expect(results.y[0] == 0 && results.y[1] == 0)
    #expect(results.y[2].isNaN && results.y[3] == .infinity)
    #expect(results.dX[0] == 0 && results.dX[1] == 0 && results.dX[3] == 1)
  }

  @Test("LayerNorm", arguments: [(1, [2]), (4, [5]), (3, [2, 7])] as [(Int, Shape)])
  func layerNorm(batch: Int, sample: Shape) throws {
    let problem = try LayerProblem(LayerNorm(), batch: batch, sample: sample, seed: 209)
    for parts in [1, 2, 5] {
      problem.check(
        problem.run(parts: parts),
        against: LayerFunctions.layerNorm(features: sample.sizes.last ?? 0, epsilon: 1e-3),
        LayerBounds(forward: 8, backward: 40, cancellation: 80, forwardCancellation: 8))
    }
  }

  @Test("BatchNorm in training", arguments: [(2, 3), (6, 1), (9, 20), (5, 140)])
  func batchNorm(batch: Int, features: Int) throws {
    let problem = try LayerProblem(BatchNorm(), batch: batch, sample: [features], seed: 210)
    for parts in [1, 2, 3] {
      problem.check(
        problem.run(parts: parts), against: LayerFunctions.batchNorm(epsilon: 1e-3),
        LayerBounds(forward: 8, backward: 60, cancellation: 120, forwardCancellation: 8))
    }
  }

  @Test("BatchNorm moves its running values, and uses them in inference")
  func runningValues() throws {
    var problem = try LayerProblem(
      BatchNorm(momentum: 0.75, epsilon: 1e-3), batch: 2, sample: [1], seed: 211)
    problem.x = [1, 5]
    problem.parameters = [[2], [0.5]]
    // Mean 3 and variance 4, each a quarter of the way from 0 and 1.
    #expect(problem.run().state.filter { $0 != 0 } == [0.75, 1.75])
    let y = problem.run(mode: .inference).y
    for (y, x) in zip(y, problem.x) {
      #expect(abs(y - (2 * x / (1 + 1e-3 as Float).squareRoot() + 0.5)) < 1e-5)
    }
  }

  @Test("Residual adds its input, forward and backward")
  func residual() throws {
    let inner = try LayerProblem(Dense(6), batch: 5, sample: [6], seed: 212)
    for layers in [[Dense(6)], [Dense(6), ReLU()], [Tanh(), Dense(6)]] as [[any Layer]] {
      var problem = try LayerProblem(Residual(layers), batch: 5, sample: [6], seed: 212)
      problem.parameters = inner.parameters
      let dense = LayerFunctions.dense(units: 6)
      for parts in 1...3 {
        problem.check(
          problem.run(parts: parts),
          against: { x, batch, parameters in
            var y = x
            for layer in layers {
              switch layer {
              case is Dense: y = dense(y, batch, parameters)
              case is Tanh: y = LayerFunctions.tanh(y, batch, parameters)
              default: y = LayerFunctions.relu(y, batch, parameters)
              }
            }
            return zip(x, y).map(+)
          }, LayerBounds(forward: 60, backward: 40, cancellation: 12))
      }
    }
  }
}
