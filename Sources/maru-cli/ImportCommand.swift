import ArgumentParser
import Foundation
import Maru

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model of a PyTorch network's weights.",
    discussion: """
      Takes the state of an nn.Sequential of Linear and activation layers: a safetensors file, \
      or a NumPy archive (.npz), with the tensors 0.weight, 0.bias and so on, or layers.0.weight \
      and so on, as maru export --to npz writes them. The activations are not in it; --layers \
      tells them. A leaky-relu without a slope gets PyTorch's, 0.01, where maru train has 0.3.
      """)

  @Argument(help: "A safetensors file or a .npz file.")
  var file: String
  @Option(help: "Layers, first to last, as in maru train: 128:relu,10:softmax.")
  var layers: String
  @Option(help: ArgumentHelp("The model file to write.", valueName: "file"))
  var output: String
  @OptionGroup var force: ForceOption

  /// That of PyTorch's `LeakyReLU` unless it is told otherwise; a state does not hold it.
  private static let leakySlope: Float = 0.01

  func run() throws {
    let list = LayerList(text: layers)
    let layers = try list.layers(leakySlope: Self.leakySlope)
    let real = [file, output].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    guard real[0] != real[1] else {
      throw Failure.usage("--output \(output): expected another file than the one to read")
    }
    try force.check([output], of: output)
    let model = try read(layers)
    guard model.model.hasFiniteWeights else {
      throw Failure.data(
        "\(file): the weights are not finite, so that a model of them could predict nothing")
    }
    try Interrupts.heldBack { try model.write(to: output) }
    if list.leavesSlopeOpen {
      Messages.print(
        """
        leaky-relu: slope \(Self.leakySlope) is taken, PyTorch's unless told otherwise; \
        leaky-relu:SLOPE gives another, as \(LeakyReLU().slope), that of maru train
        """)
    }
    Results.print(lines: model.model.summary(width: Terminal.standardOutput.limit))
    Results.print("saved: \(output)")
  }

  private func read(_ layers: [any Layer]) throws -> ModelFile {
    guard file.lowercased().hasSuffix(".npz") else {
      return try ModelFile(stateDictOf: file, layers: layers)
    }
    let archive = try NumPyArchive(contentsOf: file)
    let tensors = try archive.names.compactMap { name in
      try archive.array(name).map { (name: name, tensor: $0.tensor) }
    }
    return try ModelFile(stateDict: tensors, layers: layers, path: file)
  }
}
