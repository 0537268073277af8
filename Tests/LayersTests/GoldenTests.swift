import Layers
import Testing
import TestSupport

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
      ("softplus", Softplus()), ("gelu", GELU()), ("softmax", Softmax()),
    ] as [(String, any Layer)])
  func activation(name: String, layer: any Layer) throws {
    let golden = try #require(KerasGoldens.activations[name])
    let results = try problem(layer).run()
    expect(results.y, matches: reference(golden.y, columns: 4), "output of \(name)")
    expect(results.dX, matches: reference(golden.dX, columns: 4), "gradient of \(name)")
  }

  private func evaluate(
    _ loss: Loss, labels: [Int32]? = nil, targets: [Float]? = nil, weights: [Float]? = nil,
    scores: [Float] = KerasGoldens.x
  ) -> (loss: Double, gradient: [Float]) {
    let (losses, gradient) = LossProblem(
      testDescription: "", loss: loss, rows: 5, columns: 4, scores: scores, labels: labels,
      targets: targets, weights: weights, random: Seeded(0)
    ).evaluate(scale: 1 / 5)
    return (losses.elements.doubles.reduce(0, +) / 5, gradient.elements)
  }

  @Test(
    "losses",
    arguments: [
      "sparse", "dense", "smoothed", "weighted", "binary", "binarySmoothed", "squared",
    ])
  func loss(name: String) throws {
    let golden = try #require(KerasGoldens.losses[name])
    let labels = KerasGoldens.labels
    let weights = labels.map { KerasGoldens.classWeights[Int($0)] }
    let (loss, gradient) =
      switch name {
      case "sparse": evaluate(.softmaxCrossEntropy, labels: labels)
      case "dense": evaluate(.softmaxCrossEntropy, targets: KerasGoldens.soft)
      case "smoothed": evaluate(.softmaxCrossEntropy(labelSmoothing: 0.25), labels: labels)
      case "weighted": evaluate(.softmaxCrossEntropy, labels: labels, weights: weights)
      case "binary": evaluate(.binaryCrossEntropy(), targets: KerasGoldens.bits)
      case "binarySmoothed":
        evaluate(.binaryCrossEntropy(labelSmoothing: 0.25), targets: KerasGoldens.bits)
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
    // Keras divides the probabilities by their sum, which is 1 but has a derivative: it adds 1 to
    // that of each sample's loss.
    expect(
      gradient, matches: reference(golden.gradient.map { $0 - 1 / 5.0 }, columns: 4), "gradient")
  }
}
