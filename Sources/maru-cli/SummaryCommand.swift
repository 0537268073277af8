import ArgumentParser
import Maru

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print the layers of a model, and draw its weights.")

  @OptionGroup var model: ModelArgument
  @Option(
    help: ArgumentHelp(
      "Draw the weights to this .svg or .png file: one picture per class of a linear model, one "
        + "per unit, or per filter and channel, of a network's first layer.", valueName: "file"))
  var weights: String?
  @OptionGroup var force: ForceOption
  @Flag(help: "Print what a training step does: its phases, their parts, where threads wait.")
  var plan = false
  @Option(name: .customLong("batch-size"), help: "Samples of the step that --plan prints.")
  var batchSize = 32
  @Option(help: "Threads of the step that --plan prints (default: the usable processors).")
  var threads: Int?

  func validate() throws {
    try PictureFile.checkName(weights, of: "--weights")
    try force.check(with: weights, of: "--weights")
    guard batchSize >= 1 else {
      throw ValidationError("--batch-size: expected at least 1, found \(batchSize)")
    }
    guard (threads ?? 1) >= 1 else {
      throw ValidationError("--threads: expected at least 1, found \(threads ?? 0)")
    }
  }

  func run() throws {
    let picture = try weights.map {
      try PictureFile(checking: $0, of: "--weights", unless: force)
    }
    let file = try model.load()
    let chart = try picture.map { _ in try weights(of: file) }
    let width = Terminal.standardOutput.limit
    Results.print(lines: file.model.summary(width: width))
    if plan {
      if let threads { file.model.threads = threads }
      Results.print(lines: file.model.planTable(batchSize: batchSize, width: width))
    }
    if let picture, let chart { try picture.write(chart) }
  }

  private func weights(of file: ModelFile) throws -> Chart {
    do {
      return file.model.hasOneWeight
        ? try .weights(of: file.model, classNames: file.classNames)
        : try .firstLayerWeights(of: file.model)
    } catch {
      throw Failure.data("--weights: \(model.model): \(error)")
    }
  }
}
