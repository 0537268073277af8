import FileTestSupport
import Foundation
import ModelFiles
import TestSupport
import Testing
import Training

struct PyTorchExportTests {
  @Test func scriptSaysEachLayerAndNothingElse() throws {
    let model = try Sequential(
      inputShape: [2, 5],
      [
        Flatten(), Dense(7), ReLU(), Dense(6, bias: false), LeakyReLU(slope: 0.1), Sigmoid(),
        Tanh(), Softplus(), GELU(), Dropout(0.25), Dense(3), Softmax(),
      ], seed: 3)
    let names = ["plain", "with \"quotes\", a / and ü", "line\nbreak"]
    let export = try PyTorchExport(ModelFile(model, classNames: names), path: "model")
    #expect(
      export.script == #"""
        """A network trained by Maru, in PyTorch. Needs: pip install torch safetensors"""
        from pathlib import Path

        from safetensors.torch import load_file
        from torch import nn

        CLASSES = ["plain","with \"quotes\", a / and ü","line\nbreak"]


        def network():
            """Takes float32 [samples, 2, 5], scaled as in training: bytes of images to 0..1."""
            model = nn.Sequential(
                nn.Flatten(),
                nn.Linear(10, 7),
                nn.ReLU(),
                nn.Linear(7, 6, bias=False),
                nn.LeakyReLU(0.1),
                nn.Sigmoid(),
                nn.Tanh(),
                nn.Softplus(),
                nn.GELU(),
                nn.Dropout(0.25),
                nn.Linear(6, 3),
                nn.Softmax(dim=1),
            )
            model.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))
            return model.eval()


        if __name__ == "__main__":
            print(network())

        """#)
    let folder = try TemporaryFolder()
    let state = try Safetensors(contentsOf: folder.write(export.weights, to: "weights"))
    #expect(
      state.tensors.map(\.name) == ["1.weight", "1.bias", "3.weight", "10.weight", "10.bias"])
    #expect(state.tensors.map { TensorBits($0.tensor) } == model.weights.map(TensorBits.init))
    #expect(state.metadata == ["format": "pt"])
  }

  @Test func scriptOfATableHoldsItsColumns() throws {
    let model = try Sequential(inputShape: [3], [Dense(1)])
    let units = TableUnits(
      inputs: [
        .init(name: "a \"b\"", mean: 2, offset: 1.5, factor: 1e-5, hasIndicator: true),
        .init(name: "ü", mean: -3, offset: 0, factor: 1e20, hasIndicator: false),
      ], outputs: [.init(name: "price", mean: 0.1, deviation: 7)])
    let export = try PyTorchExport(ModelFile(model), units: units, path: "m")
    for part in [
      #"""
      import torch
      from safetensors.torch import load_file
      from torch import nn

      CLASSES = []


      # Numbers as they are: NaN where missing, 50 for 50 %, 1 for true and yes, 0 for false and no.
      # By name: what stands for a missing number, what is taken off, what the rest is multiplied by, and
      # whether the network's next input is 1 where the number is missing.
      COLUMNS = [
          ("a \"b\"", 2.0, 1.5, 1e-05, True),
          ("ü", -3.0, 0.0, 1e+20, False),
      ]


      class Columns(nn.Module):
      """#,
      #"""
              return torch.cat([scaled, missing.to(x.dtype)], 1)[:, self.places]


      # What is predicted, by name: mean and standard deviation.
      TARGETS = [
          ("price", 0.1, 7.0),
      ]


      class Targets(nn.Module):
      """#,
      #"""
              return x * self.deviation + self.mean


      def network():
          """Takes float32 [samples, 2], as COLUMNS says."""
          model = nn.Sequential(
              nn.Linear(3, 1),
          )
      """#,
      "    return nn.Sequential(Columns(), model, Targets()).eval()\n",
    ] {
      #expect(export.script.contains(part), "\(export.script)")
    }
    let alone = try PyTorchExport(
      ModelFile(model), units: TableUnits(outputs: units.outputs), path: "m")
    #expect(alone.script.contains("return nn.Sequential(model, Targets()).eval()\n"))
    #expect(
      alone.script.contains("[samples, 3], scaled as in training")
        && !alone.script.contains("COLUMNS"))
  }

  /// The numbers are those of an `nn.Sequential` that takes [channels, height, width].
  @Test func imagesHaveTheirChannelsFirst() throws {
    let model = try Sequential(
      inputShape: [7, 6],
      [
        Conv2D(3, Window2D(3, padding: .same)), MaxPool2D(Window2D(2, stride: 2, padding: .same)),
        LayerNorm(), AveragePool2D(Window2D(2, stride: 2, padding: .same)),
        Conv2D(2, Window2D(2, 1, stride: 2, dilation: 1, padding: .same), bias: false), Flatten(),
        Dense(2), Softmax(),
      ], seed: 4)
    let export = try PyTorchExport(ModelFile(model), path: "model")
    #expect(
      export.script.contains(
        """
        class Permute(nn.Module):
            \"""Puts the axes of its input into another order.\"""

            def __init__(self, *axes):
                super().__init__()
                self.axes = axes

            def forward(self, x):
                return x.permute(self.axes)


        def network():
            \"""Takes float32 [samples, 7, 6], scaled as in training: bytes of images to 0..1.\"""
            model = nn.Sequential(
                nn.Conv2d(1, 3, 3, padding=(1, 1)),
                nn.ConstantPad2d((0, 0, 0, 1), float("-inf")),
                nn.MaxPool2d(2),
                Permute(0, 2, 3, 1),
                nn.LayerNorm(3, eps=0.001),
                Permute(0, 3, 1, 2),
                nn.AvgPool2d(2, padding=(0, 0), ceil_mode=True, count_include_pad=False),
                nn.Conv2d(3, 2, (2, 1), stride=2, bias=False),
                nn.Flatten(),
                nn.Linear(2, 2),
                nn.Softmax(dim=1),
            )
            model.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))
            return nn.Sequential(nn.Unflatten(1, (1, 7)), model).eval()

        """), "\(export.script)")
    let folder = try TemporaryFolder()
    let state = try Safetensors(contentsOf: folder.write(export.weights, to: "weights"))
    #expect(
      state.tensors.map(\.name) == [
        "0.weight", "0.bias", "4.weight", "4.bias", "7.weight", "9.weight", "9.bias",
      ])
    let (ours, theirs) = (model.weights[4], state.tensors[4].tensor)
    #expect(ours.shape == [2, 2, 1, 3] && theirs.shape == [2, 3, 2, 1])
    for (filter, row, channel) in [(0, 0, 0), (1, 1, 2), (1, 0, 1), (0, 1, 2)] {
      #expect(theirs[filter, channel, row, 0] == ours[filter, row, 0, channel])
    }
  }

  @Test func layerOfAnotherTypeIsRefused() throws {
    for (layers, problem) in [
      ([Flatten(), Dense(2), UnknownLayer()], "m: layer 2, UnknownLayer"),
      // PyTorch's windows have as much beyond one border as beyond the other.
      ([AveragePool2D(Window2D(2, padding: .same))], "m: layer 0, AveragePool2D"),
    ] as [([any Layer], String)] {
      let model = try Sequential(inputShape: [2, 2], layers)
      let error = #expect(throws: ModelFileError.self) {
        try PyTorchExport(ModelFile(model), path: "m")
      }
      #expect(error?.description == "\(problem), has no counterpart in PyTorch")
    }
  }
}

struct PyTorchStateTests {
  private func tensor(_ sizes: Int...) -> Tensor {
    let shape = Shape(sizes)
    return Tensor((0..<shape.count).map { Float($0) }, shape: shape)
  }

  @Test(arguments: ["", "layers.", "net.body."])
  func modulesFillTheLayersInTheOrderOfTheirNumbers(prefix: String) throws {
    let state = [
      ("10.weight", tensor(2, 4)), ("2.bias", tensor(4)), ("2.weight", tensor(4, 3)),
    ].map { (name: prefix + $0.0, tensor: $0.1) }
    let file = try ModelFile(
      stateDict: state, layers: [Dense(4), ReLU(), Dense(2), Softmax()], path: "s")
    #expect(file.model.inputShape == [3])
    #expect(file.model.weightNames == ["layers.0.weight", "layers.0.bias", "layers.2.weight"])
    #expect(
      file.model.weights.map(TensorBits.init)
        == [tensor(4, 3), tensor(4), tensor(2, 4)].map(TensorBits.init))
    // The model can be written and comes back.
    let folder = try TemporaryFolder()
    try file.write(to: folder["model"])
    #expect(try ModelFile(contentsOf: folder["model"]).model.layers.count == 4)
  }

  /// By the order of the file, by numbers in names, and by sizes.
  @Test(arguments: [
    (["hidden", "output"], [[4, 3], [2, 4]], ["hidden", "output"]),
    (["fc10", "fc2", "out"], [[4, 4], [4, 3], [2, 4]], ["fc2", "fc10", "out"]),
    (["classifier", "encoder"], [[2, 4], [4, 3]], ["encoder", "classifier"]),
    (["net.a1", "net.a0"], [[4, 4], [4, 4]], ["net.a0", "net.a1"]),
    (["b", "a"], [[4, 4], [4, 4]], ["b", "a"]),
    ([""], [[4, 3]], [""]),
  ])
  func namedModulesFollowEachOtherBySizes(
    names: [String], sizes: [[Int]], order: [String]
  ) throws {
    let state = zip(names, sizes).map { name, sizes in
      (name: name.isEmpty ? "weight" : name + ".weight", tensor: Tensor(zeros: Shape(sizes)))
    }
    let units = order.map { name in sizes[names.firstIndex(of: name) ?? 0][0] }
    let made = try PyTorchState(state, path: "s").model(
      units.flatMap { [Dense($0), ReLU()] as [any Layer] })
    #expect(made.modules == order)
  }

  @Test func normalisationsTakeTheirParametersAndRunningValues() throws {
    let values = { (start: Float) in Tensor([start, start + 1]) }
    let state: [(name: String, tensor: Tensor)] = [
      ("1.num_batches_tracked", Tensor([7], shape: [])), ("0.weight", tensor(2, 3)),
      ("1.weight", values(1)), ("1.bias", values(2)), ("1.running_mean", values(3)),
      ("1.running_var", values(4)), ("3.weight", values(5)), ("3.bias", values(6)),
    ]
    let file = try ModelFile(
      stateDict: state, layers: [Dense(2), BatchNorm(), ReLU(), LayerNorm()], path: "s")
    #expect(
      file.model.weights.map(TensorBits.init)
        == [tensor(2, 3), values(1), values(2), values(5), values(6)].map(TensorBits.init))
    #expect(
      file.model.nonTrainableWeights.map(TensorBits.init)
        == [values(3), values(4)].map(TensorBits.init))
    // And back, under PyTorch's names.
    let export = try PyTorchExport(file, path: "m")
    let folder = try TemporaryFolder()
    try export.weights.write(to: URL(fileURLWithPath: folder["w"]))
    let names = try Safetensors(contentsOf: folder["w"]).tensors.map(\.name)
    #expect(Set(names) == Set(state.map(\.name)).subtracting(["1.num_batches_tracked"]))
    #expect(export.script.contains("nn.BatchNorm1d(2, eps=0.001, momentum="))
  }

  /// What was exported comes back bit by bit, with the shape of the images or, of a Dense, without.
  @Test func imagesComeBack() throws {
    let layers: [any Layer] = [
      Conv2D(3, Window2D(3, padding: .same)), ReLU(), MaxPool2D(2), LayerNorm(),
      Conv2D(2, 2, bias: false), Flatten(), Tanh(), Dense(4), Dense(2),
    ]
    let model = try Sequential(inputShape: [7, 6, 2], layers, seed: 5)
    let folder = try TemporaryFolder()
    let weights = try PyTorchExport(ModelFile(model), path: "m").weights
    let path = try folder.write(weights, to: "weights")
    let made = try ModelFile(stateDictOf: path, layers: layers, inputShape: [7, 6, 2]).model
    #expect(made.inputShape == [7, 6, 2])
    #expect(made.weights.map(TensorBits.init) == model.weights.map(TensorBits.init))
    let found = "0 [3, 2, 3, 3], 4 [3], 6 [2, 3, 2, 2], 9 [4, 8], 10 [2, 4]"
    let expected = "expected modules for Conv2D(3), LayerNorm, Conv2D(2), Dense(4), Dense(2)"
    for (shape, said) in [(nil, ""), ([7, 8, 2], " on inputs [7, 8, 2]")] as [(Shape?, String)] {
      let error = #expect(throws: ModelFileError.self) {
        try ModelFile(stateDictOf: path, layers: layers, inputShape: shape)
      }
      #expect(error?.description == "\(path): \(expected)\(said), found \(found)")
    }
  }

  @Test(
    arguments: [
      ([:], "expected modules for Dense(4), Dense(2), found none"),
      (["0.weight": [4, 3]], "expected modules for Dense(4), Dense(2), found 0 [4, 3]"),
      (
        ["0.weight": [4, 3], "1.weight": [2, 5]],
        "expected modules for Dense(4), Dense(2), found 0 [4, 3], 1 [2, 5]"
      ),
      (
        ["0.weight": [2, 4], "1.weight": [4, 3]],
        "expected modules for Dense(4), Dense(2), found 0 [2, 4], 1 [4, 3]"
      ),
      (
        ["0.weight": [4, 0], "1.weight": [2, 4]],
        "expected modules for Dense(4), Dense(2), found 0 [4, 0], 1 [2, 4]"
      ),
      (
        ["0.weight": [4, 3, 3]],
        "0.weight of shape [4, 3, 3] is no part of a Conv2d, Linear, BatchNorm or LayerNorm"
      ),
      (["0.running_mean": [4]], "module 0 has no weight"),
      (
        ["fc.scale": [4]],
        "fc.scale of shape [4] is no part of a Conv2d, Linear, BatchNorm or LayerNorm"
      ),
      (["0.weight": [4, 3], "1.bias": [2]], "module 1 has no weight"),
      (
        ["0.weight": [4, 3], "0.bias": [3], "1.weight": [2, 4]],
        "expected modules for Dense(4), Dense(2), found 0 [4, 3], 1 [2, 4]"
      ),
      (["0.weight": [4, 3], "00.weight": [4, 3]], "module 0 occurs twice"),
    ] as [(KeyValuePairs<String, [Int]>, String)])
  func otherStatesAreRefused(sizes: KeyValuePairs<String, [Int]>, problem: String) {
    let state = sizes.map { (name: $0.key, tensor: Tensor(zeros: Shape($0.value))) }
    let error = #expect(throws: ModelFileError.self) {
      try ModelFile(stateDict: state, layers: [Dense(4), Dense(2)], path: "s")
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "s: \(problem)")
  }
}
