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
    let model = file.model
    var (modules, shape): ([String], Shape) = ([], model.inputShape)
    for (index, layer) in model.layers.enumerated() {
      guard let module = (layer as? any PyTorchModule)?.pyTorchModule(shape),
        let output = try? layer.outputShape(for: shape)
      else {
        throw ModelFileError(
          .malformed, path: path,
          "layer \(index), \(type(of: layer)), has no counterpart in PyTorch")
      }
      modules.append("        nn.\(module),\n")
      shape = output
    }
    let names = model.allWeightNames.map { Self.name($0, in: model) }
    let encoder = JSONEncoder()
    // A slash escaped is JSON, but in Python two characters.
    encoder.outputFormatting = .withoutEscapingSlashes
    do {
      // The format that PyTorch's own tools look for.
      weights = try Safetensors(
        tensors: Array(zip(names, model.allWeights)), metadata: ["format": "pt"]
      ).encoded()
      script = Self.script(
        modules: modules.joined(), input: model.inputShape,
        classes: String(decoding: try encoder.encode(file.classNames), as: UTF8.self))
    } catch {
      throw ModelFileError(.malformed, path: path, "names that JSON cannot hold: \(error)")
    }
  }

  /// What `nn.Sequential` calls a parameter: `layers.0.gamma` of a LayerNorm is `0.weight`.
  private static func name(_ name: String, in model: Sequential) -> String {
    let parts = name.split(separator: ".").dropFirst()
    guard let index = parts.first.flatMap({ Int($0) }), let own = parts.last,
      let layer = model.layers[index] as? any PyTorchParameters,
      let theirs = type(of: layer).pyTorchNames[String(own)]
    else { return parts.joined(separator: ".") }
    return "\(index).\(theirs)"
  }

  private static func script(modules: String, input: Shape, classes: String) -> String {
    let sizes = input.sizes.map { ", \($0)" }.joined()
    return """
      \"""A network trained by Maru, in PyTorch. Needs: pip install torch safetensors\"""
      from pathlib import Path

      from safetensors.torch import load_file
      from torch import nn

      CLASSES = \(classes)


      def network():
          \"""Takes float32 [samples\(sizes)], scaled as in training: bytes of images to 0..1.\"""
          model = nn.Sequential(
      \(modules)    )
          model.load_state_dict(load_file(Path(__file__).with_name("\(weightsName)")))
          return model.eval()


      if __name__ == "__main__":
          print(network())

      """
  }
}
