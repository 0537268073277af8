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

  /// The options that were given, and their files.
  var given: [(option: String, path: String)] {
    [("--chart", chart), ("--mistakes", mistakes), ("--confusion", confusion)]
      .compactMap { option, path in path.map { (option, $0) } }
  }

  func validate() throws {
    try PictureFile.checkName(chart, of: "--chart")
    try PictureFile.checkName(mistakes, of: "--mistakes")
    try PictureFile.checkName(confusion, of: "--confusion")
  }

  /// Makes sure that all can be drawn and written; call it before the work.
  func checked() throws -> Files {
    try Files(
      chart: chart.map { try PictureFile(checking: $0) },
      mistakes: mistakes.map { try PictureFile(checking: $0) },
      confusion: confusion.map { try PictureFile(checking: $0) })
  }

  /// The files of the pictures that were asked for.
  struct Files {
    let chart, mistakes, confusion: PictureFile?

    /// Draws them.
    /// - Parameters:
    ///   - guesses: what the model takes the test images for
    ///   - model: the model
    ///   - dataset: what has the test images
    func write(_ guesses: [Guess], by model: Sequential, of dataset: Dataset) throws {
      let (test, names) = (dataset.test, dataset.classNames)
      try chart?.write(
        .predictions(
          test, guesses, by: model, classNames: names, title: "Predictions of \(dataset.name)"))
      try mistakes?.write(.mistakes(test, guesses, by: model, classNames: names))
      if let confusion {
        let matrix = ConfusionMatrix(
          labels: test.labels, predictions: guesses.map(\.label), classCount: names.count)
        try confusion.write(.confusionMatrix(matrix, classNames: names))
      }
    }
  }
}
