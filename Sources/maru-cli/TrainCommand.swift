import ArgumentParser
import Maru

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, and save it with its history.",
    discussion: """
      Without --exercise, the settings that are not given are those of the softmax exercise. \
      Progress goes to standard error, results to standard output.
      """)

  @Option(help: "The lesson's settings; any other option changes one of them.")
  var exercise: Exercise?
  @Option(help: "mnist, fashion-mnist, digits, or a folder with four IDX files.")
  var dataset: String?
  @OptionGroup var data: DataOptions
  @Option(
    help:
      "Layers, first to last: UNITS[:ACTIVATION], dropout:RATE, flatten, as 128:relu,10:softmax.")
  var layers: String?
  @Option(help: "How weights are updated.")
  var optimizer: OptimizerName?
  @Option(help: "The learning rate. (default: that of the optimizer in Keras)")
  var learningRate: Float?
  @Option(help: ArgumentHelp("Samples a step, or full for all of them.", valueName: "n|full"))
  var batchSize: BatchSize?
  @Option(help: "How often the training samples are gone through.")
  var epochs: Int?
  @Option(help: "The part of the training samples held out for validation, from 0 to below 1.")
  var validationSplit: Double?
  @Option(help: "Which part is held out.")
  var split: SplitName = .last
  @Option(help: "What initial weights, shuffling, dropout and the split follow from.")
  var seed: UInt64 = 0
  @Option(help: "Threads to use. (default: all processors that this process may use)")
  var threads: Int?
  @Option(help: ArgumentHelp("The folder to save the run in.", valueName: "dir"))
  var output: String?
  @Option(help: "How to report progress.")
  var progress: ProgressMode = .auto

  private var base: Exercise { exercise ?? .softmax }
  private var rate: Float { learningRate ?? (optimizer ?? base.optimizer).learningRate }

  func validate() throws {
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate: expected a number above 0, got \(learningRate)")
    }
    if let epochs, epochs < 1 {
      throw ValidationError("--epochs: expected at least 1, got \(epochs)")
    }
    if let validationSplit, !(0 <= validationSplit && validationSplit < 1) {
      throw ValidationError(
        "--validation-split: expected a number from 0 to below 1, got \(validationSplit)")
    }
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads: expected 1 to 1024, got \(threads)")
    }
  }

  func run() throws {
    let list = LayerList(text: layers ?? base.layers)
    let networkLayers = try list.layers()
    let (dataset, note) = try loadData()
    let shape = dataset.train.images.shape
    let model = try makeModel(
      networkLayers, inputShape: list.beginsWithFlatten ? shape : [shape.count],
      classes: dataset.classNames.count)
    let folder = try output.map { try RunFolder(creating: $0) }
    do {
      if progress != .json && progress != .none {
        Messages.print(note)
        warnOfOldKernels()
      }
      let history = try fit(model, dataset)
      let test = try model.evaluate(dataset.test.images, dataset.test.labels)
      try finish(model, dataset, history: history, test: test, list: list, folder: folder)
    } catch {
      folder?.removeIfEmpty()
      throw error
    }
  }

  /// The data asked for. Where the exercise's own are not there and none were named, generated
  /// digits take their place, and the line that comes with them says so.
  private func loadData() throws -> (dataset: Dataset, note: String) {
    do {
      let dataset = try data.load(dataset ?? base.dataset)
      return (dataset, dataset.overview)
    } catch let error as DatasetError
      where error.kind == .missingFile && dataset == nil && data.dataDirectory == nil
    {
      let digits = try Dataset.load(.digits)
      return (
        digits,
        "\(base.dataset) was not found, so the generated digits are used; to get it: maru data fetch \(base.dataset)"
      )
    }
  }

  private func makeModel(
    _ layers: [any Layer], inputShape: Shape, classes: Int
  ) throws -> Sequential {
    let model: Sequential
    do {
      model = try Sequential(inputShape: inputShape, layers, seed: seed)
    } catch {
      throw Failure.usage("--layers: \(error)")
    }
    let scores = layers.last is Softmax ? layers.dropLast() : layers[...]
    guard model.outputShape == [classes], scores.last is Dense else {
      throw Failure.usage(
        "--layers: expected to end in \(classes):softmax or \(classes), an output for each class of the data"
      )
    }
    if let threads { model.threads = threads }
    let rule = (optimizer ?? base.optimizer).optimizer(learningRate: rate)
    model.compile(optimizer: rule, loss: .softmaxCrossEntropy)
    return model
  }

  private func warnOfOldKernels() {
    if let advice = OpenBLAS.kernelAdvice { Messages.print(advice) }
  }

  private func fit(_ model: Sequential, _ dataset: Dataset) throws -> History {
    if progress != .json && progress != .none {
      print(model.summary(), terminator: "")
    }
    return try model.fit(
      dataset.train.images, dataset.train.labels, epochs: epochs ?? base.epochs,
      batchSize: (batchSize ?? .samples(base.batchSize)).count(of: dataset.train.count),
      validation: split.validation(validationSplit ?? base.validationSplit),
      callbacks: [progress.callback()].compactMap { $0 })
  }

  private func finish(
    _ model: Sequential, _ dataset: Dataset, history: History, test: Figures, list: LayerList,
    folder: RunFolder?
  ) throws {
    let accuracy = test["accuracy"] ?? .nan
    let result =
      "test loss: \(test.loss.fixed(4)) - test accuracy: \(accuracy.fixed(4))"
    print(result)
    guard let folder else { return }
    let size = (batchSize ?? .samples(base.batchSize)).count(of: dataset.train.count)
    let held = validationSplit ?? base.validationSplit
    let trained = Int(Double(dataset.train.count) * (1 - held))
    let parameters = RunParameters(
      dataset: dataset.name, layers: list.text, optimizer: optimizer ?? base.optimizer,
      learningRate: rate, batchSize: size, epochs: epochs ?? base.epochs,
      steps: (trained + size - 1) / size, validationSplit: held, split: split, seed: seed,
      threads: model.threads, core: OpenBLAS.coreName, parameters: model.parameterCount,
      testLoss: test.loss, testAccuracy: accuracy)
    let lines = [
      dataset.overview, model.summary(),
      "optimizer: \(parameters.optimizer.rawValue), learning rate \(rate), batch size \(size), seed \(seed)",
      "epochs: \(history.epochs.count) in \(history.seconds.reduce(0, +).fixed(2)) s",
      (history.epochs.last?.values ?? Figures([])).map { "\($0.name): \($0.value.fixed(4))" }
        .joined(separator: " - "),
      result,
    ]
    try folder.write(
      model, classNames: dataset.classNames, history: history, parameters: parameters,
      summary: lines.joined(separator: "\n") + "\n")
    print("saved: \(folder.path)")
  }
}
