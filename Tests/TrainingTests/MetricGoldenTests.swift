import Testing
import TestSupport
import Training

/// A regression's figures by scikit-learn; targets and predictions row by row.
struct Regression: Sendable {
  let columns: Int
  let targets, predictions: [Float]
  let mae, rmse, r2: Double
}

/// Scores of two classes, with the area under the ROC curve and the mean F1 of a threshold of 0.
struct Ranking: Sendable {
  let labels: [Int]
  let scores: [Float]
  let auc, f1: Double
}

/// Scores of classes row by row, with the mean of the classes' F1.
struct Classification: Sendable {
  let labels: [Int]
  let scores: [Float]
  let classes: Int
  let f1: Double
}

/// Metrics against what scikit-learn computes for the same numbers.
@Suite struct MetricGoldenTests {
  /// A model without layers hands its input on.
  private func figures(
    _ scores: [Float], columns: Int, _ targets: Targets, _ loss: any Loss, _ metrics: [any Metric]
  ) throws -> Figures {
    let model = try Sequential(inputShape: [columns], [])
    model.compile(optimizer: .sgd(), loss: loss, metrics: metrics)
    return try model.evaluate(
      Tensor(scores, shape: [scores.count / columns, columns]), targets)
  }

  private func value(_ name: String, _ figures: Figures) throws -> Double {
    try #require(figures[name], "\(name)")
  }

  @Test(arguments: MetricGoldens.regressions)
  func errorsOfValues(_ golden: Regression) throws {
    let rows = golden.targets.count / golden.columns
    let figures = try figures(
      golden.predictions, columns: golden.columns,
      .values(Tensor(golden.targets, shape: [rows, golden.columns])), .huber(),
      [.meanAbsoluteError, .rootMeanSquaredError, .r2])
    #expect(figures.names == ["loss", "mae", "rmse", "r2"])
    // A difference of floats is rounded to 2⁻²⁴ of itself, where it is not exact.
    #expect(abs(try value("mae", figures) / golden.mae - 1) < 1e-6)
    #expect(abs(try value("rmse", figures) / golden.rmse - 1) < 1e-6)
    #expect(abs(try value("r2", figures) - golden.r2) < 1e-9)
  }

  @Test(arguments: MetricGoldens.regressions)
  func scoresOfTargetsHaveTheMeansOfAll(_ golden: Regression) throws {
    let shape: Shape = [golden.targets.count / golden.columns, golden.columns]
    let (predictions, targets) = (
      Tensor(golden.predictions, shape: shape), Tensor(golden.targets, shape: shape)
    )
    let scores = RegressionScores(predictions: predictions, targets: targets)
    #expect(scores.targets.count == golden.columns)
    #expect(abs(scores.mean.mae / golden.mae - 1) < 1e-6)
    #expect(abs(scores.mean.rmse / golden.rmse - 1) < 1e-6)
    #expect(abs(scores.mean.r2 - golden.r2) < 1e-9)
    let units = (0..<golden.columns).map { Double($0) + 2 }
    let scaled = RegressionScores(predictions: predictions, targets: targets, units: units)
    for (column, unit) in units.enumerated() {
      #expect(scaled.targets[column].mae == unit * scores.targets[column].mae)
      #expect(scaled.targets[column].rmse == unit * scores.targets[column].rmse)
      #expect(scaled.targets[column].r2 == scores.targets[column].r2)
    }
  }

  @Test(arguments: MetricGoldens.rankings)
  func areasOfTwoClasses(_ golden: Ranking) throws {
    let metrics: [any Metric] = [.rocAUC, .macroF1]
    let decision = try figures(
      golden.scores, columns: 1, .classes(golden.labels), .binaryCrossEntropy, metrics)
    let values = Tensor(golden.labels.map { Float($0) }, shape: [golden.labels.count, 1])
    let asValues = try figures(
      golden.scores, columns: 1, .values(values), .binaryCrossEntropy, metrics)
    let classes = try figures(
      golden.scores.flatMap { [-$0 / 2, $0 / 2] }, columns: 2, .classes(golden.labels),
      .softmaxCrossEntropy, metrics)
    #expect(decision == asValues)
    for figures in [decision, classes] {
      expectClose([try value("auc", figures)], [golden.auc], within: 1e-15)
      expectClose([try value("f1_macro", figures)], [golden.f1], within: 1e-15)
    }
  }

  @Test(arguments: MetricGoldens.classifications)
  func meanF1OfClasses(_ golden: Classification) throws {
    let figures = try figures(
      golden.scores, columns: golden.classes, .classes(golden.labels), .softmaxCrossEntropy,
      [.macroF1])
    expectClose([try value("f1_macro", figures)], [golden.f1], within: 1e-15)
    let model = try Sequential(inputShape: [golden.classes], [])
    let scores = Tensor(golden.scores, shape: [golden.labels.count, golden.classes])
    let matrix = ConfusionMatrix(
      labels: golden.labels, predictions: try model.predict(scores).argmaxOfRows(),
      classCount: golden.classes)
    expectClose([try value("f1_macro", figures)], [matrix.macroF1], within: 1e-15)
  }

  /// As scikit-learn says, which warns of it.
  @Test func whatHasNoValueIsNaN() throws {
    let one = try figures(
      [1], columns: 1, .values(Tensor([2], shape: [1, 1])), .meanSquaredError, [.r2])
    #expect(try value("r2", one).isNaN)
    let oneClass = try figures(
      [1, 2], columns: 1, .classes([1, 1]), .binaryCrossEntropy, [.rocAUC])
    #expect(try value("auc", oneClass).isNaN)
    let lost = try figures(
      [1, .nan], columns: 1, .classes([1, 0]), .binaryCrossEntropy, [.accuracy, .rocAUC, .macroF1])
    #expect(try value("auc", lost).isNaN)
    // The NaN is neither answer: F1 of 1 and of 0.
    #expect(lost["accuracy"] == 0.5 && lost["f1_macro"] == 0.5)
    let none = try figures(
      [], columns: 1, .classes([]), .binaryCrossEntropy, [.accuracy, .rocAUC, .macroF1])
    #expect(none.allSatisfy { $0.value.isNaN })
  }
}
