import ArgumentParser
import Maru

/// The pictures of what a model makes of a data set's test images.
struct PredictionPictures: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Draw the first 15 predictions with their probabilities to this .svg or .png file.",
      valueName: "file"))
  var chart: String?
  @Option(
    help: ArgumentHelp("Draw the wrong predictions, most confident first.", valueName: "file"))
  var mistakes: String?
  @Option(
    help: ArgumentHelp("Draw how often which class was taken for which.", valueName: "file"))
  var confusion: String?

  /// The options that were given.
  var given: [String] {
    [("--chart", chart), ("--mistakes", mistakes), ("--confusion", confusion)]
      .compactMap { option, path in path.map { _ in option } }
  }

  func validate() throws {
    try PictureFile.checkName(chart, of: "--chart")
    try PictureFile.checkName(mistakes, of: "--mistakes")
    try PictureFile.checkName(confusion, of: "--confusion")
  }

  /// Makes sure that all can be drawn and written; call it before the work.
  func check() throws {
    for path in [chart, mistakes, confusion] {
      if let path { _ = try PictureFile(checking: path) }
    }
  }

  /// Draws what was asked for.
  /// - Parameters:
  ///   - probabilities: of the test images, [images, classes]
  ///   - dataset: what they are of
  func write(_ probabilities: Tensor, of dataset: Dataset) throws {
    let (test, names) = (dataset.test, dataset.classNames)
    if let chart {
      try PictureFile(checking: chart).write(
        .predictions(
          test, probabilities, classNames: names, title: "Predictions of \(dataset.name)"))
    }
    if let mistakes {
      try PictureFile(checking: mistakes).write(
        .mistakes(test, probabilities, classNames: names))
    }
    if let confusion {
      let matrix = ConfusionMatrix(
        labels: test.labels, predictions: probabilities.argmaxOfRows(), classCount: names.count)
      try PictureFile(checking: confusion).write(.confusionMatrix(matrix, classNames: names))
    }
  }
}
