import Maru
import Text

/// How good a model is on samples whose answers are known.
struct Scores {
  /// The loss and what else is told of all.
  let figures: Figures
  /// Of numbers, the errors of each target by its name.
  let targets: [(name: String, figures: RegressionScores.Figures)]

  /// The errors of each target, where there are several.
  func table(width: Int?) -> String? {
    if targets.count < 2 { return nil }
    var table = TextTable([
      ("target", .left), ("mae", .right), ("rmse", .right), ("r2", .right),
    ])
    for (name, figures) in targets {
      table.append(
        [name, figures.mae.significant(5), figures.rmse.significant(5), figures.r2.fixed(4)])
    }
    return table.text(width: width)
  }
}

extension Sequential {
  /// The loss and the metrics over samples. Of numbers these are the errors in the units of the data,
  /// for which the model is compiled anew.
  /// - Parameters:
  ///   - part: the samples
  ///   - label: what the model predicts
  ///   - loss: the loss of numbers
  func scored(
    _ part: LabelledImages, _ label: Preparation.Label?, loss: any Loss
  ) throws -> Scores {
    guard let targets = part.targets, let label else {
      return Scores(figures: try evaluate(part.images, part.goal), targets: [])
    }
    compile(optimizer: .sgd(), loss: loss)
    let scores = RegressionScores(
      predictions: try predict(part.images), targets: targets,
      units: label.targets.map { Double($0.deviation) })
    let (total, mean) = (try evaluate(part.images, part.goal).loss, scores.mean)
    return Scores(
      figures: Figures([
        ("loss", total), ("mae", mean.mae), ("rmse", mean.rmse), ("r2", mean.r2),
      ]), targets: Array(zip(label.targets.map(\.name), scores.targets)))
  }
}
