import ArgumentParser
import Maru

/// Where data come from; shared by all commands that read any.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to look for data sets before $MARU_DATA, the cache and the system's packages.",
      valueName: "dir"))
  var dataDirectory: String?

  func load(_ name: String) throws -> Dataset {
    let source = try DatasetSource(parsing: name)
    return try Dataset.load(source, dataDirectory: dataDirectory)
  }
}

/// A model on disk: the file itself, or the folder of the run that wrote it.
struct ModelArgument: ParsableArguments {
  @Argument(help: "A model file, or the folder of a run.")
  var model: String

  func load() throws -> ModelFile {
    try RunFolder.checkIsFinished(model)
    return try ModelFile(contentsOf: RunFolder.modelPath(model))
  }

  /// The model, or a failure where its weights are no numbers to compute with.
  func loadToPredict() throws -> ModelFile {
    let file = try load()
    guard file.model.hasFiniteWeights else {
      throw Failure.data(
        "\(model): the model's weights are not finite, as training that diverges leaves them; "
          + "train it anew with a lower --learning-rate")
    }
    return file
  }
}

extension Dataset {
  /// Throws a failure that names the option where the samples are no images to draw.
  func checkImages(for option: String) throws {
    let shape = train.images.shape
    if shape.rank != 2 {
      throw Failure.usage("\(option): expected images, but \(name) has samples of shape \(shape)")
    }
  }
}
