import Testing
import Training

/// A layer with inputs for it, to be run forward and backward.
public struct LayerProblem: Sendable {
  /// The layer.
  public let layer: any Layer
  /// The number of samples, and the sizes of one sample's input and output.
  public let batch, inputs, outputs: Int
  /// The shape of one sample.
  public let sample: Shape
  /// Input, incoming gradient, and parameters, in row-major order.
  public var x, dY: [Float]
  /// The parameters in the layer's order.
  public var parameters: [[Float]]
  /// The shapes of the parameters as matrices.
  public let parameterShapes: [(rows: Int, columns: Int)]
  /// The seed of the data.
  public let random: Seeded

  /// Draws data for a layer: inputs in ±`limit`, none within `margin` of 0, and the rest in ±1.
  public init(
    _ layer: any Layer, batch: Int, sample: Shape, seed: UInt64, limit: Float = 2,
    margin: Float = 0.05
  ) throws {
    var random = Seeded(seed)
    let model = try Sequential(inputShape: sample, [layer])
    self.layer = layer
    self.batch = batch
    self.sample = sample
    inputs = sample.count
    outputs = model.outputShape.count
    x = random.values(batch * inputs, limit: limit, margin: margin)
    dY = random.values(batch * outputs)
    parameters = model.weights.map { random.values($0.count) }
    parameterShapes = model.weights.map {
      $0.shape.rank == 1 ? (1, $0.count) : ($0.shape[0], $0.count / max($0.shape[0], 1))
    }
    self.random = random
  }
}

/// What a layer computed.
public struct LayerResults: Equatable {
  /// Output, gradient of the input, and gradients of the parameters, in row-major order.
  public let y, dX: [Float]
  /// In the layer's order.
  public let gradients: [[Float]]
  /// What is saved but not trained, after the pass.
  public let state: [Float]

  /// Whether all bits are the same.
  public func hasSameBits(as other: LayerResults) -> Bool {
    let bits = { (results: LayerResults) in
      ([results.y, results.dX, results.state] + results.gradients).map { $0.map(\.bitPattern) }
    }
    return bits(self) == bits(other)
  }
}

/// In which order the parts of a pass are carried out, one after the other.
public enum PartOrder: Sendable {
  /// Phase by phase, part by part.
  case plain
  /// Phase by phase, the parts in a random order; all that a part may not read is NaN meanwhile.
  case phases(seed: UInt64)
  /// From wait to wait, one part through all phases before the next, in a random order; all that a
  /// part may not read is NaN meanwhile.
  case chains(seed: UInt64)
}

extension LayerProblem {
  /// Runs the layer forward and backward on buffers full of NaN.
  public func run(
    parts: Int = 1, mode: Mode = .training, step: Int = 0, randomKey: UInt64 = 0,
    order: PartOrder = .plain, sourceLocation: SourceLocation = #_sourceLocation
  ) -> LayerResults {
    // As in a team: on several threads OpenBLAS may add in another order each time.
    OpenBLAS.withSingleThread {
      PlanRun(self, parts: parts).run(
        Pass(mode: mode, samples: batch, step: step, randomKey: randomKey), order, sourceLocation)
    }
  }

  /// Expects phases that say so to scale their gradients and add them to what is there.
  private func expectScaling(
    parts: Int, mode: Mode, randomKey: UInt64, _ plain: LayerResults,
    _ sourceLocation: SourceLocation
  ) {
    OpenBLAS.withSingleThread {
      let (alpha, beta, before): (Float, Float, Float) = (-0.5, 2, 3)
      let run = PlanRun(self, parts: parts, gradient: before)
      let pass = Pass(
        mode: mode, samples: batch, step: 0, randomKey: randomKey, alpha: alpha, beta: beta)
      let results = run.run(pass, .plain, sourceLocation)
      for (place, addsScaled) in run.addsScaled.enumerated() where addsScaled {
        let isRight = zip(results.gradients[place], plain.gradients[place]).allSatisfy {
          let expected = alpha * $1 + beta * before
          return abs($0 - expected) <= 1e-5 * max(1, abs(expected))
        }
        #expect(
          isRight, "gradient \(place) scaled and added, \(layer), \(parts) parts, \(random)",
          sourceLocation: sourceLocation)
      }
    }
  }

  /// Expects a layer to touch what its plan says, and nothing else, for several numbers of parts:
  /// the same bits in whatever order parts are carried out; and to scale gradients where it says so.
  public func expectHonesty(
    parts: [Int] = [1, 2, 3, 5], mode: Mode = .training, randomKey: UInt64 = 77,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for parts in parts {
      let plain = run(parts: parts, mode: mode, randomKey: randomKey)
      expectScaling(parts: parts, mode: mode, randomKey: randomKey, plain, sourceLocation)
      for seed in UInt64(1)...3 {
        for order in [PartOrder.phases(seed: seed), .chains(seed: seed)] {
          let results = run(
            parts: parts, mode: mode, randomKey: randomKey, order: order,
            sourceLocation: sourceLocation)
          #expect(
            results.hasSameBits(as: plain), "\(layer), \(parts) parts, \(order), \(random)",
            sourceLocation: sourceLocation)
        }
      }
    }
  }
}
