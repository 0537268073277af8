import ArgumentParser
import Maru

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print the layers of a model.")

  @OptionGroup var model: ModelArgument

  func run() throws { print(try model.load().model.summary(), terminator: "") }
}
