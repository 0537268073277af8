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

  /// Prepares a model's files.
  ///
  /// Throws where a layer is of a type that PyTorch's layers do not have, and where the table has other
  /// columns than the network inputs or outputs.
  /// - Parameters:
  ///   - file: the model
  ///   - units: the table's numbers, where the model was trained on one
  ///   - path: what errors name
  public init(
    _ file: ModelFile, units: TableUnits = TableUnits(), path: String
  ) throws(ModelFileError) {
    try units.check(file.model, path: path)
    let network = try PyTorchNetwork(file.model, path: path)
    do {
      // The format that PyTorch's own tools look for.
      weights = try Safetensors(tensors: network.state, metadata: ["format": "pt"]).encoded()
      script = try PyTorchScript(
        network, input: file.model.inputShape, classes: file.classNames, units: units
      ).text
    } catch {
      throw ModelFileError(.malformed, path: path, "names that JSON cannot hold: \(error)")
    }
  }
}

/// A model as an `nn.Sequential`.
struct PyTorchNetwork {
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
            layer is any UnitLayer ? order.theirs(weight) : weight
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
