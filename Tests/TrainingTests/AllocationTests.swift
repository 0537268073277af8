import AllocationCounter
import Testing
import Training

/// From the second step of an epoch on, nothing is allocated.
///
/// Each count runs in a process of its own, where nothing else allocates.
@Suite(
  .enabled(
    if: allocation_count() >= 0,
    "allocations are counted with glibc only, and without sanitizers"))
struct AllocationTests {
  @Test func theCounterCounts() async {
    await #expect(processExitsWith: .success) {
      let before = allocation_count()
      watch_allocated_bytes()
      let block = UnsafeMutablePointer<Float>.allocate(capacity: 1000)
      #expect(allocation_count() > before)
      #expect(most_allocated_bytes() >= 4000)
      block.deallocate()
    }
  }

  @Test func aLinearModelAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations([Dense(10), Softmax()], .sgd())
    }
  }

  @Test func anMLPAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations([Flatten(), Dense(140), ReLU(), Dense(10), Softmax()], .adam())
    }
  }

  @Test func convolutionsAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations(
        [
          Conv2D(5, Window2D(3, padding: .same)), ReLU(), MaxPool2D(2), Conv2D(6, 3), Flatten(),
          Dense(10), Softmax(),
        ], .adam(), shape: [10, 9, 2])
    }
  }

  @Test func shardsAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations([Dense(70), BatchNorm(), Dense(10)], .sgd(), shards: 4)
    }
  }

  @Test func dropoutPenaltiesAndClippingAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations(
        [Dense(130, l2: 0.01), Tanh(), Dropout(0.3), Dense(10, l2: 0.01)],
        .sgd(momentum: 0.9, nesterov: true), clipNorm: 0.1)
    }
  }

  @Test func lossesAndMetricsAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      let values = Targets.values(randomSamples([330, 3], seed: 3))
      let errors: [any Metric] = [.meanAbsoluteError, .rootMeanSquaredError, .r2]
      let losses: [any Loss] = [.meanSquaredError, .meanAbsoluteError, .huber()]
      for loss in losses {
        try expectNoAllocations([Dense(3)], .sgd(), loss, errors, targets: values)
      }
      let labels = Targets.classes(randomLabels(330, classes: 2, seed: 2))
      try expectNoAllocations(
        [Dense(1), Sigmoid()], .sgd(), .binaryCrossEntropy, [.accuracy, .rocAUC, .macroF1],
        targets: labels, classWeights: [1, 2])
      try expectNoAllocations(
        [Dense(2), Sigmoid()], .sgd(), .categoricalCrossEntropy, [.rocAUC, .macroF1],
        targets: labels)
    }
  }

  @Test func workersThatHelpEachOtherAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations([Dense(513), ReLU(), Dense(10)], .adam(), shape: [1300])
    }
  }

  @Test func aPredictorAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      let model = try Sequential(inputShape: [30], [Dense(140), ReLU(), Dense(10), Softmax()])
      let predictor = Predictor(model)
      let inputs = [Float](repeating: 0.5, count: 300 * 30)
      var outputs = [Float](repeating: 0, count: 300 * 10)
      inputs.withUnsafeBufferPointer { inputs in
        outputs.withUnsafeMutableBufferPointer { outputs in
          predictor.predict(inputs, into: outputs)
          let before = allocation_count()
          for rows in [1, 128, 300, 1] {
            predictor.predict(
              UnsafeBufferPointer(rebasing: inputs[..<(rows * 30)]),
              into: UnsafeMutableBufferPointer(rebasing: outputs[..<(rows * 10)]))
          }
          #expect(allocation_count() == before)
        }
      }
    }
  }

  @Test func aProfileAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations([Dense(10)], .rmsprop(), profile: StepProfile())
    }
  }
}

/// Trains on one and on two threads, the last batch being shorter, and compares the counts after
/// the first and the last step.
private func expectNoAllocations(
  _ layers: [any Layer], _ optimizer: any Optimizer, _ loss: any Loss = .softmaxCrossEntropy,
  _ metrics: [any Metric] = [.accuracy, .topK(3)], targets: Targets? = nil,
  classWeights: [Float]? = nil, clipNorm: Float? = nil, profile: StepProfile? = nil,
  shape: Shape = [20], shards: Int = 1
) throws {
  for threads in 1...2 {
    let model = try Sequential(inputShape: shape, layers)
    model.threads = threads
    model.shards = shards
    model.compile(
      optimizer: optimizer, loss: loss, metrics: metrics, classWeights: classWeights,
      clipNorm: clipNorm)
    let counter = StepCounter()
    try model.fit(
      randomSamples([330, shape.count], seed: 1),
      targets ?? .classes(randomLabels(330, classes: 10, seed: 2)), epochs: 2, batchSize: 32,
      callbacks: [counter], profile: profile)
    #expect(counter.steps == 22)
    #expect(counter.allocations == 0, "\(threads) threads, \(counter.allocations) allocations")
  }
}

/// Counts the allocations between the first and the last step of each epoch.
private final class StepCounter: Callback {
  private(set) var steps = 0
  private(set) var allocations = 0
  private var atFirstStep = 0

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    steps += 1
    if progress.step == 1 { atFirstStep = allocation_count() }
    if progress.step == progress.steps { allocations += allocation_count() - atFirstStep }
    return .proceed
  }
}
