import Layers
import Testing
import TestSupport

/// A window over images, by sizes that windows of all kinds and edges have.
struct WindowCase: CustomTestStringConvertible, Sendable {
  let input: [Int]
  let filters: Int
  let window: Window2D
  var batch = 3

  var testDescription: String { "\(filters) filters, \(window), \(batch) images \(input)" }
  var sample: Shape { Shape(input) }

  static let all = [
    WindowCase(input: [1, 1, 1], filters: 1, window: 1),
    WindowCase(input: [1, 1, 3], filters: 2, window: Window2D(3, padding: .same)),
    WindowCase(input: [5, 5, 2], filters: 3, window: 5),
    WindowCase(input: [6, 7, 1], filters: 7, window: 3, batch: 1),
    WindowCase(input: [4, 5, 2], filters: 6, window: Window2D(3, padding: .same), batch: 17),
    WindowCase(input: [8, 6, 2], filters: 4, window: Window2D(3, stride: 2, padding: .same)),
    WindowCase(input: [7, 8, 2], filters: 5, window: Window2D(2, 3, stride: 3)),
    WindowCase(input: [9, 9, 2], filters: 13, window: Window2D(3, dilation: 2)),
    WindowCase(
      input: [8, 7, 2], filters: 2, window: Window2D(3, 2, stride: 2, dilation: 3, padding: .same)),
    WindowCase(input: [3, 4, 2], filters: 2, window: Window2D(2, stride: 5)),
    WindowCase(input: [4, 12], filters: 2, window: Window2D(2, 4), batch: 33),
    WindowCase(input: [3, 3, 5], filters: 1, window: Window2D(3, padding: .same), batch: 15),
    WindowCase(
      input: [2, 5, 4], filters: 8, window: Window2D(2, stride: 4, padding: .same), batch: 16),
  ]

  /// Pools have no dilation.
  static let pools = all.filter { $0.window.dilation == 1 }
}

@Suite("convolutions and pools against their formulas and central differences, in double precision")
struct ConvolutionTests {
  @Test("Conv2D, with and without bias", arguments: WindowCase.all, [true, false])
  private func convolution(windowCase: WindowCase, bias: Bool) throws {
    let problem = try LayerProblem(
      Conv2D(windowCase.filters, windowCase.window, bias: bias), batch: windowCase.batch,
      sample: windowCase.sample, seed: 221)
    let function = LayerFunctions.conv2D(
      windowCase.sample, windowCase.filters, windowCase.window)
    // A sum rounds once for each term: of a window, of the windows of a place, of all places.
    let terms = Double(problem.batch * max(problem.inputs, problem.outputs) + 2)
    for parts in [1, 2, 3] {
      problem.check(
        problem.run(parts: parts), against: function,
        LayerBounds(forward: terms, backward: terms, isSum: true))
    }
  }

  @Test("MaxPool2D", arguments: WindowCase.pools)
  private func maxPool(windowCase: WindowCase) throws {
    let problem = try LayerProblem(
      MaxPool2D(windowCase.window), batch: windowCase.batch, sample: windowCase.sample, seed: 222)
    for parts in [1, 2] {
      problem.check(
        problem.run(parts: parts),
        against: LayerFunctions.pool(windowCase.sample, windowCase.window) { $0.max() ?? .nan },
        LayerBounds(forward: 0, backward: 9))
    }
  }

  @Test("AveragePool2D", arguments: WindowCase.pools)
  private func averagePool(windowCase: WindowCase) throws {
    let problem = try LayerProblem(
      AveragePool2D(windowCase.window), batch: windowCase.batch, sample: windowCase.sample,
      seed: 223)
    for parts in [1, 2] {
      problem.check(
        problem.run(parts: parts),
        against: LayerFunctions.pool(windowCase.sample, windowCase.window) {
          $0.reduce(0, +) / Double($0.count)
        }, LayerBounds(forward: 30, backward: 30, isSum: true))
    }
  }

  @Test("GlobalAveragePool2D", arguments: [[1, 1, 1], [3, 5, 2], [4, 4, 7]])
  func globalAveragePool(sample: [Int]) throws {
    let problem = try LayerProblem(
      GlobalAveragePool2D(), batch: 18, sample: Shape(sample), seed: 224)
    #expect(try GlobalAveragePool2D().outputShape(for: Shape(sample)) == [sample[2]])
    problem.check(
      problem.run(parts: 2),
      against: LayerFunctions.pool(Shape(sample), Window2D(sample[0], sample[1])) {
        $0.reduce(0, +) / Double($0.count)
      }, LayerBounds(forward: 40, backward: 4, isSum: true))
  }

  @Test("a pool keeps NaN, and gives the gradient of equal values to the first")
  func equalValues() throws {
    var problem = try LayerProblem(MaxPool2D(2), batch: 1, sample: [2, 4, 1], seed: 225)
    problem.x = [1, 3, 2, .nan, 3, 3, 0, 1]
    problem.dY = [5, 7]
    let results = problem.run()
    #expect(results.y[0] == 3 && results.y[1].isNaN)
    #expect(Array(results.dX[..<2]) == [0, 5] && Array(results.dX[4..<6]) == [0, 0])
  }

  @Test("any number of parts gives the same outputs and gradients of the input, bit by bit")
  func parts() throws {
    for layer in [Conv2D(5, 3), MaxPool2D(2), AveragePool2D(2)] as [any Layer] {
      let problem = try LayerProblem(layer, batch: 50, sample: [6, 5, 2], seed: 226)
      let alone = problem.run()
      for parts in [2, 3, 8] {
        let together = problem.run(parts: parts)
        expect(together.y, sameBitsAs: alone.y, "output, \(parts) parts, \(problem.random)")
        expect(together.dX, sameBitsAs: alone.dX, "gradient, \(parts) parts, \(problem.random)")
      }
    }
  }

  @Test("layers in lanes touch what they say, in whatever order their parts are carried out")
  func honesty() throws {
    for windowCase in WindowCase.all where windowCase.window.stride < 4 {
      let (sample, window) = (windowCase.sample, windowCase.window)
      for layer in [
        Conv2D(windowCase.filters, window), Residual([Conv2D(sample.sizes.last ?? 1, 1), ReLU()]),
      ] as [any Layer] {
        if layer is Residual && sample.rank == 2 { continue }
        try LayerProblem(layer, batch: windowCase.batch, sample: sample, seed: 227)
          .expectHonesty(parts: [1, 2, 3])
      }
      if window.dilation > 1 { continue }
      for layer in [MaxPool2D(window), AveragePool2D(window)] as [any Layer] {
        try LayerProblem(layer, batch: windowCase.batch, sample: sample, seed: 228)
          .expectHonesty(parts: [1, 2])
      }
    }
  }

  @Test("chains that change between rows and lanes")
  func chains() throws {
    let layers: [any Layer] = [
      Tanh(), Conv2D(3, Window2D(3, padding: .same)), LayerNorm(),
      Conv2D(2, Window2D(2, padding: .same)), ReLU(),
      Residual([Conv2D(2, 1), Dropout(0.3), Residual([LayerNorm()])]),
    ]
    for batch in [2, 20, 40] {
      try LayerProblem(Residual(layers), batch: batch, sample: [4, 3, 2], seed: 229)
        .expectHonesty(parts: [1, 2, 3])
    }
  }
}
