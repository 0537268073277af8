import Foundation
import Training

/// A model as PyTorch takes it: the state of an `nn.Sequential` with the same layers, and a Python
/// file that rebuilds it.
public struct PyTorchExport: Sendable {
  /// The name of the file of weights, under the names that `nn.Sequential` gives them: `0.weight`.
  public static let weightsName = "weights.safetensors"
  /// The name of the Python file.
  public static let scriptName = "network.py"

  /// The contents of the file of weights.
  public let weights: Data
  /// The Python file.
  public let script: String

  /// Prepares a model's files; errors name `path`.
  ///
  /// Throws where a layer is of a type that PyTorch's layers do not have.
  public init(_ file: ModelFile, path: String) throws(ModelFileError) {
    let network = try PyTorchNetwork(file.model, path: path)
    let encoder = JSONEncoder()
    // A slash escaped is JSON, but in Python two characters.
    encoder.outputFormatting = .withoutEscapingSlashes
    do {
      // The format that PyTorch's own tools look for.
      weights = try Safetensors(tensors: network.state, metadata: ["format": "pt"]).encoded()
      script = Self.script(
        network, input: file.model.inputShape,
        classes: String(decoding: try encoder.encode(file.classNames), as: UTF8.self))
    } catch {
      throw ModelFileError(.malformed, path: path, "names that JSON cannot hold: \(error)")
    }
  }

  private static func script(_ network: PyTorchNetwork, input: Shape, classes: String) -> String {
    let sizes = input.sizes.map { ", \($0)" }.joined()
    let modules = network.modules.map { "        \($0),\n" }.joined()
    let first = network.first.map { "\($0), " }.joined()
    return """
      \"""A network trained by Maru, in PyTorch. Needs: pip install torch safetensors\"""
      from pathlib import Path

      from safetensors.torch import load_file
      from torch import nn

      CLASSES = \(classes)
      \(network.permutes ? permute : "")

      def network():
          \"""Takes float32 [samples\(sizes)], scaled as in training: bytes of images to 0..1.\"""
          model = nn.Sequential(
      \(modules)    )
          model.load_state_dict(load_file(Path(__file__).with_name("\(weightsName)")))
          return \(first.isEmpty ? "model" : "nn.Sequential(\(first)model)").eval()


      if __name__ == "__main__":
          print(network())

      """
  }

  private static let permute = """


    class Permute(nn.Module):
        \"""Puts the axes of its input into another order.\"""

        def __init__(self, *axes):
            super().__init__()
            self.axes = axes

        def forward(self, x):
            return x.permute(self.axes)

    """
}

/// A model as an `nn.Sequential`.
private struct PyTorchNetwork {
  /// What comes before the `nn.Sequential`, whose modules then have the numbers that such a network of
  /// PyTorch has.
  private(set) var first: [String] = []
  private(set) var modules: [String] = []
  private(set) var state: [(name: String, tensor: Tensor)] = []
  private(set) var permutes = false

  init(_ model: Sequential, path: String) throws(ModelFileError) {
    let weights = Dictionary(grouping: zip(model.allWeightNames, model.allWeights)) {
      Int($0.0.split(separator: ".")[1]) ?? 0
    }
    var (order, shape) = (ChannelsFirst(), model.inputShape)
    for (index, layer) in model.layers.enumerated() {
      guard let modules = (layer as? any PyTorchModule)?.pyTorchModules(shape), !modules.isEmpty,
        let plan = try? layer.plan(shape, PlanContext(samples: 1, parts: 1))
      else {
        throw ModelFileError(
          .malformed, path: path,
          "layer \(index), \(type(of: layer)), has no counterpart in PyTorch")
      }
      append(order.steps(before: layer, plan, on: shape))
      self.modules += modules.map { "nn.\($0)" }
      for (name, weight) in weights[index] ?? [] {
        state.append(
          (
            "\(self.modules.count - 1).\(Self.name(name, of: layer))",
            layer is any ImageWeights ? order.theirs(weight) : weight
          ))
      }
      order.pass(plan)
      shape = plan.output
    }
    append(order.steps(to: ChannelsFirst(), on: shape))
  }

  private mutating func append(_ steps: [ChannelsFirst.Step]) {
    let added = steps.map { step in
      switch step {
      case .unflatten(let sizes): "nn.Unflatten(1, (\(sizes.commaSeparated)))"
      case .flatten(let last): "nn.Flatten(1, \(last))"
      case .permute(let axes): "Permute(\(axes.commaSeparated))"
      }
    }
    permutes = permutes || added.contains { $0.hasPrefix("Permute") }
    if modules.isEmpty { first += added } else { modules += added }
  }

  /// What the module calls a parameter: `layers.0.gamma` of a LayerNorm is its `weight`.
  private static func name(_ name: String, of layer: any Layer) -> String {
    let own = name.split(separator: ".").dropFirst(2).joined(separator: ".")
    guard let layer = layer as? any PyTorchParameters else { return own }
    return type(of: layer).pyTorchNames[own] ?? own
  }
}

extension [Int] {
  fileprivate var commaSeparated: String { map { "\($0)" }.joined(separator: ", ") }
}
