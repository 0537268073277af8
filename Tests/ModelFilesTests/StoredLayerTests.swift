import FileTestSupport
import ModelFiles
import TestSupport
import Testing
import Training

/// Layers with what is not trained, layers made of layers, and a user's own: trained, saved, loaded,
/// and gone on with.
@Suite struct StoredLayerTests {
  private static let layers: [any Layer] = [
    Dense(12), BatchNorm(momentum: 0.75), Softsign(),
    Residual([LayerNorm(), Dense(12), Dropout(0.25), Residual([Tanh(), Dense(12)])]),
    Dense(3), Softmax(),
  ]

  private func model(_ layers: [any Layer] = layers) throws -> Sequential {
    let model = try Sequential(inputShape: [5], layers, seed: 11)
    model.threads = 2
    model.fixedParts = 2
    model.compile(optimizer: .adam(learningRate: 0.01), loss: .softmaxCrossEntropy)
    return model
  }

  /// Samples around three centres, the second and the third column on another scale.
  private func data() -> (samples: Tensor, labels: [Int]) {
    var random = Seeded(21)
    let labels = (0..<90).map { $0 % 3 }
    let noise = random.values(90 * 5)
    let elements = noise.indices.map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: 5)
      let scale: Float = column == 1 || column == 2 ? 20 : 1
      return scale * (noise[index] + Float((labels[row] + column) % 3))
    }
    return (Tensor(elements, shape: [90, 5]), labels)
  }

  @Test func theyLearnAndAreSavedAndLoaded() throws {
    ModelFile.register(Softsign.self)
    let folder = try TemporaryFolder()
    let (samples, labels) = data()
    let model = try model()
    let history = try model.fit(samples, labels, epochs: 30, batchSize: 16)
    #expect(history.loss[29] < 0.3 * history.loss[0], "\(history.loss)")
    #expect(
      model.nonTrainableWeightNames == ["layers.1.running_mean", "layers.1.running_variance"])
    #expect(model.nonTrainableWeights[0].elements.contains { $0 != 0 })
    #expect(model.weightNames.contains("layers.3.3.1.weight"))
    try ModelFile(model, classNames: ["a", "b", "c"]).write(to: folder["model.safetensors"])
    let loaded = try ModelFile(contentsOf: folder["model.safetensors"]).model
    #expect(loaded.layers.map { "\(type(of: $0))" } == Self.layers.map { "\(type(of: $0))" })
    expect(
      try loaded.predict(samples).elements, sameBitsAs: try model.predict(samples).elements,
      "predictions")
  }

  /// What is not trained goes on too; and other threads carry out the same parts.
  @Test func aRunThatRestsGoesOnToTheSameBytes() throws {
    let (samples, labels) = data()
    let whole = try model()
    try whole.fit(samples, labels, epochs: 4, batchSize: 16)
    let rest = Rest(after: 9)
    let begun = try model()
    #expect(throws: CancellationError.self) {
      try begun.fit(samples, labels, epochs: 4, batchSize: 16, callbacks: [rest])
    }
    let folder = try TemporaryFolder()
    try Checkpoint(try #require(rest.state)).write(to: folder["checkpoint.maru"])
    let resumed = try model()
    resumed.fixedParts = nil
    resumed.threads = 1
    try resumed.fit(
      samples, labels, epochs: 4, batchSize: 16,
      resuming: try Checkpoint(contentsOf: folder["checkpoint.maru"]).state)
    let arrays = { (model: Sequential) in model.weights + model.nonTrainableWeights }
    for (a, b) in zip(arrays(resumed), arrays(whole)) {
      expect(a.elements, sameBitsAs: b.elements, "an array of the model")
    }
  }

  @Test func inferenceUsesTheRunningValues() throws {
    let (samples, labels) = data()
    let model = try model([BatchNorm(), Dense(3), Softmax()])
    try model.fit(samples, labels, epochs: 3, batchSize: 16)
    let all = try model.predict(samples)
    let alone = try model.predict(samples[rows: 4..<5])
    // A product of other sizes may be rounded in another way.
    for (a, b) in zip(alone.elements, all[rows: 4..<5].elements) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func fullBatchesRefuseWhatCouplesSamples() throws {
    let (samples, labels) = data()
    let model = try Sequential(inputShape: [5], [BatchNorm(), Dense(3), Softmax()])
    model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    #expect(
      throws: ModelError(
        "layer 0: BatchNorm changes the loss from pass to pass, and L-BFGS expects one that stays")
    ) { try model.fit(samples, labels, epochs: 1) }
  }
}

/// `y = x / (1 + |x|)`
private struct Softsign: ElementwiseLayer, StoredLayer {
  static let storedName = "softsign"

  init() {}
  init(settings: [String: LayerSetting]) { self.init() }

  func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    for index in 0..<count { y[index] = x[index] / (1 + abs(x[index])) }
  }

  func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    for index in 0..<count { dX[index] = dY[index] * (1 - abs(y[index])) * (1 - abs(y[index])) }
  }
}

/// Ends training after some steps, and keeps its state.
private final class Rest: Callback {
  private let last: Int
  private var steps = 0
  private(set) var state: TrainingState?

  init(after steps: Int) { last = steps }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    steps += 1
    return steps == last ? .pause : .proceed
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    self.state = state
    throw CancellationError()
  }
}
