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
  @Option(
    help: "mnist, fashion-mnist, digits, a folder with four IDX files, or a .npz or .csv file.")
  var dataset: String?
  @OptionGroup var data: DataOptions
  @Option(
    help:
      "Layers, first to last: UNITS[:ACTIVATION], dropout:RATE, flatten, as 128:relu,10:softmax.")
  var layers: String?
  @OptionGroup var components: ComponentOptions
  @Option(help: "How weights are updated.")
  var optimizer: OptimizerName?
  @Option(
    parsing: .unconditional, help: "The learning rate. (default: that of the optimizer in Keras)")
  var learningRate: Float?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Samples a step, or full for all of them.", valueName: "n|full"))
  var batchSize: BatchSize?
  @Option(parsing: .unconditional, help: "How often the training samples are gone through.")
  var epochs: Int?
  @Option(
    parsing: .unconditional,
    help: "The part of the training samples held out for validation, from 0 to below 1.")
  var validationSplit: Double?
  @Option(help: "Which part is held out.")
  var split: SplitName = .last
  @Option(
    parsing: .unconditional,
    help: "What initial weights, shuffling, dropout and the split follow from.")
  var seed: UInt64 = 0
  @Option(
    parsing: .unconditional,
    help: "Threads to use. (default: all processors that this process may use)")
  var threads: Int?
  @Option(help: ArgumentHelp("The folder to save the run in.", valueName: "dir"))
  var output: String?
  @Option(help: "How to report progress.")
  var progress: ProgressMode = .auto
  @Flag(help: "Print where the time of a step goes, by layer and kind of work.")
  var profile = false

  /// The options, completed by the settings of the exercise.
  private var settings: TrainingSettings {
    let base = exercise ?? .softmax
    let optimizer = optimizer ?? base.optimizer
    return TrainingSettings(
      dataset: dataset ?? base.dataset, layers: LayerList(text: layers ?? base.layers),
      optimizer: optimizer, learningRate: learningRate ?? optimizer.learningRate,
      batchSize: batchSize ?? .samples(base.batchSize), epochs: epochs ?? base.epochs,
      validationSplit: validationSplit ?? base.validationSplit, split: split, seed: seed,
      threads: threads ?? Processors.usable, components: components)
  }

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
    let settings = settings
    let layers = try settings.layers.layers()
    let dataset = try loadData(settings.dataset)
    let run = try TrainingRun(settings, layers, dataset)
    let folder = try output.map { try RunFolder(checking: $0) }
    if progress.isForPeople {
      Messages.print(dataset.overview)
      if let advice = KernelGain.advice { Messages.print(advice) }
      print(try run.completed().summary(), terminator: "")
    }
    let profile = profile ? StepProfile() : nil
    let result = try run.train(reporting: progress, profile: profile)
    print(result.testLine)
    if let profile { print(profile, terminator: "") }
    if let folder {
      let report = try result.report()
      try folder.write(result.model, result, report)
      if progress != .json, let error = report.pictureError {
        Messages.print("no pictures: \("\(error)".inOneLine)")
      }
      print("saved: \(folder.path)")
    }
  }

  /// The data asked for. Where the exercise's own are not there and none were named, generated
  /// digits take their place, and a line says so.
  private func loadData(_ name: String) throws -> Dataset {
    do {
      return try data.load(name)
    } catch let error as DatasetError
      where error.kind == .missingFile && dataset == nil && data.dataDirectory == nil
    {
      Messages.print(
        "\(name) was not found, so the generated digits are used; "
          + "to get it: maru data fetch \(name)")
      return try Dataset.load(.digits)
    }
  }
}
