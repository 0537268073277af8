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
    let dataset = try data.load(dataset)
    try file.check(against: dataset, path: model.model)
    file.model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let test = dataset.test
    let figures = try file.model.evaluate(test.images, test.labels)
    let predicted = try file.model.predict(test.images).argmaxOfRows()
    let matrix = ConfusionMatrix(
      labels: test.labels, predictions: predicted, classCount: dataset.classNames.count)
    if json {
      let fields = figures.map { "\"\($0.name)\": \($0.value.asJSON)" }
      print("{\(fields.joined(separator: ", ")), \"samples\": \(test.count)}")
      return
    }
    let text = figures.map { "\($0.name): \($0.value.fixed(4))" }
    print(text.joined(separator: " - "), "over \(test.count.grouped) test \(dataset.noun)")
    print(matrix.report(names: dataset.classNames), terminator: "")
    print(matrix.table(names: dataset.classNames), terminator: "")
  }
}

extension ModelFile {
  /// Makes sure that the model takes the data's images and knows its classes.
  func check(against dataset: Dataset, path: String) throws {
    let shape = dataset.test.images.shape
    guard model.inputShape == shape || model.inputShape == [shape.count] else {
      throw Failure.data(
        "\(path): the model expects samples of shape \(model.inputShape), "
          + "\(dataset.name) has \(shape)")
    }
    guard model.outputShape == [dataset.classNames.count] else {
      throw Failure.data(
        "\(path): the model has outputs of shape \(model.outputShape), "
          + "\(dataset.name) has \(dataset.classNames.count) classes")
    }
    guard classNames.isEmpty || classNames == dataset.classNames else {
      throw Failure.data(
        "\(path): the model tells \(classNames.joined(separator: ", ")) apart, "
          + "\(dataset.name) has \(dataset.classNames.joined(separator: ", "))")
    }
  }
}
