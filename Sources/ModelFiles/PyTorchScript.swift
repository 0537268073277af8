import Foundation
import Layers

/// The Python file that rebuilds a network, between what makes its inputs and its results of a table.
struct PyTorchScript {
  let text: String

  init(
    _ pyTorch: PyTorchNetwork, input: Shape, classes: [String], units: TableUnits
  ) throws {
    let (hasColumns, hasTargets) = (!units.inputs.isEmpty, !units.outputs.isEmpty)
    let parts =
      (hasColumns ? ["Columns()"] : []) + pyTorch.first + ["model"]
      + (hasTargets ? ["Targets()"] : [])
    let network = parts.joined(separator: ", ")
    let modules = pyTorch.modules.map { "        \($0),\n" }
    let sizes = hasColumns ? ", \(units.inputs.count)" : input.sizes.map { ", \($0)" }.joined()
    let constants = [
      "CLASSES = \(try Self.json(classes))",
      hasColumns ? try Self.columns(units.inputs) : nil,
      hasTargets ? try Self.targets(units.outputs) : nil, pyTorch.permutes ? Self.permute : nil,
    ]
    let form = hasColumns ? "as COLUMNS says" : "scaled as in training: bytes of images to 0..1"
    text = """
      \"""A network trained by Maru, in PyTorch. Needs: pip install torch safetensors\"""
      from pathlib import Path

      \(hasColumns || hasTargets ? "import torch\n" : "")from safetensors.torch import load_file
      from torch import nn

      \(constants.compactMap { $0 }.joined(separator: "\n\n\n"))


      def network():
          \"""Takes float32 [samples\(sizes)], \(form).\"""
          model = nn.Sequential(
      \(modules.joined())    )
          model.load_state_dict(load_file(Path(__file__).with_name("\(PyTorchExport.weightsName)")))
          return \(parts.count > 1 ? "nn.Sequential(\(network))" : network).eval()


      if __name__ == "__main__":
          print(network())

      """
  }

  /// A text or a list of texts, as Python takes them too.
  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    // A slash escaped is JSON, but in Python two characters.
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func columns(_ columns: [TableUnits.Input]) throws -> String {
    let lines = try columns.map { column in
      "    (\(try json(column.name)), \(column.mean), \(column.offset), \(column.factor), "
        + "\(column.hasIndicator ? "True" : "False")),\n"
    }
    return """
      # \(TableUnits.inputsDescription)
      # By name: what stands for a missing number, what is taken off, what the rest is multiplied by, and
      # whether the network's next input is 1 where the number is missing.
      COLUMNS = [
      \(lines.joined())]


      class Columns(nn.Module):
          \"""Makes the network's inputs of the numbers of COLUMNS.\"""

          def __init__(self):
              super().__init__()
              _, mean, offset, factor, has_indicator = zip(*COLUMNS)
              for name, values in ("mean", mean), ("offset", offset), ("factor", factor):
                  self.register_buffer(name, torch.tensor(values), persistent=False)
              places = [[i, len(COLUMNS) + i][: 1 + also] for i, also in enumerate(has_indicator)]
              self.register_buffer("places", torch.tensor(sum(places, [])), persistent=False)

          def forward(self, x):
              missing = x.isnan()
              scaled = (torch.where(missing, self.mean, x) - self.offset) * self.factor
              return torch.cat([scaled, missing.to(x.dtype)], 1)[:, self.places]
      """
  }

  private static func targets(_ targets: [TableUnits.Output]) throws -> String {
    let lines = try targets.map { target in
      "    (\(try json(target.name)), \(target.mean), \(target.deviation)),\n"
    }
    return """
      # What is predicted, by name: mean and standard deviation.
      TARGETS = [
      \(lines.joined())]


      class Targets(nn.Module):
          \"""Gives the network's outputs in the units of TARGETS.\"""

          def __init__(self):
              super().__init__()
              _, mean, deviation = zip(*TARGETS)
              self.register_buffer("mean", torch.tensor(mean), persistent=False)
              self.register_buffer("deviation", torch.tensor(deviation), persistent=False)

          def forward(self, x):
              return x * self.deviation + self.mean
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
