import Layers
import Testing

/// A layer with inputs for it, to be run forward and backward.
public struct LayerProblem: Sendable {
  /// The layer.
  public let layer: any Layer
  /// The number of samples, and the sizes of one sample's input and output.
  public let batch, inputs, outputs: Int
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
    let declared = layer.parameters(for: sample)
    self.layer = layer
    self.batch = batch
    inputs = sample.count
    outputs = try layer.outputShape(for: sample).count
    x = random.values(batch * inputs, limit: limit, margin: margin)
    dY = random.values(batch * outputs)
    parameters = declared.map { random.values($0.shape.count) }
    parameterShapes = declared.map { ($0.shape.rank == 2 ? $0.shape[0] : 1, $0.shape.sizes.last!) }
    self.random = random
  }
}

/// What a layer computed.
public struct LayerResults {
  /// Output, gradient of the input, and gradients of the parameters, in row-major order.
  public let y, dX: [Float]
  /// In the layer's order.
  public let gradients: [[Float]]
}

extension LayerProblem {
  /// Runs all workers of a team, one after the other, on buffers full of NaN.
  /// - Parameter inPlace: whether output and input, and their gradients, share memory
  public func run(
    workers: Int = 1, inPlace: Bool = false, mode: Mode = .training, step: Int = 0,
    randomKey: UInt64 = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) -> LayerResults {
    run(
      (0..<workers).map { Worker(index: $0, of: workers) }, inPlace: inPlace, mode: mode,
      step: step, randomKey: randomKey, sourceLocation: sourceLocation)
  }

  /// Runs one worker of a team alone, so that what it does not write stays NaN.
  public func run(
    only worker: Worker, sourceLocation: SourceLocation = #_sourceLocation
  ) -> LayerResults {
    run(
      [worker], inPlace: false, mode: .training, step: 0, randomKey: 0,
      sourceLocation: sourceLocation)
  }

  private func run(
    _ workers: [Worker], inPlace: Bool, mode: Mode, step: Int, randomKey: UInt64,
    sourceLocation: SourceLocation
  ) -> LayerResults {
    let x = TestMatrix(x, batch, inputs)
    let dY = TestMatrix(dY, batch, outputs)
    let sharesMemory = inPlace || layer.storage == .shared
    let y = sharesMemory ? x : TestMatrix(poisoned: batch, outputs)
    let dX = sharesMemory ? dY : TestMatrix(poisoned: batch, inputs)
    let parameters = zip(parameters, parameterShapes).map { TestMatrix($0, $1.rows, $1.columns) }
    let gradients = parameterShapes.map { TestMatrix<Float>(poisoned: $0.rows, $0.columns) }
    let views = parameters.map(\.view)
    let passes = workers.map { Pass(mode: mode, worker: $0, step: step, randomKey: randomKey) }
    for pass in passes { layer.forward(x.view, into: y.view, parameters: views, pass: pass) }
    let output = y.elements
    for pass in passes {
      layer.parameterGradients(of: dY.view, x: x.view, into: gradients.map(\.view), pass: pass)
    }
    for pass in passes {
      layer.inputGradient(
        of: dY.view, x: x.view, y: y.view, parameters: views, into: dX.view, pass: pass)
    }
    #expect(
      (parameters + gradients + [x, y, dX, dY]).allSatisfy { $0.surroundingsAreUntouched },
      "written outside a buffer, \(random)", sourceLocation: sourceLocation)
    return LayerResults(y: output, dX: dX.elements, gradients: gradients.map(\.elements))
  }
}
