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
    let loss = try file.loss
    if !dataset.isOfNumbers {
      let metrics: [any Metric] =
        file.model.outputShape == [2] ? [.accuracy, .rocAUC] : [.accuracy]
      file.model.compile(optimizer: .sgd(), loss: loss, metrics: metrics)
    }
    let scores = try file.model.scored(test, dataset.label, loss: loss)
    let matrix = try dataset.isOfNumbers ? nil : confusion(file.model, dataset)
    if json {
      Results.print("\(try Evaluation(scores, matrix, dataset).text)")
      return
    }
    // Of one class alone there is no area.
    let text = scores.figures.filter { $0.name != ROCAUC().name || !$0.value.isNaN }
      .map { "\(Self.shown($0.name)): \($0.value.fixed(4))" }
    Results.print(
      "\(text.joined(separator: " - ")) over \(test.count.grouped) \(dataset.scoredNoun)")
    let (names, width) = (dataset.classNames, Terminal.standardOutput.limit)
    if let table = scores.table(width: width) { Results.print(lines: table) }
    guard let matrix else { return }
    Results.print(lines: matrix.report(names: names, width: width))
    Results.print(lines: matrix.table(names: names, width: width))
  }

  /// scikit-learn's name of the area under the curve, and those of the library.
  fileprivate static func shown(_ name: String) -> String {
    name == ROCAUC().name ? "roc_auc" : name
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

  struct Target: Encodable {
    let mae, rmse, r2: FiniteOrNull
  }

  let samples: Int
  let figures: Figures
  let classes: [String: Class]?
  /// By name, where there are several.
  let targets: [String: Target]?

  init(_ scores: Scores, _ matrix: ConfusionMatrix?, _ dataset: Dataset) {
    (figures, samples) = (scores.figures, dataset.test.count)
    let named = scores.targets.map { name, figures in
      (
        name,
        Target(
          mae: FiniteOrNull(figures.mae), rmse: FiniteOrNull(figures.rmse),
          r2: FiniteOrNull(figures.r2))
      )
    }
    targets = named.count < 2 ? nil : Dictionary(named) { first, _ in first }
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
      try object.encode(
        FiniteOrNull(value), forKey: Key(stringValue: EvaluateCommand.shown(name)))
    }
    try object.encode(samples, forKey: Key(stringValue: "samples"))
    try object.encodeIfPresent(classes, forKey: Key(stringValue: "classes"))
    try object.encodeIfPresent(targets, forKey: Key(stringValue: "targets"))
  }

  var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

/// Samples whose classes are counted as a model counts its own.
struct KnownSamples {
  let samples: Images
  let classNames: [String]
  /// The class of each sample; -1 where the model does not know it.
  let labels: [Int]
  /// The names of classes that it does not know.
  let unknown: [String]
}

extension ModelFile {
  /// The data with their labels as the model counts its classes, of which they may lack some.
  ///
  /// Throws a failure where the model does not take the samples, or does not know a class.
  func relabelled(_ dataset: Dataset, path: String) throws -> Dataset {
    guard let known = try known(dataset, path: path) else { return dataset }
    guard known.unknown.isEmpty else {
      throw Failure.data(
        "\(path): the model tells \(known.classNames.joined(separator: ", ")) apart, "
          + "\(dataset.name) also has \(known.unknown.joined(separator: ", "))")
    }
    if known.classNames == dataset.classNames { return dataset }
    let test = LabelledImages(images: known.samples, labels: known.labels)
    return Dataset(name: dataset.name, classNames: known.classNames, train: test, test: test)
  }

  /// The samples to test with by the model's classes; nil where these are those of the data, and where
  /// numbers are predicted.
  ///
  /// Throws a failure where the model does not take the samples, or predicts something else.
  func known(_ dataset: Dataset, path: String) throws -> KnownSamples? {
    let shape = dataset.test.images.shape
    guard model.inputShape == shape || model.inputShape == [shape.count] else {
      throw Failure.data(
        "\(path): the model expects samples of shape \(model.inputShape), "
          + "\(dataset.name) has \(shape)")
    }
    if dataset.preparation != nil { return nil }
    let outputs = model.outputShape
    if dataset.isOfNumbers {
      guard outputs == [dataset.outputs] else {
        throw Failure.data(
          "\(path): the model has outputs of shape \(outputs), "
            + "\(dataset.name) has \(dataset.outputs) numbers to predict")
      }
      return nil
    }
    guard try label?.task != .regression else {
      throw Failure.data("\(path): the model predicts numbers, \(dataset.name) has classes")
    }
    let names = dataset.classNames
    // Classes without names are those of the data where there are as many, or else their numbers.
    let known =
      !classNames.isEmpty
      ? classNames : outputs == [names.count] ? names : (0..<outputs.count).map(String.init)
    guard outputs == [known.count] else {
      throw Failure.data(
        "\(path): the model has outputs of shape \(outputs), "
          + "\(dataset.name) has \(names.count) classes")
    }
    let places = Dictionary(zip(known, known.indices)) { first, _ in first }
    let present = Set(dataset.test.labels)
    return KnownSamples(
      samples: dataset.test.images, classNames: known,
      labels: dataset.test.labels.map { places[names[$0]] ?? -1 },
      unknown: names.indices.filter { places[names[$0]] == nil && present.contains($0) }
        .map { names[$0] })
  }
}
