import TestSupport
import Testing
import Training

/// Deterministic training gives the same bytes for any number of threads where sizes are multiples of
/// nothing, so that each routine has something left over at the end of its vectors.
@Suite(.serialized) struct OddSizeTests {
  enum Rule: Sendable {
    case steps(any Optimizer)
    case lbfgs
  }

  /// What a run has beside its optimizer.
  struct Extra: Sendable {
    let name: String
    var l2: Float = 0
    var clipNorm: Float?
    var dropout: Float = 0
    /// Few units on many inputs, whose products are sums of parts.
    var splitsInputs = false
  }

  struct Setting: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: Rule
    let extra: Extra
    let seed: UInt64
  }

  private static let rules: [(name: String, rule: Rule)] = [
    ("sgd", .steps(SGD(learningRate: 0.1))),
    ("momentum", .steps(SGD(learningRate: 0.05, momentum: 0.9))),
    ("nesterov", .steps(SGD(learningRate: 0.05, momentum: 0.9, nesterov: true))),
    ("rmsprop", .steps(RMSprop())), ("adam", .steps(Adam())),
    ("adamw", .steps(Adam(weightDecay: 0.01))), ("lbfgs", .lbfgs),
  ]

  private static let extras = [
    Extra(name: "alone"), Extra(name: "L2", l2: 0.003), Extra(name: "clipping", clipNorm: 0.05),
    Extra(name: "dropout", dropout: 0.3), Extra(name: "split-K", splitsInputs: true),
    Extra(name: "all", l2: 0.003, clipNorm: 0.05, dropout: 0.3, splitsInputs: true),
  ]

  static let settings: [Setting] = rules.enumerated().flatMap { place, rule in
    extras.enumerated().compactMap { number, extra in
      var extra = extra
      if case .lbfgs = rule.rule {
        if extra.name == "all" { (extra.clipNorm, extra.dropout) = (nil, 0) }
        if extra.clipNorm != nil || extra.dropout > 0 { return nil }
      }
      return Setting(
        testDescription: "\(rule.name), \(extra.name)", rule: rule.rule, extra: extra,
        seed: UInt64(100 * place + number))
    }
  }

  @Test(arguments: settings)
  func theBytesAreThoseOfOneThread(_ setting: Setting) throws {
    let alone = try train(setting, threads: 1)
    for threads in [2, 3, 4, 8, 9] {
      let together = try train(setting, threads: threads)
      let difference = firstDifference(together.weights, alone.weights)
      #expect(
        difference == nil, "\(threads) threads, sizes \(alone.sizes), seed \(setting.seed)")
      #expect(together.figures == alone.figures, "\(threads) threads, seed \(setting.seed)")
    }
  }

  /// An optimizer of a user's, whose end of a range is another than its middle, as BLAS's may be.
  @Test func optimizersGetTheSameRanges() throws {
    let bytes = try [1, 2, 3, 5, 8].map { threads in
      let setting = Setting(
        testDescription: "", rule: .steps(UnevenDescent()), extra: Self.extras[0], seed: 900)
      return try train(setting, threads: threads)
    }
    for other in bytes.dropFirst() {
      #expect(firstDifference(other.weights, bytes[0].weights) == nil, "seed 900")
      #expect(other.figures == bytes[0].figures, "seed 900")
    }
  }

  private func train(_ setting: Setting, threads: Int) throws -> (
    weights: [Float], figures: [Figures], sizes: [Int]
  ) {
    var random = Seeded(setting.seed)
    let extra = setting.extra
    func odd(_ sizes: Range<Int>) -> Int {
      while true {
        let size = sizes.lowerBound + Int(random.labels(1, below: sizes.count)[0])
        if size % 16 != 0 { return size }
      }
    }
    // From 512 inputs on, eight workers have enough of them each.
    let inputs = extra.splitsInputs ? odd(520..<700) : odd(20..<90)
    let units = extra.splitsInputs ? [odd(17..<60), 7] : [odd(65..<150), odd(17..<60), 7]
    var layers: [any Layer] = []
    for (place, count) in units.enumerated() {
      layers.append(Dense(count, l2: extra.l2))
      if place + 1 < units.count {
        layers.append(Tanh())
        if extra.dropout > 0 { layers.append(Dropout(extra.dropout)) }
      }
    }
    let model = try Sequential(inputShape: [inputs], layers + [Softmax()], seed: setting.seed)
    model.threads = threads
    // As a deterministic model of more work is cut.
    model.fixedParts = 8
    // L-BFGS has a worker for each block of 128 samples.
    let count: Int
    let batchSize: Int?
    switch setting.rule {
    case .steps(let optimizer):
      (count, batchSize) = (150, 45)
      compile(model, optimizer, clipNorm: extra.clipNorm)
    case .lbfgs:
      (count, batchSize) = (1_101, nil)
      model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    }
    let history = try model.fit(
      randomSamples([count, inputs], seed: setting.seed),
      randomLabels(count, classes: 7, seed: setting.seed), epochs: 3, batchSize: batchSize,
      validation: .shuffled(0.1))
    return (model.flatWeights, history.epochs.map(\.values), [inputs] + units)
  }

  private func compile(_ model: Sequential, _ optimizer: some Optimizer, clipNorm: Float?) {
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy, clipNorm: clipNorm)
  }
}

/// Descent whose last step in a range is only half as long.
private struct UnevenDescent: Optimizer {
  let learningRate: LearningRate = 0.1
  let slotCount = 0

  func update(_ part: ParameterPart, rate: Float, step: Int) {
    part.forEachRun { parameters, gradients, _, count in
      for index in 0..<count {
        parameters[index] -= (index == count - 1 ? 0.5 : 1) * rate * gradients[index]
      }
    }
  }
}
