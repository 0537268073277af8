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
    if case .csv(let path) = source, let preparation = try file.preparation {
      let table = try Table(contentsOf: path, for: preparation, options)
      for note in preparation.notes(on: table) { Messages.print("\(note)") }
      let test = try preparation.labelled(table)
      return Dataset(scored: test, of: table, by: preparation)
    }
    let dataset = try loadSamples(source, for: file, options)
    for note in dataset.notes { Messages.print("\(note)") }
    return dataset
  }

  /// What is no table of a model that has learned from one.
  private func loadSamples(
    _ source: DatasetSource, for file: ModelFile, _ options: TableOptions
  ) throws -> Dataset {
    let arrays = try file.arrays
    if case .csv(let path) = source {
      return try Dataset(unprepared: Table(contentsOf: path, options), by: arrays)
    }
    if try file.preparation != nil && arrays == nil {
      throw Failure.data(
        "\(source): the model has learned from the columns of a table, and this is none")
    }
    switch source {
    case .numPyArchive(let path): return try Dataset(scoredArrays: path, by: arrays)
    case .directory(let path) where source.isOfPictures:
      if let pictures = try file.pictures {
        return try Dataset(scoredPictures: path, by: pictures, classNames: file.classNames)
      }
    default: break
    }
    try arrays?.checkPixels("\(source)")
    return try Dataset.load(source, dataDirectory: dataDirectory)
  }
}

/// A model on disk: the file itself, or the folder of the run that wrote it.
struct ModelArgument: ParsableArguments {
  @Argument(help: "A model file, or the folder of a run.")
  var model: String

  func load() throws -> ModelFile { try ModelFile.read(model) }

  /// The model, or a failure where its weights are no numbers to compute with.
  func loadToPredict() throws -> ModelFile { try ModelFile.readToPredict(model) }
}

extension ModelFile {
  /// The model that an argument means.
  fileprivate static func read(_ argument: String) throws -> ModelFile {
    try RunFolder.checkIsFinished(argument)
    return try ModelFile(contentsOf: RunFolder.modelPath(argument))
  }

  /// The model that an argument means, or a failure where its weights are no numbers to compute with.
  static func readToPredict(_ argument: String) throws -> ModelFile {
    let file = try read(argument)
    guard file.model.hasFiniteWeights else {
      throw Failure.data(
        "\(argument): the model's weights are not finite, as training that diverges leaves them; "
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

extension ArrayPreparation {
  /// Throws a failure where the model does not take pixels as 0 to 1.
  func checkPixels(_ name: String) throws {
    if goesFrom0To1 { return }
    throw Failure.data(
      "\(name): the model has learned from numbers \(range), not from pixels as 0 to 1")
  }
}
