import ArgumentParser
import Maru

/// The pictures of what a model makes of a data set's test images.
struct PredictionPictures: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Draw the first 15 predictions with their probabilities to this .svg or .png file; of numbers, all "
        + "against the true ones, and their residuals.",
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
  func checked(unless force: ForceOption) throws -> Files {
    let file = { (path: String?, option: String) in
      try path.map { try PictureFile(checking: $0, of: option, unless: force) }
    }
    return try Files(
      chart: file(chart, "--chart"), mistakes: file(mistakes, "--mistakes"),
      confusion: file(confusion, "--confusion"))
  }

  /// The files of the pictures that were asked for.
  struct Files {
    let chart, mistakes, confusion: PictureFile?

    /// Draws the first of them, and gives why it could not be, if it could not.
    func writeChart(_ made: Chart) -> [Failure] {
      do { try chart?.write(made) } catch { return [Failure(error) ?? .inputOutput("\(error)")] }
      return []
    }

    /// Draws them, each alone, and gives why some could not be.
    /// - Parameters:
    ///   - guesses: what the model takes the test images for
    ///   - model: the model
    ///   - dataset: what has the test images
    func write(_ guesses: [Guess], by model: Sequential, of dataset: Dataset) -> [Failure] {
      let (test, names) = (dataset.test, dataset.classNames)
      func failure(_ file: PictureFile?, _ chart: () throws -> Chart) -> Failure? {
        do { try file?.write(chart()) } catch { return Failure(error) ?? .inputOutput("\(error)") }
        return nil
      }
      let failures = [
        failure(chart) {
          try .predictions(
            test, guesses, by: model, classNames: names, title: "Predictions of \(dataset.name)")
        },
        failure(mistakes) { try .mistakes(test, guesses, by: model, classNames: names) },
        failure(confusion) {
          let matrix = ConfusionMatrix(
            labels: test.labels, predictions: guesses.map(\.label), classCount: names.count)
          return .confusionMatrix(matrix, classNames: names)
        },
      ]
      return failures.compactMap { $0 }
    }
  }
}
