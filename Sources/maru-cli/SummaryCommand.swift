import ArgumentParser
import Maru

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print the layers of a model, and draw its weights.")

  @OptionGroup var model: ModelArgument
  @Option(
    help: ArgumentHelp(
      "Draw the weights to this .svg or .png file: a picture a class of a linear model, a picture "
        + "a unit of a network's first layer.", valueName: "file"))
  var weights: String?

  func validate() throws { try PictureFile.checkName(weights, of: "--weights") }

  func run() throws {
    let picture = try weights.map { try PictureFile(checking: $0) }
    let file = try model.load()
    let chart = try picture.map { _ in try weights(of: file) }
    Results.print(lines: file.model.summary(width: Terminal.standardOutput.limit))
    if let picture, let chart { try picture.write(chart) }
  }

  private func weights(of file: ModelFile) throws -> Chart {
    do {
      let isLinear = file.model.layers.count { $0 is Dense } == 1
      return isLinear
        ? try .weights(of: file.model, classNames: file.classNames)
        : try .firstLayerWeights(of: file.model)
    } catch {
      throw Failure.data("--weights: \(model.model): \(error)")
    }
  }
}
