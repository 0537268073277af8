import Layers
import Testing
import TestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Layers and losses against the numbers in KerasGoldens.swift.
///
/// Here the tolerances are of the size of the numbers' own roundings; the tight bounds are those of
/// LayerTests. What Keras adds is that the formulas are the ones that people mean by these names.
@Suite("golden numbers of Keras 3")
struct GoldenTests {
  private let tolerance = 64 * floatRounding

  private func reference(_ values: [Double], columns: Int) -> Reference {
    Reference(
      rows: values.count / columns, columns: columns, values: values, relative: tolerance,
      absolute: tolerance / 4)
  }

  private func problem(_ layer: any Layer) throws -> LayerProblem {
    var problem = try LayerProblem(layer, batch: 5, sample: [4], seed: 0)
    problem.x = KerasGoldens.x
    problem.dY = KerasGoldens.dY
    return problem
  }

  @Test("Dense")
  func dense() throws {
    var problem = try problem(Dense(3))
    problem.parameters = [KerasGoldens.weight, KerasGoldens.bias]
    problem.dY = KerasGoldens.denseDY
    let results = problem.run()
    // All products and sums of these inputs are exact.
    #expect(results.y.doubles == KerasGoldens.denseY)
    #expect(results.dX.doubles == KerasGoldens.denseDX)
    #expect(results.gradients[0].doubles == KerasGoldens.denseDWeight)
    #expect(results.gradients[1].doubles == KerasGoldens.denseDBias)
  }

  @Test(
    "activations",
    arguments: [
      ("relu", ReLU()), ("leakyReLU", LeakyReLU()), ("sigmoid", Sigmoid()), ("tanh", Tanh()),
      ("softplus", Softplus()), ("gelu", GELU()), ("silu", SiLU()),
      ("softmax", Softmax()),
    ] as [(String, any Layer)])
  func activation(name: String, layer: any Layer) throws {
    let golden = try #require(KerasGoldens.activations[name])
    let results = try problem(layer).run()
    expect(results.y, matches: reference(golden.y, columns: 4), "output of \(name)")
    expect(results.dX, matches: reference(golden.dX, columns: 4), "gradient of \(name)")
  }

  /// Of images: PyTorch's numbers, and Keras's.
  @Test(
    "layers of images",
    arguments: [
      ("conv", [Conv2D(4, 3)]),
      ("convSame", [Conv2D(4, Window2D(3, stride: 2, padding: .same))]),
      ("convDilated", [Conv2D(4, Window2D(2, dilation: 2, padding: .same))]),
      ("depthwise", [DepthwiseConv2D(Window2D(3, stride: 2, padding: .same))]),
      ("maxPool", [MaxPool2D(Window2D(2, stride: 2, padding: .same))]),
      ("averagePool", [AveragePool2D(Window2D(2, stride: 2, padding: .same))]),
      ("globalAveragePool", [GlobalAveragePool2D()]),
      ("batchNorm", [BatchNorm()]),
      ("zeroPadding", [ZeroPadding2D(top: 1, left: 0, bottom: 2, right: 3)]),
      (
        "residual",
        [
          Conv2D(3, Window2D(3, padding: .same), bias: false), BatchNorm(), SiLU(),
          Conv2D(3, Window2D(3, padding: .same)),
        ]
      ),
    ] as [(String, [any Layer])])
  func images(name: String, layers: [any Layer]) throws {
    let golden = try #require(ImageGoldens.layers[name])
    var problem = try LayerProblem(
      layers.count == 1 ? layers[0] : Residual(layers), batch: 2,
      sample: Shape(ImageGoldens.shape), seed: 0)
    #expect(problem.parameters.map(\.count) == golden.parameters.map(\.count))
    (problem.x, problem.dY, problem.parameters) = (ImageGoldens.x, golden.dY, golden.parameters)
    let results = problem.run(parts: 2)
    // Sums of a hundred terms, in three layers.
    func check(_ found: [Float], _ values: [Double], _ what: Comment) {
      let largest = values.map(abs).max() ?? 0
      expect(
        found,
        matches: Reference(
          rows: 1, columns: values.count, values: values, relative: tolerance,
          absolute: 2 * tolerance * largest), what)
    }
    check(results.y, golden.y, "output of \(name)")
    check(results.dX, golden.dX, "gradient of the input of \(name)")
    #expect(results.gradients.count == golden.gradients.count)
    for (index, gradients) in zip(results.gradients, golden.gradients).enumerated() {
      check(gradients.0, gradients.1, "gradient of parameter \(index) of \(name)")
    }
  }

  private func evaluate(
    _ loss: any Loss, labels: [Int32]? = nil, targets: [Float]? = nil,
    scores: [Float] = KerasGoldens.x
  ) -> (loss: Double, gradient: [Float]) {
    let (losses, gradient) = LossProblem(
      testDescription: "", loss: loss, rows: 5, columns: 4, scores: scores, labels: labels,
      targets: targets, random: Seeded(0)
    ).evaluate(scale: 1 / 5)
    return (losses.elements.doubles.reduce(0, +) / 5, gradient.elements)
  }

  @Test(
    "losses",
    arguments: [
      "sparse", "dense", "smoothed", "binary", "binarySmoothed", "squared", "absolute", "huber",
      "huberNear",
    ])
  func loss(name: String) throws {
    let golden = try #require(KerasGoldens.losses[name])
    let labels = KerasGoldens.labels
    let (loss, gradient) =
      switch name {
      case "sparse": evaluate(.softmaxCrossEntropy, labels: labels)
      case "dense": evaluate(.softmaxCrossEntropy, targets: KerasGoldens.soft)
      case "smoothed": evaluate(.softmaxCrossEntropy(labelSmoothing: 0.25), labels: labels)
      case "binary": evaluate(.binaryCrossEntropy(), targets: KerasGoldens.bits)
      case "binarySmoothed":
        evaluate(.binaryCrossEntropy(labelSmoothing: 0.25), targets: KerasGoldens.bits)
      case "absolute":
        evaluate(.meanAbsoluteError, targets: KerasGoldens.values.map { $0 + 1 / 16 })
      case "huber": evaluate(.huber(), targets: KerasGoldens.values)
      case "huberNear": evaluate(.huber(delta: 0.375), targets: KerasGoldens.values)
      default: evaluate(.meanSquaredError, targets: KerasGoldens.values)
      }
    #expect(abs(loss - golden.loss) <= tolerance * golden.loss)
    expect(gradient, matches: reference(golden.gradient, columns: 4), "gradient")
  }

  @Test("cross-entropy of probabilities")
  func probabilities() throws {
    let golden = try #require(KerasGoldens.losses["probabilities"])
    let softmax = try #require(KerasGoldens.activations["softmax"])
    let (loss, gradient) = evaluate(
      .categoricalCrossEntropy(), labels: KerasGoldens.labels, scores: softmax.y.map(Float.init))
    #expect(abs(loss - golden.loss) <= tolerance * golden.loss)
    expect(gradient, matches: reference(golden.gradient, columns: 4), "gradient")
  }

  /// Keras 3.15.1 on JAX 0.10.2 in float64: the losses of `sigmoid(x)`, and their gradients by `x`.
  @Test("losses of what a sigmoid gives")
  func sigmoid() throws {
    let x: [Float] = [1.5, -0.5, 0.25, -2, -3, -1, 3, 2.5, -4, 0, 0, 0]
    let y = x.map { 1 / (1 + exp(-Double($0))) }
    // SparseCategoricalCrossentropy()
    let classes = LossProblem(
      testDescription: "", loss: .categoricalCrossEntropy(), rows: 4, columns: 3,
      scores: y.map(Float.init), labels: [0, 2, 1, 1], targets: nil,
      random: Seeded(0)
    ).evaluate(scale: 1 / 4)
    #expect(abs(classes.losses.elements.doubles.reduce(0, +) / 4 - 0.7659782910190494) < 1e-6)
    expect(
      zip(classes.gradient.elements, y).map { Float(Double($0) * $1 * (1 - $1)) },
      matches: reference(
        [
          -0.024388153968576052, 0.0334326565474899, 0.035016111769921886, 0.060262146841891774,
          0.02592960790954648, -0.06991720596558755, 0.005960918391533269, -0.009714579740999055,
          0.002330538621894048, 0.041666666666666664, -0.08333333333333334, 0.041666666666666664,
        ], columns: 3), "classes")
    // BinaryCrossentropy()
    let bits = LossProblem(
      testDescription: "", loss: .binaryCrossEntropy(), rows: 4, columns: 3, scores: x, labels: nil,
      targets: [1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0], random: Seeded(0)
    ).evaluate(scale: 1 / 4)
    #expect(abs(bits.losses.elements.doubles.reduce(0, +) / 4 - 0.41377294436097145) < 1e-6)
    expect(
      bits.gradient.elements,
      matches: reference(
        [
          -0.015202127436921719, 0.03146172333747785, -0.03648529268019658, 0.009933577131220122,
          0.003952156215913995, -0.0609215500347707, -0.003952156215913983, -0.006321515190166115,
          0.0014988508748435322, 0.0416666679084301, -0.0416666679084301, 0.0416666679084301,
        ], columns: 3), "yes or no")
  }
}
