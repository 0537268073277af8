import Testing
import Training

/// One step of plain gradient descent with rate 1 changes the parameters by minus the gradient.
@Suite struct GradientTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let name: String
    var sizes = [4, 6, 5, 3]
    var activation = Reference.Activation.tanh
    var l2: Float = 0
    var smoothing: Float = 0
    var classWeights: [Float]?
    var givesRows = false

    var testDescription: String { name }
  }

  static let settings = [
    Setting(name: "tanh"),
    Setting(name: "ReLU", activation: .relu),
    Setting(name: "linear", sizes: [4, 3]),
    Setting(name: "penalty", activation: .relu, l2: 0.25),
    Setting(name: "label smoothing", smoothing: 0.3),
    Setting(name: "class weights", classWeights: [0.25, 1, 2]),
    Setting(name: "rows as targets", smoothing: 0.1, classWeights: [2, 0.5, 1], givesRows: true),
    Setting(
      name: "everything", activation: .relu, l2: 0.125, smoothing: 0.2, classWeights: [0.5, 2, 1]),
  ]

  @Test(arguments: settings, [1, 3])
  func aStepIsMinusTheGradient(_ setting: Setting, threads: Int) throws {
    let reference = Reference(
      sizes: setting.sizes, activation: setting.activation, l2: Double(setting.l2),
      smoothing: Double(setting.smoothing), classWeights: setting.classWeights?.map { Double($0) })
    let (seed, samples, model) = try problem(setting, reference)
    model.threads = threads
    model.fixedParts = threads
    let labels = (0..<7).map { ($0 * 5 + 1) % 3 }
    model.compile(
      optimizer: .sgd(learningRate: 1.0),
      loss: .softmaxCrossEntropy(labelSmoothing: setting.smoothing),
      classWeights: setting.classWeights)

    let before = model.flatWeights.map { Double($0) }
    let rows = Problem.matrix(7, 3) { labels[$0] == $1 ? 8 : 0 }
    let history = try model.fit(
      samples, setting.givesRows ? .values(rows) : .classes(labels), batchSize: 7)
    let changes = zip(before, model.flatWeights).map { $0 - Double($1) }

    let inputs = doubles(samples)
    let expected = reference.gradient(before, inputs, labels)
    // A weight below 2 is stored to 2⁻²⁴, and so is each of the few terms that make a gradient.
    expectClose(changes, expected, within: 1e-6, "seed \(seed)")
    #expect(expected.contains { abs($0) > 0.05 })
    let loss = reference.loss(before, inputs, labels).loss
    expectClose(history.loss, [loss], within: 1e-6 * max(1, loss), "seed \(seed)")
  }

  @Test func aStepOfTheWholeBatchIsTheMeanOfItsParts() throws {
    // The mean over a last, shorter batch is over its own samples: its step is as long as if the
    // batch stood alone.
    let (samples, labels) = (Problem.samples, Problem.labels)
    let together = try Problem.model()
    together.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
    try together.fit(
      samples[rows: 0..<11], Array(labels[..<11]), batchSize: 8, shuffle: false)

    let apart = try Problem.model()
    apart.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
    try apart.fit(samples[rows: 0..<8], Array(labels[..<8]), batchSize: 8, shuffle: false)
    try apart.fit(samples[rows: 8..<11], Array(labels[8..<11]), batchSize: 3, shuffle: false)
    #expect(firstDifference(together.flatWeights, apart.flatWeights) == nil)
  }

  /// A model and samples for which no unit lies near a kink, with the seed that gave them.
  private func problem(_ setting: Setting, _ reference: Reference) throws -> (
    UInt64, Tensor, Sequential
  ) {
    for seed in UInt64(1)... {
      let samples = randomSamples([7, 4], seed: seed)
      var layers: [any Layer] = []
      for units in setting.sizes.dropFirst() {
        if !layers.isEmpty { layers.append(setting.activation == .relu ? ReLU() : Tanh()) }
        layers.append(Dense(units, biasInitializer: .constant(0.125), l2: setting.l2))
      }
      let model = try Sequential(inputShape: [4], layers, seed: seed)
      let parameters = model.flatWeights.map { Double($0) }
      let anyLabels = [Int](repeating: 0, count: 7)
      let margin = reference.loss(parameters, doubles(samples), anyLabels).margin
      if margin > 1e-3 { return (seed, samples, model) }
    }
    fatalError("there are more seeds than that")
  }

  private func doubles(_ samples: Tensor) -> [[Double]] {
    (0..<samples.shape[0]).map { samples[rows: $0..<$0 + 1].elements.map { Double($0) } }
  }
}
