import Layers
import Testing
import TestSupport

/// Losses on random data, with their functions in double precision.
private struct LossCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let loss: any Loss
  let function: LossFunctions.Function
  var usesLabels = true
  var usesProbabilities = false
  /// Whether probabilities are each of its own, and do not add up to 1.
  var usesSeparateProbabilities = false
  var smoothing: Float = 0
  /// How far outputs stay from targets, where the loss has a kink there.
  var margin: Float = 0

  static let all = [
    LossCase(
      testDescription: "softmax, labels", loss: .softmaxCrossEntropy,
      function: LossFunctions.softmaxCrossEntropy),
    LossCase(
      testDescription: "softmax, distributions", loss: .softmaxCrossEntropy,
      function: LossFunctions.softmaxCrossEntropy, usesLabels: false),
    LossCase(
      testDescription: "softmax, labels, smoothed",
      loss: .softmaxCrossEntropy(labelSmoothing: 0.1),
      function: LossFunctions.softmaxCrossEntropy, smoothing: 0.1),
    LossCase(
      testDescription: "softmax, distributions, smoothed",
      loss: .softmaxCrossEntropy(labelSmoothing: 0.2), function: LossFunctions.softmaxCrossEntropy,
      usesLabels: false, smoothing: 0.2),
    LossCase(
      testDescription: "probabilities, labels", loss: .categoricalCrossEntropy,
      function: LossFunctions.categoricalCrossEntropy, usesProbabilities: true),
    LossCase(
      testDescription: "probabilities, distributions, smoothed",
      loss: .categoricalCrossEntropy(labelSmoothing: 0.1),
      function: LossFunctions.categoricalCrossEntropy, usesLabels: false, usesProbabilities: true,
      smoothing: 0.1),
    LossCase(
      testDescription: "separate probabilities, labels", loss: .categoricalCrossEntropy,
      function: LossFunctions.categoricalCrossEntropy, usesSeparateProbabilities: true),
    LossCase(
      testDescription: "separate probabilities, distributions", loss: .categoricalCrossEntropy,
      function: LossFunctions.categoricalCrossEntropy, usesLabels: false,
      usesSeparateProbabilities: true),
    LossCase(
      testDescription: "binary", loss: .binaryCrossEntropy,
      function: LossFunctions.binaryCrossEntropy, usesLabels: false),
    LossCase(
      testDescription: "binary, smoothed", loss: .binaryCrossEntropy(labelSmoothing: 0.2),
      function: LossFunctions.binaryCrossEntropy, usesLabels: false, smoothing: 0.2),
    LossCase(
      testDescription: "squared error", loss: .meanSquaredError,
      function: LossFunctions.meanSquaredError, usesLabels: false),
    LossCase(
      testDescription: "absolute error", loss: .meanAbsoluteError,
      function: LossFunctions.meanAbsoluteError, usesLabels: false, margin: 0.01),
    LossCase(
      testDescription: "Huber", loss: .huber(), function: LossFunctions.huber(1),
      usesLabels: false),
    LossCase(
      testDescription: "Huber, δ 0.25", loss: .huber(delta: 0.25),
      function: LossFunctions.huber(0.25), usesLabels: false),
  ]

  func problem(rows: Int, columns: Int) -> LossProblem {
    var random = Seeded(UInt64(400 + columns))
    var problem = LossProblem(
      testDescription: testDescription, loss: loss, smoothing: smoothing, rows: rows,
      columns: columns,
      scores: usesProbabilities
        ? random.distributions(rows, columns)
        : usesSeparateProbabilities
          ? random.values(rows * columns, margin: 0.05).map(abs)
          : random.values(rows * columns, limit: 4),
      labels: usesLabels ? random.labels(rows, below: columns) : nil,
      targets: usesLabels ? nil : random.distributions(rows, columns), random: random)
    if margin > 0, let targets = problem.targets {
      for (index, target) in targets.enumerated() where abs(problem.scores[index] - target) < margin
      {
        problem.scores[index] = target + 2 * margin
      }
    }
    return problem
  }
}

@Suite("losses against their formulas and central differences, in double precision")
struct LossTests {
  @Test("value and gradient", arguments: LossCase.all)
  private func valueAndGradient(lossCase: LossCase) {
    for (rows, columns) in [(1, 2), (3, 2), (5, 4), (2, 33), (0, 3)] {
      let problem = lossCase.problem(rows: rows, columns: columns)
      for scale in [1, 0.125] as [Float] {
        check(problem, lossCase.function, scale: scale)
      }
    }
  }

  private func check(
    _ problem: LossProblem, _ function: LossFunctions.Function, scale: Float,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (rows, columns) = (problem.rows, problem.columns)
    let (losses, gradient) = problem.evaluate(scale: scale)
    let targets = problem.smoothedTargets
    let scores = problem.scores.doubles
    var values: [Double] = []
    var derivatives: [Double] = []
    var sizes: [Double] = []
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let target = Array(targets[range])
      values.append(function(Array(scores[range]), target))
      let slopes = centralDifferences(
        at: Array(scores[range]), weights: [Double(scale)]
      ) { [function($0, target)] }
      derivatives += slopes.derivatives
      // A derivative such as softmax − t comes from parts up to 1, apart from −t/p.
      sizes += slopes.sizes.map { $0 + Double(scale) }
    }
    // Terms of up to 8, each with e^x or a logarithm to two roundings, and their sum.
    let roundings = Double(2 * columns + 12)
    expect(
      losses.elements,
      matches: Reference(
        rows: 1, columns: rows, values: values,
        bounds: Array(repeating: 8 * roundings * floatRounding, count: rows)),
      "losses, scale \(scale), \(problem.random)", sourceLocation: sourceLocation)
    expect(
      gradient.view,
      matches: Reference(
        rows: rows, columns: columns, values: derivatives,
        bounds: sizes.map { $0 * roundings * floatRounding + 1e-9 }),
      "gradient, scale \(scale), \(problem.random)", sourceLocation: sourceLocation)
    #expect(losses.surroundingsAreUntouched && gradient.surroundingsAreUntouched)
  }

  /// Two rows of scores, with class 1 as label of both.
  private func extreme(_ loss: any Loss, _ scores: [Float]) -> LossProblem {
    LossProblem(
      testDescription: "", loss: loss, rows: 2, columns: scores.count / 2, scores: scores,
      labels: loss.outputKind == .classes ? [1, 1] : nil,
      targets: loss.outputKind == .classes
        ? nil : scores.indices.map { $0 % (scores.count / 2) == 1 ? 1 : 0 },
      random: Seeded(0))
  }

  @Test("extreme scores give exact, finite losses")
  func extremeSoftmax() {
    for smoothing in [0, 0.1] as [Float] {
      let (losses, gradient) = extreme(
        .softmaxCrossEntropy(labelSmoothing: smoothing), [1e4, -1e4, 0, -1e4, 1e4, 0]
      ).evaluate(scale: 1)
      // log Σ e^x is 1e4 but for nothing; class 1 lies 2e4 below it in the first row, at it in the
      // second. Of the smoothed target a third of 0.1 is on each class.
      let part = Double(smoothing) / 3
      let first = (1 - Double(smoothing)) * 2e4 + part * 3e4
      expect(
        losses.elements,
        matches: Reference(
          rows: 1, columns: 2, values: [first, part * 3e4], relative: 8 * floatRounding), "")
      let label = 1 - Double(smoothing) + part
      expect(
        gradient.elements,
        matches: Reference(
          rows: 2, columns: 3,
          values: [1 - part, -label, -part, -part, 1 - label, -part],
          absolute: 4 * floatRounding), "")
    }
  }

  @Test(
    "equal scores have the loss log n, however large they are", arguments: [0, 1e4, -1e4, 1e30])
  func equalScores(score: Float) {
    var problem = extreme(.softmaxCrossEntropy, Array(repeating: score, count: 20))
    let logarithm = Reference(
      rows: 1, columns: 2, values: [2.302585092994046, 2.302585092994046],
      relative: 4 * floatRounding)
    let (losses, gradient) = problem.evaluate(scale: 1)
    expect(losses.elements, matches: logarithm, "labels")
    let slopes = (0..<20).map { $0 % 10 == 1 ? -0.9 : 0.1 }
    let expected = Reference(
      rows: 2, columns: 10, values: slopes, absolute: 4 * floatRounding)
    expect(gradient.view, matches: expected, "labels")
    problem.targets = (0..<20).map { $0 % 10 == 1 ? 1 : 0 }
    let dense = problem.evaluate(scale: 1)
    expect(dense.losses.elements, matches: logarithm, "distributions")
    expect(dense.gradient.view, matches: expected, "distributions")
  }

  @Test("extreme scores of yes-or-no decisions")
  func extremeBinary() {
    let (losses, gradient) = extreme(.binaryCrossEntropy, [1e4, -1e4, -1e4, 1e4])
      .evaluate(scale: 1)
    #expect(losses.elements == [1e4, 0])
    #expect(gradient.elements == [0.5, -0.5, 0, 0])
  }

  @Test("probabilities of 0 and 1 are cut off: a finite loss, and no gradient")
  func extremeProbabilities() {
    let (losses, gradient) = extreme(.categoricalCrossEntropy, [1, 0, 0, 1]).evaluate(scale: 1)
    // log 1e-7, and log(1 − 1e-7) where 1 − 1e-7 is two steps of Float below 1.
    expect(
      losses.elements,
      matches: Reference(
        rows: 1, columns: 2, values: [16.118095650958320, 1.192092966e-7],
        relative: 4 * floatRounding), "")
    #expect(gradient.elements == [0, 0, 0, 0])
  }

  @Test("a NaN among the scores makes the loss NaN", arguments: 0..<3)
  func notANumber(place: Int) {
    var scores: [Float] = [1, 2, 3, 1, 2, 3]
    scores[place] = .nan
    let losses: [any Loss] = [
      .softmaxCrossEntropy, .binaryCrossEntropy, .meanSquaredError, .meanAbsoluteError, .huber(),
    ]
    for loss in losses {
      let (losses, gradient) = extreme(loss, scores).evaluate(scale: 1)
      #expect(losses.elements[0].isNaN && losses.elements[1].isFinite)
      #expect(gradient.elements[place].isNaN)
      #expect(gradient.elements[3...].allSatisfy { $0.isFinite })
    }
  }

  @Test("parts of a batch give the same bits as all of it", arguments: LossCase.all)
  private func parts(lossCase: LossCase) {
    let whole = lossCase.problem(rows: 7, columns: 5)
    let expected = whole.evaluate(scale: 1 / 7)
    for (start, end) in [(0, 3), (3, 4), (4, 7)] {
      let elements = start * 5..<end * 5
      let part = LossProblem(
        testDescription: "", loss: whole.loss, rows: end - start, columns: 5,
        scores: Array(whole.scores[elements]), labels: whole.labels.map { Array($0[start..<end]) },
        targets: whole.targets.map { Array($0[elements]) }, random: whole.random
      ).evaluate(scale: 1 / 7)
      expect(
        part.losses.elements, sameBitsAs: Array(expected.losses.elements[start..<end]),
        "rows \(start)..<\(end), \(whole.random)")
      expect(
        part.gradient.elements, sameBitsAs: Array(expected.gradient.elements[elements]),
        "rows \(start)..<\(end), \(whole.random)")
    }
  }

  /// A running float would lose 1e-6 and more.
  @Test("losses over very many columns are as good as over few")
  func manyColumns() {
    let columns = 300_000
    var random = Seeded(31)
    for (loss, function) in [
      (.meanSquaredError, LossFunctions.meanSquaredError),
      (.meanAbsoluteError, LossFunctions.meanAbsoluteError),
      (.huber(), LossFunctions.huber(1)),
      (.binaryCrossEntropy, LossFunctions.binaryCrossEntropy),
      (.softmaxCrossEntropy, LossFunctions.softmaxCrossEntropy),
      (.categoricalCrossEntropy, LossFunctions.categoricalCrossEntropy),
    ] as [(any Loss, LossFunctions.Function)] {
      let scores = random.values(columns, margin: 0.1).map(abs)
      let targets = random.distributions(1, columns)
      let problem = LossProblem(
        testDescription: "", loss: loss, rows: 1, columns: columns, scores: scores, labels: nil,
        targets: targets, random: random)
      let expected = function(scores.doubles, targets.doubles)
      let found = Double(problem.evaluate(scale: 1).losses.elements[0])
      #expect(abs(found / expected - 1) < 3e-7, "\(loss) \(random)")
    }
  }

  /// At the kink of the absolute error, and where Huber's goes from squared to absolute.
  @Test("gradients at kinks")
  func kinks() {
    let absolute = LossProblem(
      testDescription: "", loss: .meanAbsoluteError, rows: 1, columns: 4,
      scores: [3, 0, -2, 1e-30], targets: [3, 0, -3, 0], random: Seeded(0)
    ).evaluate(scale: 1)
    #expect(absolute.gradient.elements == [0, 0, 0.25, 0.25])
    #expect(absolute.losses.elements == [0.25])
    let huber = LossProblem(
      testDescription: "", loss: .huber(delta: 2), rows: 1, columns: 4, scores: [2, -2, 2.5, 1],
      targets: [0, 0, 0, 0], random: Seeded(0)
    ).evaluate(scale: 1)
    #expect(huber.gradient.elements == [0.5, -0.5, 0.5, 0.25])
    // ½·4 twice, 2·(2.5 − 1), ½.
    #expect(huber.losses.elements == [7.5 / 4])
  }

  @Test("what a loss says of itself")
  func properties() {
    let classes: [any Loss] = [.softmaxCrossEntropy, .categoricalCrossEntropy(labelSmoothing: 0.1)]
    let values: [any Loss] = [.meanSquaredError, .meanAbsoluteError, .huber()]
    for loss in classes + [.binaryCrossEntropy] + values {
      #expect(loss.absorbs(Softmax()) == (loss.outputKind == .classes))
      #expect(loss.absorbs(Sigmoid()) == (loss.outputKind == .decisions))
      #expect(!loss.absorbs(Tanh()) && !loss.absorbs(Dense(2)))
      #expect(loss.fused.outputKind == loss.outputKind)
      // What a layer is absorbed by takes what goes into that.
      #expect(loss.fused.takesScores == (loss.absorbedLayer != nil))
    }
    #expect(classes.allSatisfy { $0.outputKind == .classes })
    #expect(values.allSatisfy { $0.outputKind == .values })
    #expect(classes[0].takesScores && !classes[1].takesScores)
    #expect((classes[1].fused as? SoftmaxCrossEntropy)?.labelSmoothing == 0.1)
    // The fused form takes scores: log 2 for two equal ones.
    let (losses, _) = extreme(CategoricalCrossEntropy().fused, [0, 0, 0, 0]).evaluate(scale: 1)
    #expect(abs(Double(losses.elements[0]) - 0.6931471805599453) < 2 * floatRounding)
  }
}
