import ArgumentParser
import Foundation
import Maru
import ONNXFiles

/// The forms that a model can be written in for other programs.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument {
  case pytorch, onnx, npz
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a model for another program.",
    discussion: """
      For PyTorch: a folder with the weights as the state of an nn.Sequential \
      (\(PyTorchExport.weightsName)), and a Python file that rebuilds the network \
      (\(PyTorchExport.scriptName)). For ONNX: one file, of the network in inference. For NumPy: \
      one file (npz), of the weights alone. The network of a table takes the numbers of its columns as \
      they are, for PyTorch and ONNX: NaN where one is missing, 50 for 50 %, 1 for true and yes, 0 for \
      false and no.
      """)

  @OptionGroup var model: ModelArgument
  @Option(help: "The program or the form to write for.")
  var to: ExportFormat
  @Option(help: ArgumentHelp("The file to write, or for pytorch the folder.", valueName: "path"))
  var output: String
  @OptionGroup var force: ForceOption

  /// The files to write.
  private var paths: [String] {
    switch to {
    case .pytorch: [PyTorchExport.weightsName, PyTorchExport.scriptName].map { "\(output)/\($0)" }
    case .onnx, .npz: [output]
    }
  }

  func run() throws {
    let source = URL(fileURLWithPath: RunFolder.modelPath(model.model)).resolvingSymlinksInPath()
    for path in paths where URL(fileURLWithPath: path).resolvingSymlinksInPath() == source {
      throw Failure.usage("--output \(output): \(path) is the model itself")
    }
    try force.check(paths, of: output)
    // Arrays may be looked at whatever is in them.
    let contents = try contents(of: to == .npz ? model.load() : model.loadToPredict())
    let files = Array(zip(paths, contents))
    let folder = to == .pytorch ? try OutputFolder(output) : nil
    try Interrupts.heldBack {
      defer { folder?.removeIfEmpty() }
      try folder?.create()
      try AtomicFile.write(files)
    }
    for path in paths { Results.print("saved: \(path)") }
  }

  private func contents(of file: ModelFile) throws -> [Data] {
    let (path, option) = (RunFolder.modelPath(model.model), "--to \(to.rawValue)")
    switch to {
    case .pytorch:
      let export = try PyTorchExport(file, units: file.units(option), path: path)
      return [export.weights, Data(export.script.utf8)]
    case .onnx: return [try ONNXExport(file, units: file.units(option), path: path).contents]
    case .npz:
      let tensors = Array(zip(file.model.weightNames, file.model.weights))
      return [try NumPyFile.archive(of: tensors, for: path)]
    }
  }
}
