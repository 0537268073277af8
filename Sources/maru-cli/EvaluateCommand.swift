import ArgumentParser
import Foundation
import Maru
import Text

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score a model on the test part of a data set.",
    discussion: """
      Of a table all rows are scored, but of the one that the model was trained on only those that were \
      held out.
      """)

  @OptionGroup var model: ModelArgument
  @Option(
    help:
      "mnist, fashion-mnist, digits, a folder with four IDX files, a .npz file or a table (.csv).")
  var dataset: String
  @OptionGroup var data: DataOptions
  @OptionGroup var text: TableTextOptions
  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func run() throws {
    let file = try model.loadToPredict()
    let dataset = try file.relabelled(
      try data.load(dataset, for: file, text.options), path: model.model)
    let test = dataset.test
    try MemoryNeed(scoring: file.model, samples: test.count).check(
      "--dataset: scoring \(test.count.grouped) \(dataset.noun) takes", threads: file.model.threads)
    if !dataset.isOfNumbers {
      file.model.compile(optimizer: .sgd(), loss: file.model.lossOfClasses)
    }
    let figures = try file.model.scored(test, dataset.preparation)
    let matrix = try dataset.isOfNumbers ? nil : confusion(file.model, dataset)
    if json {
      Results.print("\(try Evaluation(figures, matrix, dataset).text)")
      return
    }
    let text = figures.map { "\($0.name): \($0.value.fixed(4))" }
    Results.print(
      "\(text.joined(separator: " - ")) over \(test.count.grouped) \(dataset.scoredNoun)")
    guard let matrix else { return }
    let (names, width) = (dataset.classNames, Terminal.standardOutput.limit)
    Results.print(lines: matrix.report(names: names, width: width))
    Results.print(lines: matrix.table(names: names, width: width))
  }

  private func confusion(_ model: Sequential, _ dataset: Dataset) throws -> ConfusionMatrix {
    let guesses = try model.guesses(of: dataset.test.images)
    return ConfusionMatrix(
      labels: dataset.test.labels, predictions: guesses.map(\.label),
      classCount: dataset.classNames.count)
  }
}

/// What `--json` prints.
private struct Evaluation: Encodable {
  struct Class: Encodable {
    let precision, recall, f1: Double
    let support: Int
  }

  let samples: Int
  let figures: Figures
  let classes: [String: Class]?

  init(_ figures: Figures, _ matrix: ConfusionMatrix?, _ dataset: Dataset) {
    (self.figures, samples) = (figures, dataset.test.count)
    classes = matrix.map { matrix in
      let rows = dataset.classNames.indices.map { label in
        let figures = matrix.figures(label)
        return (
          dataset.classNames[label],
          Class(
            precision: figures[0], recall: figures[1], f1: figures[2],
            support: matrix.support(label))
        )
      }
      return Dictionary(rows) { first, _ in first }
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    for (name, value) in figures {
      try object.encode(FiniteOrNull(value), forKey: Key(stringValue: name))
    }
    try object.encode(samples, forKey: Key(stringValue: "samples"))
    try object.encodeIfPresent(classes, forKey: Key(stringValue: "classes"))
  }

  var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
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
    if dataset.preparation != nil { return dataset }
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
