import Maru
import Testing
import benchmarks

/// The naive loops compute what the library computes, step by step.
struct NaiveNetworkTests {
  private final class StepLosses: Callback {
    var losses: [Double] = []

    func stepDidEnd(_ progress: TrainingProgress) -> Decision {
      losses.append(progress.batchLoss)
      return .proceed
    }
  }

  /// Images of noise, a quarter of the pixels dark; the last batch of an epoch is short.
  private static func samples(_ count: Int, of workload: Workload) -> LabelledImages {
    if workload == .tiny { return Workload.tinySamples()[0..<count] }
    var generator = RandomGenerator(seed: 5, for: .data)
    let pixels = (0..<count * 784).map { _ in UInt8(max(0, generator.uniform(-85, 255))) }
    let labels = (0..<count).map { _ in Int.random(in: 0..<10, using: &generator) }
    return LabelledImages(images: Images(pixels: pixels, shape: [28, 28]), labels: labels)
  }

  @Test(arguments: Workload.allCases)
  func lossesOfTheSameBatchesAgree(_ workload: Workload) throws {
    let batchSize = workload.batchSize
    let samples = Self.samples(4 * batchSize + 5, of: workload)
    let model = try workload.model(seed: 3)
    let naive = NaiveNetwork(model, of: workload, batchSize: batchSize)
    let steps = stride(from: 0, to: samples.count, by: batchSize).map { start in
      naive.step(samples, start..<min(start + batchSize, samples.count))
    }

    let library = StepLosses()
    let history = try model.fit(
      samples.images, samples.labels, batchSize: batchSize, shuffle: false, callbacks: [library])
    try #require(library.losses.count == steps.count)
    for (step, expected) in library.losses.enumerated() {
      // The rounding of sums over 784 pixels, once more in each step.
      let bound = expected * Double(step + 1) * 784 * Double(Float.ulpOfOne)
      #expect(abs(steps[step].loss - expected) <= bound, "step \(step)")
    }
    let hits = zip(steps, [batchSize, batchSize, batchSize, batchSize, 5]).map {
      $0.accuracy * Double($1)
    }
    #expect(abs(hits.reduce(0, +) / Double(samples.count) - history.accuracy[0]) < 1e-9)
  }
}
