import Foundation
import Training

/// A model as PyTorch takes it: the state of an `nn.Sequential` with the same layers, and a Python
/// file that rebuilds it, and that holds what goes before and behind it of a table.
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
  /// - Parameter units: the table's numbers, where the model was trained on one
  ///
  /// Throws where a layer is of a type that PyTorch's layers do not have, and where the table has other
  /// columns than the network inputs or outputs.
  public init(
    _ file: ModelFile, units: TableUnits = TableUnits(), path: String
  ) throws(ModelFileError) {
    let model = file.model
    try units.check(model, path: path)
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
    do {
      // The format that PyTorch's own tools look for.
      weights = try Safetensors(
        tensors: Array(zip(names, model.allWeights)), metadata: ["format": "pt"]
      ).encoded()
      script = try PyTorchScript(
        modules: modules, input: model.inputShape, classes: file.classNames, units: units
      ).text
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
}
