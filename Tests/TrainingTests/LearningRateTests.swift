import Testing
import TestSupport
import Training

@Suite struct LearningRateTests {
  static let schedules: [(String, LearningRate)] = [
    ("stairs", .step(initial: 0.5, factor: 0.3, every: 4)),
    ("exponential", .exponential(initial: 0.5, factor: 0.3, every: 4)),
    ("cosine", .cosine(peak: 0.5, floor: 0.05, steps: 10)),
  ]

  @Test(arguments: schedules)
  func schedulesAreThoseOfKeras(name: String, schedule: LearningRate) throws {
    let golden = try #require(Goldens.schedules[name])
    expectClose((0..<14).map { schedule.rate(at: $0) }, golden, within: 1e-7)
  }

  @Test func warmUpIsOneStepAheadOfKeras() throws {
    // Keras's first step has rate 0, a step for nothing; ours has the first rate above.
    let golden = try #require(Goldens.schedules["warmCosine"])
    let schedule = LearningRate.cosine(peak: 0.5, floor: 0.05, warmUp: 4, steps: 12)
    expectClose((0..<4).map { schedule.rate(at: $0) }, Array(golden[1...4]), within: 1e-7)
    expectClose((4..<14).map { schedule.rate(at: $0) }, Array(golden[4...]), within: 1e-7)
  }

  @Test func aNumberIsAConstantRate() {
    let rate: LearningRate = 0.25
    #expect(rate == .constant(0.25))
    #expect(rate.rate(at: 0) == 0.25 && rate.rate(at: 1_000_000) == 0.25)
  }

  @Test func nonsenseTraps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.constant(1).rate(at: -1)
      }, "LearningRate: expected a step from 0, got -1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.step(initial: 1, factor: 0.5, every: 0).rate(at: 1)
      }, "LearningRate.step: expected at least 1 step, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LearningRate.exponential(initial: 1, factor: 0.5, every: 0).rate(at: 1)
      }, "LearningRate.exponential: expected at least 1 step, got 0")
  }

  @Test func theModelTellsTheRateOfTheNextStep() throws {
    let model = try Problem.model()
    model.compile(
      optimizer: .sgd(learningRate: .step(initial: 0.5, factor: 0.5, every: 10)),
      loss: .softmaxCrossEntropy)
    #expect(model.learningRate == 0.5)
    try model.fit(Problem.samples, Problem.labels, batchSize: 8)
    #expect(model.learningRate == 0.25)
    model.learningRateFactor = 0.5
    #expect(model.learningRate == 0.125)
  }

  @Test func theFactorScalesTheStep() throws {
    let (scaled, plain) = (try Problem.model(), try Problem.model())
    scaled.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
    scaled.learningRateFactor = 0.25
    plain.compile(optimizer: .sgd(learningRate: 0.125), loss: .softmaxCrossEntropy)
    for model in [scaled, plain] {
      try model.fit(Problem.samples, Problem.labels, batchSize: 8, shuffle: false)
    }
    #expect(firstDifference(scaled.flatWeights, plain.flatWeights) == nil)
  }
}
