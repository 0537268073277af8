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
  @Option(
    help: ArgumentHelp(
      "Draw what the first layers of a convolutional network make of the first image.",
      valueName: "file"))
  var activations: String?

  /// The options that were given, and their files.
  var given: [(option: String, path: String)] {
    [
      ("--chart", chart), ("--mistakes", mistakes), ("--confusion", confusion),
      ("--activations", activations),
    ].compactMap { option, path in path.map { (option, $0) } }
  }

  /// Those that show what is right, too.
  var givenOfClasses: [(option: String, path: String)] {
    given.filter { $0.option != "--activations" }
  }

  func validate() throws {
    try PictureFile.checkName(chart, of: "--chart")
    try PictureFile.checkName(mistakes, of: "--mistakes")
    try PictureFile.checkName(confusion, of: "--confusion")
    try PictureFile.checkName(activations, of: "--activations")
  }

  /// Makes sure that all can be drawn and written; call it before the work.
  func checked(unless force: ForceOption) throws -> Files {
    let file = { (path: String?, option: String) in
      try path.map { try PictureFile(checking: $0, of: option, unless: force) }
    }
    return try Files(
      chart: file(chart, "--chart"), mistakes: file(mistakes, "--mistakes"),
      confusion: file(confusion, "--confusion"), activations: file(activations, "--activations"))
  }

  /// The files of the pictures that were asked for.
  struct Files {
    let chart, mistakes, confusion, activations: PictureFile?

    /// Draws what the layers make of the first image, or throws a failure where they give no images.
    func writeActivations(of model: Sequential, on images: Images, at path: String) throws {
      guard let activations, images.count > 0 else { return }
      do {
        try activations.write(.activations(of: model, on: images))
      } catch let error as ChartError where error.kind == .noImages {
        throw Failure.data("--activations: \(path): \(error)")
      }
    }

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
