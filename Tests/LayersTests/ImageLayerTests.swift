import Layers
import Testing
import TestSupport
import Training

/// Images of one place, of one channel, of more channels than a chunk of a kernel, and batches around a
/// block.
private let images: [(batch: Int, sample: [Int])] = [
  (2, [1, 1, 1]), (1, [3, 2, 2]), (15, [2, 3, 1]), (16, [4, 5]), (17, [3, 1, 9]), (33, [2, 2, 3]),
]

@Suite("layers of images but convolutions, in double precision")
struct ImageLayerTests {
  private func places(_ sample: [Int]) -> Int { sample[0] * sample[1] }

  @Test("BatchNorm of images in training", arguments: images)
  func batchNorm(batch: Int, sample: [Int]) throws {
    let problem = try LayerProblem(BatchNorm(), batch: batch, sample: Shape(sample), seed: 231)
    let values = Double(batch * places(sample))
    for parts in [1, 2, 3] {
      problem.check(
        problem.run(parts: parts),
        against: LayerFunctions.batchNorm(epsilon: 1e-3, places: places(sample)),
        LayerBounds(
          forward: 8, backward: 60 + values, cancellation: 120 + values, forwardCancellation: 12))
    }
    problem.expectHonesty(parts: [1, 2, 3])
    problem.expectHonesty(parts: [2], mode: .inference)
  }

  /// The lanes of a block that have no sample count for nothing.
  @Test("BatchNorm of images moves its running values, and uses them in inference")
  func runningValues() throws {
    var problem = try LayerProblem(
      BatchNorm(momentum: 0.75, epsilon: 1e-3), batch: 2, sample: [2, 1, 2], seed: 232)
    // Two channels of two places: means 3 and −1, variances 4 and 1.
    problem.x = [1, 0, 5, -2, 5, 0, 1, -2]
    problem.parameters = [[2, 1], [0.5, 0]]
    for parts in [1, 2] {
      let state = problem.run(parts: parts).state.filter { $0 != 0 }
      #expect(state == [0.75, -0.25, 1.75, 1])
    }
    let y = problem.run(mode: .inference).y
    for index in y.indices {
      let (factor, offset): (Float, Float) = index % 2 == 0 ? (2, 0.5) : (1, 0)
      let expected = factor * problem.x[index] / (1 + 1e-3 as Float).squareRoot() + offset
      #expect(abs(y[index] - expected) < 1e-5)
    }
  }

  /// What little a variance is stays where the mean is large.
  @Test("BatchNorm of images far from 0")
  func farFromZero() throws {
    var problem = try LayerProblem(
      BatchNorm(epsilon: 1e-9), batch: 40, sample: [3, 3, 1], seed: 233)
    problem.x = problem.x.map { 4096 + ($0 * 8).rounded() / 8 }
    problem.parameters = [[1], [0]]
    for parts in [1, 3] {
      let y = problem.run(parts: parts).y.doubles
      let mean = y.reduce(0, +) / Double(y.count)
      let variance = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(y.count)
      #expect(abs(mean) < 1e-3 && abs(variance - 1) < 1e-4, "\(parts) parts: \(mean), \(variance)")
    }
  }

  @Test("DepthwiseConv2D, with and without bias", arguments: WindowCase.all, [true, false])
  func depthwise(windowCase: WindowCase, bias: Bool) throws {
    let problem = try LayerProblem(
      DepthwiseConv2D(windowCase.window, bias: bias), batch: windowCase.batch,
      sample: windowCase.sample, seed: 235)
    let terms = Double(problem.batch * max(problem.inputs, problem.outputs) + 2)
    for parts in [1, 2, 3] {
      problem.check(
        problem.run(parts: parts),
        against: LayerFunctions.depthwiseConv2D(windowCase.sample, windowCase.window),
        LayerBounds(forward: terms, backward: terms, isSum: true))
    }
    problem.expectHonesty(parts: [1, 2])
  }

  @Test("ZeroPadding2D", arguments: images, [(0, 0, 0, 0), (1, 1, 1, 1), (2, 0, 1, 3)])
  func zeroPadding(
    image: (batch: Int, sample: [Int]), sizes: (top: Int, left: Int, bottom: Int, right: Int)
  ) throws {
    let layer = ZeroPadding2D(
      top: sizes.top, left: sizes.left, bottom: sizes.bottom, right: sizes.right)
    let sample = Shape(image.sample)
    let problem = try LayerProblem(layer, batch: image.batch, sample: sample, seed: 236)
    for parts in [1, 2] {
      problem.check(
        problem.run(parts: parts), against: LayerFunctions.zeroPadding(sample, layer),
        LayerBounds(forward: 0, backward: 0))
    }
    problem.expectHonesty(parts: [1, 2])
  }

  /// He et al.'s blocks, with and without normalisation between, and one made of a depthwise convolution.
  @Test("residual blocks of convolutions", arguments: [1, 2, 15, 16, 17])
  func residual(batch: Int) throws {
    let sample: Shape = [4, 3, 2]
    let window = Window2D(3, padding: .same)
    let conv = (LayerFunctions.conv2D(sample, 2, window), 2)
    let tanh = (LayerFunctions.tanh, 0)
    let norm = (LayerFunctions.batchNorm(epsilon: 1e-3, places: 12), 2)
    let depthwise = (LayerFunctions.depthwiseConv2D(sample, window), 2)
    for (layers, functions) in [
      ([Conv2D(2, window), Tanh(), Conv2D(2, window)], [conv, tanh, conv]),
      ([Conv2D(2, window), BatchNorm(), Tanh(), Conv2D(2, window)], [conv, norm, tanh, conv]),
      ([DepthwiseConv2D(window), Tanh(), Conv2D(2, window)], [depthwise, tanh, conv]),
    ] as [([any Layer], [(LayerFunction, Int)])] {
      let problem = try LayerProblem(Residual(layers), batch: batch, sample: sample, seed: 237)
      let inner = LayerFunctions.chain(functions)
      // Each product sums up to 18 terms of up to 1, and gradients of parameters over all places.
      let terms = Double(40 + 12 * batch)
      for parts in [1, 2, 3] {
        problem.check(
          problem.run(parts: parts),
          against: { x, batch, parameters in zip(x, inner(x, batch, parameters)).map(+) },
          LayerBounds(
            forward: 40, backward: terms, cancellation: 10 * terms, forwardCancellation: 60))
      }
      problem.expectHonesty(parts: [1, 2])
    }
  }

  /// An element has its random number whatever the layout.
  @Test("Dropout drops the same elements in lanes as in rows", arguments: [1, 15, 16, 17, 40])
  func dropout(batch: Int) throws {
    let rows = try LayerProblem(Dropout(0.4), batch: batch, sample: [3, 2, 2], seed: 234)
    // A pool of windows of one place does nothing, in lanes.
    var lanes = try LayerProblem(
      Residual([MaxPool2D(1), Dropout(0.4)]), batch: batch, sample: [3, 2, 2], seed: 234)
    (lanes.x, lanes.dY) = (rows.x, rows.dY)
    for parts in [1, 2] {
      let expected = rows.run(parts: parts)
      let found = lanes.run(parts: parts)
      expect(found.y, sameBitsAs: zip(rows.x, expected.y).map(+), "output, \(parts) parts")
      expect(found.dX, sameBitsAs: zip(rows.dY, expected.dX).map(+), "gradient, \(parts) parts")
    }
  }
}
