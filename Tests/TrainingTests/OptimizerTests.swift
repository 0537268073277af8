import Testing
import TestSupport
import Training

/// Ten steps of each rule against Keras: the curve of the losses and the weights at the end.
@Suite struct OptimizerTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let golden: String
    let optimizer: any Optimizer
    var loss: any Loss = .softmaxCrossEntropy
    var classWeights: [Float]?
    var clipNorm: Float?
    var l2: Float = 0
    var givesRows = false

    var testDescription: String { golden }
  }

  static let settings = [
    Setting(golden: "sgd", optimizer: SGD(learningRate: 0.1)),
    Setting(golden: "momentum", optimizer: SGD(learningRate: 0.1, momentum: 0.9)),
    Setting(golden: "nesterov", optimizer: SGD(learningRate: 0.1, momentum: 0.9, nesterov: true)),
    Setting(golden: "rmsprop", optimizer: RMSprop(learningRate: 0.01)),
    Setting(golden: "adam", optimizer: Adam(learningRate: 0.01)),
    Setting(golden: "adamW", optimizer: Adam(learningRate: 0.01, weightDecay: 0.5)),
    Setting(golden: "clipped", optimizer: SGD(learningRate: 0.5), clipNorm: 0.25),
    Setting(golden: "penalised", optimizer: SGD(learningRate: 0.1), l2: 0.03),
    Setting(
      golden: "smoothed", optimizer: SGD(learningRate: 0.1),
      loss: .softmaxCrossEntropy(labelSmoothing: 0.2)),
    Setting(
      golden: "smoothed", optimizer: SGD(learningRate: 0.1),
      loss: .softmaxCrossEntropy(labelSmoothing: 0.2), givesRows: true),
    Setting(
      golden: "weighted", optimizer: SGD(learningRate: 0.1),
      classWeights: [0.5, 2, 1.25]),
    Setting(
      golden: "decayed",
      optimizer: SGD(learningRate: .step(initial: 0.2, factor: 0.5, every: 3))),
  ]

  @Test(arguments: settings)
  func tenStepsAreThoseOfKeras(_ setting: Setting) throws {
    let golden = try #require(Goldens.runs[setting.golden])
    let model = try Problem.model(l2: setting.l2, threads: 2)
    compile(model, setting.optimizer, setting)
    let targets: Targets =
      setting.givesRows ? .values(Problem.rows) : .classes(Problem.labels)
    let losses = StepLosses()
    let history = try model.fit(
      Problem.samples, targets, batchSize: Problem.batchSize, shuffle: false, callbacks: [losses])
    // Both sides compute in Float32, in different orders: some ulp at each of ten steps, which a
    // division by the root of a small mean square enlarges.
    expectClose(losses.values, golden.losses, within: 1e-5)
    expectClose(model.flatWeights, golden.weights, within: 1e-5)
    expectClose(history.loss, [golden.losses.reduce(0, +) / 10], within: 1e-5)
    expectClose(
      [try model.evaluate(Problem.samples, targets).loss], [golden.evaluatedLoss], within: 1e-5)
  }

  @Test func goldensDifferFromEachOther() {
    // Otherwise a setting that is ignored would go unseen.
    let names = Goldens.runs.keys.sorted()
    for (index, name) in names.enumerated() {
      for other in names[(index + 1)...] {
        let pairs = zip(Goldens.runs[name]?.weights ?? [], Goldens.runs[other]?.weights ?? [])
        #expect(pairs.contains { abs($0 - $1) > 1e-3 }, "\(name) and \(other)")
      }
    }
  }

  @Test func defaultsAreThoseOfKeras() {
    #expect(SGD().learningRate == 0.01 && SGD().momentum == 0 && !SGD().nesterov)
    #expect(RMSprop().learningRate == 0.001 && RMSprop().rho == 0.9 && RMSprop().epsilon == 1e-7)
    let adam = Adam()
    #expect(adam.learningRate == 0.001 && adam.beta1 == 0.9 && adam.beta2 == 0.999)
    #expect(adam.epsilon == 1e-7 && adam.weightDecay == 0)
    let adamW: Adam = .adamW()
    #expect(adamW.learningRate == 0.001 && adamW.weightDecay == 0.004 && adamW.epsilon == 1e-7)
  }

  @Test func shorthandsPassOnWhatTheyAreGiven() {
    let sgd: SGD = .sgd(learningRate: 0.5, momentum: 0.25, nesterov: true)
    #expect(sgd.learningRate == 0.5 && sgd.momentum == 0.25 && sgd.nesterov)
    let rmsprop: RMSprop = .rmsprop(learningRate: 0.5, rho: 0.25, epsilon: 0.125)
    #expect(rmsprop.learningRate == 0.5 && rmsprop.rho == 0.25 && rmsprop.epsilon == 0.125)
    let adam: Adam = .adam(learningRate: 0.5, beta1: 0.25, beta2: 0.75, epsilon: 0.125)
    #expect(adam.learningRate == 0.5 && adam.beta1 == 0.25 && adam.beta2 == 0.75)
    #expect(adam.epsilon == 0.125)
    let adamW: Adam = .adamW(
      learningRate: 0.5, weightDecay: 2, beta1: 0.25, beta2: 0.75, epsilon: 0.125)
    #expect(adamW.learningRate == 0.5 && adamW.weightDecay == 2 && adamW.beta1 == 0.25)
    #expect(adamW.beta2 == 0.75 && adamW.epsilon == 0.125)
  }

  @Test func settingsOutsideTheirRangeTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(momentum: 1)
      }, "SGD: expected a momentum from 0 to below 1, got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RMSprop(rho: 1)
      }, "RMSprop: expected ρ from 0 to below 1, got 1.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RMSprop(epsilon: 0)
      }, "RMSprop: expected ε above 0, got 0.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(beta1: 1)
      }, "Adam: expected β₁ and β₂ from 0 to below 1, got 1.0 and 0.999")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(beta2: -0.5)
      }, "Adam: expected β₁ and β₂ from 0 to below 1, got 0.9 and -0.5")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(epsilon: 0)
      }, "Adam: expected ε above 0, got 0.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(weightDecay: -1)
      }, "Adam: expected a weight decay from 0, got -1.0")
  }

  private func compile(_ model: Sequential, _ optimizer: some Optimizer, _ setting: Setting) {
    model.compile(
      optimizer: optimizer, loss: setting.loss, classWeights: setting.classWeights,
      clipNorm: setting.clipNorm)
  }
}

/// Keeps the loss of every step.
final class StepLosses: Callback {
  private(set) var values: [Double] = []

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    values.append(progress.batchLoss)
    return .proceed
  }
}
