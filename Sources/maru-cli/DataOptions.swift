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

  func load() throws -> ModelFile { try ModelFile(contentsOf: RunFolder.modelPath(model)) }
}

extension Dataset {
  /// What the samples are called.
  var noun: String { train.images.shape.rank >= 2 ? "images" : "samples" }

  /// One line on what was loaded.
  var overview: String {
    let shape = train.images.shape.sizes.map(String.init).joined(separator: "×")
    return "\(name): \(train.count.grouped) training and \(test.count.grouped) test \(noun) "
      + "of \(shape), \(classNames.count) classes"
  }
}
