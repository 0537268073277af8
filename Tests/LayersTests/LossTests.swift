import Layers
import Testing
import TestSupport

/// Losses on random data, with their functions in double precision.
private struct LossCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let loss: Loss
  let function: LossFunctions.Function
  var usesLabels = true
  var usesProbabilities = false
  /// Whether probabilities are each of its own, and do not add up to 1.
  var usesSeparateProbabilities = false
  var usesWeights = false

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
      function: LossFunctions.softmaxCrossEntropy),
    LossCase(
      testDescription: "softmax, distributions, smoothed and weighted",
      loss: .softmaxCrossEntropy(labelSmoothing: 0.2), function: LossFunctions.softmaxCrossEntropy,
      usesLabels: false, usesWeights: true),
    LossCase(
      testDescription: "softmax, labels, weighted", loss: .softmaxCrossEntropy,
      function: LossFunctions.softmaxCrossEntropy, usesWeights: true),
    LossCase(
      testDescription: "probabilities, labels", loss: .categoricalCrossEntropy(),
      function: LossFunctions.categoricalCrossEntropy, usesProbabilities: true),
    LossCase(
      testDescription: "probabilities, distributions, smoothed and weighted",
      loss: .categoricalCrossEntropy(labelSmoothing: 0.1),
      function: LossFunctions.categoricalCrossEntropy, usesLabels: false, usesProbabilities: true,
      usesWeights: true),
    LossCase(
      testDescription: "separate probabilities, labels", loss: .categoricalCrossEntropy(),
      function: LossFunctions.categoricalCrossEntropy, usesSeparateProbabilities: true),
    LossCase(
      testDescription: "separate probabilities, distributions, weighted",
      loss: .categoricalCrossEntropy(), function: LossFunctions.categoricalCrossEntropy,
      usesLabels: false, usesSeparateProbabilities: true, usesWeights: true),
    LossCase(
      testDescription: "binary", loss: .binaryCrossEntropy(),
      function: LossFunctions.binaryCrossEntropy, usesLabels: false),
    LossCase(
      testDescription: "binary, smoothed and weighted",
      loss: .binaryCrossEntropy(labelSmoothing: 0.2), function: LossFunctions.binaryCrossEntropy,
      usesLabels: false, usesWeights: true),
    LossCase(
      testDescription: "squared error", loss: .meanSquaredError,
      function: LossFunctions.meanSquaredError, usesLabels: false),
    LossCase(
      testDescription: "squared error, weighted", loss: .meanSquaredError,
      function: LossFunctions.meanSquaredError, usesLabels: false, usesWeights: true),
  ]

  func problem(rows: Int, columns: Int) -> LossProblem {
    var random = Seeded(UInt64(400 + columns))
    return LossProblem(
      testDescription: testDescription, loss: loss, rows: rows, columns: columns,
      scores: usesProbabilities
        ? random.distributions(rows, columns)
        : usesSeparateProbabilities
          ? random.values(rows * columns, margin: 0.05).map(abs)
          : random.values(rows * columns, limit: 4),
      labels: usesLabels ? random.labels(rows, below: columns) : nil,
      targets: usesLabels ? nil : random.distributions(rows, columns),
      weights: usesWeights ? random.values(rows, limit: 2).map(abs) : nil, random: random)
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
      let weight = problem.weight(ofRow: row)
      let target = Array(targets[range])
      values.append(weight * function(Array(scores[range]), target))
      let slopes = centralDifferences(
        at: Array(scores[range]), weights: [weight * Double(scale)]
      ) { [function($0, target)] }
      derivatives += slopes.derivatives
      // A derivative such as softmax − t comes from parts up to 1, apart from −t/p.
      sizes += slopes.sizes.map { $0 + weight * Double(scale) }
    }
    // Terms of up to 8, each with e^x or a logarithm to two roundings, and their sum.
    let roundings = Double(2 * columns + 12)
    expect(
      losses.elements,
      matches: Reference(
        rows: 1, columns: rows, values: values,
        bounds: (0..<rows).map {
          problem.weight(ofRow: $0) * 8 * roundings * floatRounding
        }),
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
  private func extreme(_ loss: Loss, _ scores: [Float]) -> LossProblem {
    LossProblem(
      testDescription: "", loss: loss, rows: 2, columns: scores.count / 2, scores: scores,
      labels: loss.takesLabels ? [1, 1] : nil,
      targets: loss.takesLabels
        ? nil : scores.indices.map { $0 % (scores.count / 2) == 1 ? 1 : 0 },
      weights: nil, random: Seeded(0))
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
    let (losses, gradient) = extreme(.binaryCrossEntropy(), [1e4, -1e4, -1e4, 1e4])
      .evaluate(scale: 1)
    #expect(losses.elements == [1e4, 0])
    #expect(gradient.elements == [0.5, -0.5, 0, 0])
  }

  @Test("probabilities of 0 and 1 are cut off: a finite loss, and no gradient")
  func extremeProbabilities() {
    let (losses, gradient) = extreme(.categoricalCrossEntropy(), [1, 0, 0, 1]).evaluate(scale: 1)
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
    for loss in [.softmaxCrossEntropy, .binaryCrossEntropy(), .meanSquaredError] as [Loss] {
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
        targets: whole.targets.map { Array($0[elements]) },
        weights: whole.weights.map { Array($0[start..<end]) }, random: whole.random
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
      (.binaryCrossEntropy(), LossFunctions.binaryCrossEntropy),
      (.softmaxCrossEntropy, LossFunctions.softmaxCrossEntropy),
      (.categoricalCrossEntropy(), LossFunctions.categoricalCrossEntropy),
    ] as [(Loss, LossFunctions.Function)] {
      let scores = random.values(columns, margin: 0.1).map(abs)
      let targets = random.distributions(1, columns)
      let problem = LossProblem(
        testDescription: "", loss: loss, rows: 1, columns: columns, scores: scores, labels: nil,
        targets: targets, weights: nil, random: random)
      let expected = function(scores.doubles, targets.doubles)
      let found = Double(problem.evaluate(scale: 1).losses.elements[0])
      #expect(abs(found / expected - 1) < 3e-7, "\(loss.takesLabels) \(random)")
    }
  }

  @Test("what a loss says of itself")
  func properties() {
    let probabilities = Loss.categoricalCrossEntropy(labelSmoothing: 0.1, classWeights: [1, 2])
    for loss in [.softmaxCrossEntropy, probabilities, .binaryCrossEntropy(), .meanSquaredError]
      as [Loss]
    {
      #expect(loss.absorbs(Softmax()) == loss.takesLabels)
      #expect(loss.absorbs(Sigmoid()) == loss.isYesOrNo)
      #expect(!loss.absorbs(Tanh()) && !loss.absorbs(Dense(2)))
    }
    #expect(Loss.softmaxCrossEntropy.isOfClasses && Loss.binaryCrossEntropy().isOfClasses)
    #expect(!Loss.meanSquaredError.isOfClasses)
    #expect(Loss.softmaxCrossEntropy.takesLabels && probabilities.takesLabels)
    #expect(!Loss.meanSquaredError.takesLabels && !Loss.binaryCrossEntropy().takesLabels)
    #expect(Loss.binaryCrossEntropy().isYesOrNo && !probabilities.isYesOrNo)
    #expect(
      probabilities.fused.labelSmoothing == 0.1 && probabilities.fused.classWeights == [1, 2])
    // The fused form takes scores: log 2 for two equal ones.
    let (losses, _) = extreme(Loss.categoricalCrossEntropy().fused, [0, 0, 0, 0]).evaluate(scale: 1)
    #expect(abs(Double(losses.elements[0]) - 0.6931471805599453) < 2 * floatRounding)
  }
}
