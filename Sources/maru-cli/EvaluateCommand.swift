import ArgumentParser
import Maru

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score a model on the test part of a data set.")

  @OptionGroup var model: ModelArgument
  @Option(
    help: "mnist, fashion-mnist, digits, a folder with four IDX files, or a .npz or .csv file.")
  var dataset: String
  @OptionGroup var data: DataOptions
  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func run() throws {
    let file = try model.loadToPredict()
    let dataset = try file.relabelled(try data.load(dataset), path: model.model)
    file.model.compile(optimizer: .sgd(), loss: file.model.lossOfClasses)
    let test = dataset.test
    try MemoryNeed(scoring: file.model, samples: test.count).check(
      "--dataset: scoring \(test.count.grouped) \(dataset.noun) takes", threads: file.model.threads)
    let figures = try file.model.evaluate(test.images, test.labels)
    if json {
      let fields = figures.map { "\"\($0.name)\": \($0.value.asJSON)" }
      Results.print("{\(fields.joined(separator: ", ")), \"samples\": \(test.count)}")
      return
    }
    let guesses = try file.model.guesses(of: test.images)
    let matrix = ConfusionMatrix(
      labels: test.labels, predictions: guesses.map(\.label),
      classCount: dataset.classNames.count)
    let text = figures.map { "\($0.name): \($0.value.fixed(4))" }
    Results.print(
      "\(text.joined(separator: " - ")) over \(test.count.grouped) test \(dataset.noun)")
    let (names, width) = (dataset.classNames, Terminal.standardOutput.limit)
    Results.print(lines: matrix.report(names: names, width: width))
    Results.print(lines: matrix.table(names: names, width: width))
  }
}

extension ModelFile {
  /// The data with their labels as the model counts its classes, of which they may lack some.
  ///
  /// Throws a failure where the model does not take the images, or does not know a class.
  func relabelled(_ dataset: Dataset, path: String) throws -> Dataset {
    let shape = dataset.test.images.shape
    guard model.inputShape == shape || model.inputShape == [shape.count] else {
      throw Failure.data(
        "\(path): the model expects samples of shape \(model.inputShape), "
          + "\(dataset.name) has \(shape)")
    }
    let names = dataset.classNames
    // Classes without names are those of the data where there are as many, or else their numbers.
    let outputs = model.outputShape
    let known =
      !classNames.isEmpty
      ? classNames : outputs == [names.count] ? names : (0..<outputs.count).map(String.init)
    guard outputs == [known.count] else {
      throw Failure.data(
        "\(path): the model has outputs of shape \(outputs), "
          + "\(dataset.name) has \(names.count) classes")
    }
    if known == names { return dataset }
    let places = Dictionary(zip(known, known.indices)) { first, _ in first }
    let unknown = names.filter { places[$0] == nil }
    guard unknown.isEmpty else {
      throw Failure.data(
        "\(path): the model tells \(known.joined(separator: ", ")) apart, "
          + "\(dataset.name) also has \(unknown.joined(separator: ", "))")
    }
    let relabelled = { (part: LabelledImages) in
      LabelledImages(
        images: part.images, labels: part.labels.compactMap { places[names[$0]] })
    }
    return Dataset(
      name: dataset.name, classNames: known, train: relabelled(dataset.train),
      test: relabelled(dataset.test))
  }
}
