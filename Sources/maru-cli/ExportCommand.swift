import ArgumentParser
import Foundation
import Maru

/// The forms that a model can be written in for other programs.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument {
  case pytorch
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a model for another program.",
    discussion: """
      For PyTorch: the weights as the state of an nn.Sequential (\(PyTorchExport.weightsName)), \
      and a Python file that rebuilds the network (\(PyTorchExport.scriptName)).
      """)

  @OptionGroup var model: ModelArgument
  @Option(help: "The program to write for.")
  var to: ExportFormat
  @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir"))
  var output: String

  func run() throws {
    let export = try PyTorchExport(model.load(), path: RunFolder.modelPath(model.model))
    let paths = [PyTorchExport.weightsName, PyTorchExport.scriptName].map { output + "/" + $0 }
    let source = URL(fileURLWithPath: RunFolder.modelPath(model.model)).resolvingSymlinksInPath()
    for path in paths where URL(fileURLWithPath: path).resolvingSymlinksInPath() == source {
      throw Failure.usage("--output \(output): \(path) is the model itself")
    }
    try makeFolder()
    try Interrupts.heldBack {
      try AtomicFile.write([(paths[0], export.weights), (paths[1], Data(export.script.utf8))])
    }
    for path in paths { print("saved: \(path)") }
  }

  private func makeFolder() throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) {
      guard isFolder.boolValue else {
        throw Failure.inputOutput("--output \(output): expected a folder, found a file")
      }
      return
    }
    do {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    } catch {
      throw Failure.inputOutput(
        "--output \(output): cannot create the folder: \(error.localizedDescription)")
    }
  }
}
