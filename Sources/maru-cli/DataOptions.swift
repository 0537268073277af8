import ArgumentParser
import Maru

/// Where data come from; shared by all commands that read any.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to look for data sets before $MARU_DATA, the cache and the system's packages.",
      valueName: "dir"))
  var dataDirectory: String?

  func load(_ name: String, table: TableSettings = TableSettings()) throws -> Dataset {
    let source = try DatasetSource(parsing: name)
    let dataset = try Dataset.load(source, dataDirectory: dataDirectory, table: table)
    for note in dataset.notes { Messages.print("\(note)") }
    return dataset
  }

  /// Data as a model takes them; of a table all rows are to test with, but of the one that the model was
  /// trained on only those that were held out.
  func load(_ name: String, for file: ModelFile, _ options: TableOptions) throws -> Dataset {
    let source = try DatasetSource(parsing: name)
    if case .directory(let path) = source, let pictures = try file.pictures {
      let dataset = try Dataset(scoredPictures: path, by: pictures, classNames: file.classNames)
      for note in dataset.notes { Messages.print("\(note)") }
      return dataset
    }
    guard case .csv(let path) = source else {
      if let preparation = try file.preparation, !preparation.isOfBytes {
        throw Failure.data(
          "\(name): the model has learned from the columns of a table, and this is none")
      }
      return try load(name)
    }
    guard let preparation = try file.preparation else {
      return try Dataset(unprepared: Table(contentsOf: path, options))
    }
    let table = try Table(contentsOf: path, for: preparation, options)
    for note in preparation.notes(on: table) { Messages.print("\(note)") }
    let test = try preparation.labelled(table)
    return Dataset(scored: test, of: table, by: preparation)
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

extension Dataset {
  /// What the samples that a model is scored on are called, and which of a table they are.
  var scoredNoun: String { isHeldOut ? "held-out rows" : "test \(noun)" }
}
