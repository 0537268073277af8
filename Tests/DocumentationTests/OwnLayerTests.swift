import FileTestSupport
import Maru
import TestSupport
import Testing

/// The layers of ARCHITECTURE.md and of the article *Write your own layer*, held to what layers of
/// this package are.
@Suite("Layers of the documentation") struct OwnLayerTests {
  @Test(arguments: [(1, 1), (5, 7), (3, 40), (9, 130)], [1, 2, 3])
  func prelu(sizes: (batch: Int, units: Int), parts: Int) throws {
    let problem = try LayerProblem(PReLU(), batch: sizes.batch, sample: [sizes.units], seed: 31)
    problem.check(
      problem.run(parts: parts),
      against: { x, batch, parameters in
        x.indices.map { index in
          let slope = parameters[0][index % (x.count / batch)]
          return max(x[index], 0) + slope * min(x[index], 0)
        }
      }, LayerBounds(forward: 2, backward: Double(sizes.batch + 2)))
  }

  @Test(arguments: 1...2)
  func softsign(parts: Int) throws {
    let problem = try LayerProblem(Softsign(), batch: 6, sample: [37], seed: 32)
    problem.check(
      problem.run(parts: parts),
      against: { x, _, _ in x.map { $0 / (1 + abs($0)) } },
      LayerBounds(forward: 3, backward: 8, cancellation: 4))
  }

  @Test(arguments: [(1, 1), (5, 7), (9, 130)], [1, 2, 3])
  func scale(sizes: (batch: Int, units: Int), parts: Int) throws {
    let problem = try LayerProblem(Scale(), batch: sizes.batch, sample: [sizes.units], seed: 34)
    problem.check(
      problem.run(parts: parts),
      against: { x, _, parameters in
        x.indices.map { parameters[0][$0 % parameters[0].count] * x[$0] }
      }, LayerBounds(forward: 1, backward: Double(sizes.batch + 1)))
  }

  /// It trains, is saved and loaded, and a run that ended early goes on to the same bytes.
  @Test func scaleDoesAllThatALayerDoes() throws {
    let folder = try TemporaryFolder()
    var random = Seeded(35)
    let samples = Tensor(random.values(200 * 4), shape: [200, 4])
    let labels = (0..<200).map { samples[$0, 0] + samples[$0, 1] > 0 ? 1 : 0 }
    let train = { (epochs: Int, name: String, interrupted: Checkpoint?) in
      try trainScale(
        samples, labels, epochs: epochs, checkpoint: folder[name], interrupted: interrupted,
        path: folder["scale.safetensors"])
    }
    _ = try train(2, "half", nil)
    let whole = try train(30, "whole", nil)
    let resumed = try train(30, "half", try Checkpoint(contentsOf: folder["half"]))
    #expect(try whole.model.evaluate(samples, labels)["accuracy"] ?? 0 > 0.9)
    #expect(whole.model.weightNames.contains("layers.1.gamma"))
    for other in [whole.loaded, resumed.model, resumed.loaded] {
      expect(
        other.weights.flatMap(\.elements), sameBitsAs: whole.model.weights.flatMap(\.elements),
        "weights")
    }
  }

  @Test func theyTouchWhatTheySay() throws {
    for layer in [PReLU(), Softsign(), Scale()] as [any Layer] {
      try LayerProblem(layer, batch: 5, sample: [140], seed: 33).expectHonesty()
    }
  }

  @Test func anImageHasToBeFlattenedFirst() {
    #expect(
      throws: ModelError(
        "layer 0: PReLU expects a vector, got shape [28, 28]: put Flatten before it")
    ) { try Sequential(inputShape: [28, 28], [PReLU(), Flatten()]) }
  }

  /// The layer waits where it has to: a team gives what one worker gives, to within rounding.
  @Test func teamsTrainIt() throws {
    let digits = GeneratedDigits.dataset().train[0..<500]
    let train = { (threads: Int) in
      let model = try modelWithOwnLayer()
      model.threads = threads
      model.compile(optimizer: .sgd(learningRate: 0.05), loss: .softmaxCrossEntropy)
      try model.fit(digits.images, digits.labels, epochs: 3, batchSize: 20)
      return model.weights.flatMap(\.elements)
    }
    let alone = try train(1)
    for threads in 2...3 {
      let together = try train(threads)
      let farthest = zip(alone, together).map { abs($0 - $1) }.max() ?? .nan
      #expect(farthest < 1e-4)
    }
  }
}
