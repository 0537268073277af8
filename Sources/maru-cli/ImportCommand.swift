import ArgumentParser
import Foundation
import Maru

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a model of a PyTorch network's weights.",
    discussion: """
      Takes the state of a network of Conv2d, Linear, BatchNorm, LayerNorm and what has no \
      parameters, one after the other: a safetensors file, or a NumPy archive (.npz), with the \
      tensors 0.weight, 0.bias, fc1.weight and so on, as maru export --to npz writes them too. Activations and pools \
      are not in it; --layers tells them, with batchnorm and layernorm in their places, and --image the \
      size of the images that convolutions take. What it leaves open is \
      PyTorch's default: a slope of 0.01 of leaky-relu, where maru train has 0.3, and epsilon 1e-5 of \
      normalisations, where it has 1e-3.
      """)

  @Argument(help: "A safetensors file or a .npz file.")
  var file: String
  @Option(help: "Layers, first to last, as in maru train: 128:relu,10:softmax.")
  var layers: String
  @Option(
    help: ArgumentHelp(
      "The images that the first layer takes: 28x28 of one channel, or 32x32x3.",
      valueName: "heightxwidthxchannels"))
  var image: ImageShape?
  @Option(
    help: """
      Where weights of images have their channels: first, as PyTorch's [filters, channels, height, \
      width], or last, as Maru's. (default: last in files of Maru's, else first)
      """)
  var channels: Channels?
  @Option(help: ArgumentHelp("The model file to write.", valueName: "file"))
  var output: String
  @OptionGroup var force: ForceOption

  enum Channels: String, CaseIterable, ExpressibleByArgument { case first, last }

  func run() throws {
    let list = LayerList(text: layers)
    let defaults = LayerList.Defaults.pyTorch
    let layers = try list.layers(defaults)
    guard image != nil || !list.convolves else {
      throw Failure.usage(
        "--layers: convolutions do not tell the size of their images: give --image, as 28x28 or 32x32x3"
      )
    }
    let real = [file, output].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    guard real[0] != real[1] else {
      throw Failure.usage("--output \(output): expected another file than the one to read")
    }
    try force.check([output], of: output)
    let (model, modules, rounded) = try read(layers)
    guard model.model.hasFiniteWeights else {
      throw Failure.data(
        "\(file): the weights are not finite, so that a model of them could predict nothing")
    }
    try Interrupts.heldBack { try model.write(to: output) }
    if !modules.isEmpty {
      Messages.print("modules in the order of the layers: \(modules.joined(separator: ", "))")
    }
    if let first = rounded.first {
      Messages.print(
        "\(first)\(rounded.count == 1 ? "" : " and \(rounded.count - 1) more"): rounded to float32")
    }
    if list.normalizes {
      Messages.print(
        """
        batchnorm, layernorm: ε \(defaults.epsilon) is taken, PyTorch's unless told otherwise
        """)
    }
    if list.leavesSlopeOpen {
      Messages.print(
        """
        leaky-relu: slope \(defaults.slope) is taken, PyTorch's unless told otherwise; \
        leaky-relu:SLOPE gives another, as \(LeakyReLU().slope), that of maru train
        """)
    }
    Results.print(lines: model.model.summary(width: Terminal.standardOutput.limit))
    Results.print("saved: \(output)")
  }

  /// The model, the modules of its layers where their order is a guess, and the tensors that were
  /// rounded.
  private func read(
    _ layers: [any Layer]
  ) throws -> (model: ModelFile, modules: [String], rounded: [String]) {
    let (tensors, rounded, isOurs) = try tensors()
    let state = try PyTorchState(tensors, path: file)
    if isOurs, channels == nil, image != nil {
      Messages.print("\(file): channels are taken to be last, as in files of Maru's")
    }
    let (model, modules) = try state.model(
      layers, inputShape: image?.shape,
      hasChannelsLast: (channels ?? (isOurs ? .last : .first)) == .last)
    // Counters are not among the model's.
    return (
      model, state.isNumbered ? [] : modules,
      rounded.filter { !$0.hasSuffix(".\(PyTorchState.counter)") }
    )
  }

  /// The tensors, the names of those that were rounded, and whether Maru wrote the file.
  private func tensors() throws -> (
    tensors: [(name: String, tensor: Tensor)], rounded: [String], isOurs: Bool
  ) {
    guard file.lowercased().hasSuffix(".npz") else {
      let state = try Safetensors(contentsOf: file)
      return (state.tensors, state.rounded, state.metadata["architecture"] != nil)
    }
    let archive = try NumPyArchive(contentsOf: file)
    var (tensors, rounded) = ([(name: String, tensor: Tensor)](), [String]())
    for name in archive.names {
      guard let array = try archive.array(name) else { continue }
      tensors.append((name, array.tensor))
      if array.elementType.isRounded { rounded.append(name) }
    }
    return (tensors, rounded, tensors.allSatisfy { $0.name.hasPrefix("layers.") })
  }
}

/// The shape of images as text: `28x28`, or with their channels `32x32x3`.
struct ImageShape: ExpressibleByArgument {
  let shape: Shape

  init?(argument: String) {
    let sizes = argument.lowercased().split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "x" || $0 == "×" }
    ).map { Int($0) ?? 0 }
    guard 2...3 ~= sizes.count, sizes.allSatisfy({ 1...8192 ~= $0 }) else { return nil }
    shape = Shape(sizes)
  }
}
