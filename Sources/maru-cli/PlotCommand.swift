import ArgumentParser
import Maru

struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw the accuracy or the loss of a run over its epochs.",
    discussion: "A history of Keras as JSON will do for a run, too.")

  /// What is drawn over the epochs.
  enum Figure: String, CaseIterable, ExpressibleByArgument {
    case accuracy, loss
  }

  @Argument(
    help: ArgumentHelp("The folder of a run, or its history.json file.", valueName: "run"))
  var path: String
  @Option(help: "What to draw.")
  var figure: Figure = .accuracy
  @Option(help: ArgumentHelp("The .svg or .png file to draw to.", valueName: "file"))
  var output: String
  @OptionGroup var force: ForceOption

  func validate() throws { try PictureFile.checkName(output, of: "--output") }

  func run() throws {
    let picture = try PictureFile(checking: output, of: "--output", unless: force)
    try RunFolder.checkIsFinished(path)
    let path = RunFolder.historyPath(path)
    let run = try HistoryFile.read(path)
    let history = run.history
    for note in run.notes { Messages.print("\(path): \(note)") }
    let name = figure.rawValue
    guard (history[name] + history["val_\(name)"]).contains(where: \.isFinite) else {
      throw Failure.data("\(path): no \(name) of any epoch")
    }
    try picture.write(figure == .accuracy ? .accuracy(of: history) : .loss(of: history))
  }
}
