import Testing
import Training

/// The same seed gives the same bits; what Training itself computes, for any number of threads.
@Suite(.serialized) struct DeterminismTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let name: String
    let inputs: Int
    let units: [Int]
    let optimizer: any Optimizer
    var dropout: Float = 0
    var l2: Float = 0
    var clipNorm: Float?
    var count = 110

    var testDescription: String { name }
  }

  // Up to 63 units a layer is cut by samples, from 256 by units, between by either.
  static let settings = [
    Setting(name: "linear", inputs: 40, units: [10], optimizer: SGD(learningRate: 0.1)),
    Setting(name: "Adam", inputs: 90, units: [128, 10], optimizer: Adam()),
    Setting(
      name: "dropout, momentum", inputs: 20, units: [256, 70, 10],
      optimizer: SGD(learningRate: 0.05, momentum: 0.9), dropout: 0.4),
    Setting(
      name: "penalty, clipping", inputs: 33, units: [130, 10],
      optimizer: SGD(learningRate: 0.5, momentum: 0.5, nesterov: true), l2: 0.01, clipNorm: 0.3),
    Setting(
      name: "everything", inputs: 50, units: [260, 40, 10], optimizer: RMSprop(), dropout: 0.2,
      l2: 0.001, clipNorm: 0.5),
  ]

  @Test(arguments: settings)
  func anyNumberOfThreadsGivesTheSameBits(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1, parts: 5)
    for threads in [2, 3, 4, 5, 7] {
      let together = try train(setting, threads: threads, parts: 5)
      let difference = firstDifference(together.weights, alone.weights)
      #expect(difference == nil, "with \(threads) threads, first differing parameter")
      #expect(together.figures == alone.figures, "with \(threads) threads")
    }
  }

  /// Sums over the parts of all parameters, as penalties and clipping take them, depend on the parts;
  /// nothing else of Training's own does.
  @Test(arguments: settings.filter { $0.l2 == 0 && $0.clipNorm == nil })
  func anyNumberOfPartsGivesTheSameBits(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1, plain: true)
    for threads in 2...4 {
      let together = try train(setting, threads: threads, plain: true)
      let difference = firstDifference(together.weights, alone.weights)
      #expect(difference == nil, "with \(threads) threads, first differing parameter")
      #expect(together.figures == alone.figures, "with \(threads) threads")
    }
  }

  /// More threads than there are parts of the work have nothing to do.
  @Test(arguments: settings + [large])
  func deterministicTrainingGivesTheSameBitsForAnyNumberOfThreads(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1, isDeterministic: true, batchSize: 110)
    for threads in [2, 3, 4, 8, 9] {
      let together = try train(setting, threads: threads, isDeterministic: true, batchSize: 110)
      let difference = firstDifference(together.weights, alone.weights)
      #expect(difference == nil, "with \(threads) threads, first differing parameter")
      #expect(together.figures == alone.figures, "with \(threads) threads")
    }
    let divided = try train(setting, threads: 1, batchSize: 110)
    expectClose(alone.weights, divided.weights, within: 1e-3)
  }

  /// Layers so large that workers take over each other's parts.
  private static let large = Setting(
    name: "large", inputs: 500, units: [513, 390, 10], optimizer: SGD(learningRate: 0.1),
    count: 220)

  @Test(arguments: settings)
  func blasChangesNoMoreThanRounding(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1)
    let together = try train(setting, threads: 3)
    // Eight updates of weights below 1, whose gradients are rounded in another order. An adaptive
    // rule divides a gradient near 0 by its own size, and then its rounding shows in full.
    expectClose(together.weights, alone.weights, within: 1e-3)
    let far = zip(together.weights, alone.weights).count { abs($0 - $1) > 2e-6 }
    #expect(far * 100 <= alone.weights.count)
    for (a, b) in zip(together.figures, alone.figures) {
      expectClose([a.loss], [b.loss], within: 1e-5)
    }
  }

  /// Workers take over each other's parts, which differ from run to run.
  @Test func whoComputesAPartDoesNotMatter() throws {
    let setting = Self.large
    let alone = try train(setting, threads: 1, batchSize: 110)
    for threads in 2...3 {
      let first = try train(setting, threads: threads, batchSize: 110)
      expectClose(first.weights, alone.weights, within: 1e-5)
      for _ in 0..<5 {
        let again = try train(setting, threads: threads, batchSize: 110)
        #expect(firstDifference(again.weights, first.weights) == nil, "with \(threads) threads")
      }
    }
  }

  /// Batches so large that the workers gather one together instead of one each.
  @Test func aSharedBatchIsComplete() throws {
    let setting = Setting(
      name: "wide", inputs: 5_000, units: [10], optimizer: SGD(learningRate: 0.01), count: 260)
    let alone = try train(setting, threads: 1, batchSize: 150)
    for threads in [3, 4] {
      let together = try train(setting, threads: threads, batchSize: 150)
      expectClose(together.weights, alone.weights, within: 1e-6)
    }
  }

  /// Layers of few units above wide tiles, whose workers add up what each makes of its own inputs.
  @Test(arguments: [
    Setting(name: "linear", inputs: 300, units: [10], optimizer: SGD(learningRate: 0.1)),
    Setting(
      name: "momentum", inputs: 300, units: [10],
      optimizer: SGD(learningRate: 0.1, momentum: 0.5)),
    Setting(name: "hidden", inputs: 30, units: [260, 10], optimizer: SGD(learningRate: 0.1)),
    Setting(
      name: "on dropout", inputs: 30, units: [260, 10], optimizer: SGD(learningRate: 0.1),
      dropout: 0.3),
  ])
  func partsOfInputsAddUp(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1)
    for threads in 2...4 {
      let together = try train(setting, threads: threads)
      expectClose(together.weights, alone.weights, within: 1e-6)
      let again = try train(setting, threads: threads)
      #expect(firstDifference(again.weights, together.weights) == nil, "with \(threads) threads")
    }
  }

  /// A layer whose workers make whole rows lies below one that would take columns.
  @Test(arguments: [false, true])
  func rowsBelowAreWaitedFor(flattens: Bool) throws {
    let (samples, labels) = (
      randomSamples([300, 30], seed: 3), randomLabels(300, classes: 10, seed: 4)
    )
    let train = { (threads: Int) in
      let layers: [any Layer] = flattens ? [Softmax(), Flatten()] : [Softmax()]
      let model = try Sequential(
        inputShape: [30], [Dense(260)] + layers + [Dense(10), Softmax()], seed: 5)
      model.threads = threads
      model.compile(optimizer: .sgd(learningRate: 0.5), loss: .softmaxCrossEntropy)
      try model.fit(samples, labels, epochs: 3, batchSize: 32)
      return model.flatWeights
    }
    let alone = try train(1)
    for threads in 2...4 {
      expectClose(try train(threads), alone, within: 1e-5)
    }
  }

  @Test func theSeedDecidesEverything() throws {
    let setting = Self.settings[2]
    let first = try train(setting, threads: 2)
    let again = try train(setting, threads: 2)
    #expect(firstDifference(again.weights, first.weights) == nil)
    #expect(again.figures == first.figures)
    let other = try train(setting, threads: 2, seed: 8)
    #expect(firstDifference(other.weights, first.weights) == 0)
  }

  @Test func trainingTwiceGoesOn() throws {
    // The optimizer's memory, its count of steps and the random numbers of dropout carry on.
    let setting = Self.settings[2]
    let (samples, labels) = data(setting)
    let once = try model(setting, threads: 2, seed: 7)
    let all = try once.fit(samples, labels, epochs: 5, batchSize: 32, shuffle: false)
    let twice = try model(setting, threads: 2, seed: 7)
    let first = try twice.fit(samples, labels, epochs: 2, batchSize: 32, shuffle: false)
    let second = try twice.fit(samples, labels, epochs: 3, batchSize: 32, shuffle: false)
    #expect(firstDifference(twice.flatWeights, once.flatWeights) == nil)
    #expect(first.loss + second.loss == all.loss)
  }

  @Test func compilingAgainStartsAnew() throws {
    let setting = Self.settings[2]
    let (samples, labels) = data(setting)
    let model = try model(setting, threads: 1, seed: 7)
    let initial = model.weights
    let first = try model.fit(samples, labels, epochs: 2, batchSize: 32)
    model.weights = initial
    compile(model, setting.optimizer, setting)
    let second = try model.fit(samples, labels, epochs: 2, batchSize: 32)
    #expect(first.loss == second.loss)
  }

  private func train(
    _ setting: Setting, threads: Int, seed: UInt64 = 7, plain: Bool = false,
    isDeterministic: Bool = false, parts: Int? = nil, batchSize: Int = 24
  ) throws -> (weights: [Float], figures: [Figures]) {
    let (samples, labels) = data(setting)
    let model = try model(setting, threads: threads, seed: seed, plain: plain)
    model.isDeterministic = isDeterministic
    // The settings are too small to be cut otherwise.
    model.fixedParts = parts ?? (isDeterministic ? 8 : threads)
    // Neither the samples nor the held-out ones are a multiple of the batch.
    let history = try model.fit(
      samples, labels, epochs: 2, batchSize: batchSize, validation: .shuffled(0.15))
    return (model.flatWeights, history.epochs.map(\.values))
  }

  private func data(_ setting: Setting) -> (Tensor, [Int]) {
    (
      randomSamples([setting.count, setting.inputs], seed: 11),
      randomLabels(setting.count, classes: 10, seed: 11)
    )
  }

  private func model(
    _ setting: Setting, threads: Int, seed: UInt64, plain: Bool = false
  ) throws -> Sequential {
    var layers: [any Layer] = []
    for units in setting.units {
      if !layers.isEmpty {
        layers.append(ReLU())
        if setting.dropout > 0 { layers.append(Dropout(setting.dropout)) }
      }
      let dense: any Layer =
        plain ? PlainDense(units: units, l2: setting.l2) : Dense(units, l2: setting.l2)
      layers.append(dense)
    }
    let model = try Sequential(inputShape: [setting.inputs], layers + [Softmax()], seed: seed)
    model.threads = threads
    compile(model, setting.optimizer, setting)
    return model
  }

  private func compile(_ model: Sequential, _ optimizer: some Optimizer, _ setting: Setting) {
    model.compile(
      optimizer: optimizer, loss: .softmaxCrossEntropy, clipNorm: setting.clipNorm)
  }
}

/// The first place where the bits of two arrays differ, the shorter one's end included; nil where
/// they are the same.
///
/// A comparison by `==` in an expectation would print an edit script of all elements.
func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
  if let place = zip(a, b).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern }) {
    return place.offset
  }
  return a.count == b.count ? nil : min(a.count, b.count)
}
