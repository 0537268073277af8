import Maru

/// The naive backend's training of one model: the whole shuffling, and part of the steps of each
/// epoch, their time scaled up to all.
struct NaiveTraining {
  private let workload: Workload
  private let samples: LabelledImages
  private let network: NaiveNetwork
  private let model: Sequential
  private let generator: RandomGenerator

  init(_ workload: Workload, _ samples: LabelledImages, seed: UInt64) throws {
    self.workload = workload
    self.samples = samples
    model = try workload.model(seed: seed)
    network = NaiveNetwork(model, of: workload, batchSize: workload.batchSize)
    generator = RandomGenerator(seed: seed, for: .shuffling)
  }

  /// Warms up, where the library has to agree with the loss, then measures.
  func run(epochs: Int) throws -> TrainingRun {
    let trainingCount = workload.trainingCount(of: samples.count)
    let count = min(workload.naiveSteps * workload.batchSize, trainingCount)
    try check(loss: train(0..<count), count: count)

    let share = Double(count) / Double(trainingCount)
    let heldOut = trainingCount..<samples.count
    let evaluated = heldOut.prefix(Int(Double(heldOut.count) * share))
    var generator = generator
    let seconds = (0..<epochs).map { _ in
      var order = Array(0..<trainingCount)
      let shuffling = ContinuousClock().measure { order.shuffle(using: &generator) }
      let steps = ContinuousClock().measure {
        train(order.prefix(count))
        for batch in batches(of: evaluated) { _ = network.forward(samples, batch) }
      }
      return shuffling.inSeconds + steps.inSeconds / share
    }
    return TrainingRun(seconds: seconds, samples: trainingCount, accuracy: nil)
  }

  /// Trains once on the samples at the given indices, and returns the mean of their losses.
  @discardableResult
  private func train(_ indices: some RandomAccessCollection<Int>) -> Double {
    batches(of: indices).reduce(0) {
      $0 + network.step(samples, $1).loss * Double($1.count)
    } / Double(indices.count)
  }

  private func batches<Indices: RandomAccessCollection<Int>>(
    of indices: Indices
  ) -> [Indices.SubSequence] {
    stride(from: 0, to: indices.count, by: workload.batchSize).map {
      indices.dropFirst($0).prefix(workload.batchSize)
    }
  }

  /// Throws where the library's loss over the first samples is another.
  ///
  /// Each step may differ by the rounding of sums over the pixels, or over the 784 places of a channel;
  /// and steps add up.
  private func check(loss: Double, count: Int) throws {
    let first = samples[0..<count]
    let expected = try model.fit(
      first.images, first.labels, batchSize: workload.batchSize, shuffle: false
    ).loss[0]
    let steps = Double(workload.steps(count))
    let bound = expected * steps * 784 * Double(Float.ulpOfOne)
    guard abs(loss - expected) <= bound else {
      throw WrongAnswer("\(workload.rawValue): loss", expected: expected, got: loss, bound: bound)
    }
  }
}
