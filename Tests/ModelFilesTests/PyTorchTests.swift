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

  @Test func layerOfAnotherTypeIsRefused() throws {
    let model = try Sequential(inputShape: [2], [Dense(2), UnknownLayer()])
    let error = #expect(throws: ModelFileError.self) {
      try PyTorchExport(ModelFile(model), path: "m")
    }
    #expect(error?.description == "m: layer 1, UnknownLayer, has no counterpart in PyTorch")
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

  @Test(
    arguments: [
      ([:], "expected layers of [4, 2] units, found weights of []"),
      (["0.weight": [4, 3]], "expected layers of [4, 2] units, found weights of [[4, 3]]"),
      (
        ["0.weight": [4, 3], "1.weight": [2, 5]],
        "expected layers of [4, 2] units, found weights of [[4, 3], [2, 5]]"
      ),
      (
        ["0.weight": [4, 3], "1.weight": [3, 4]],
        "expected layers of [4, 2] units, found weights of [[4, 3], [3, 4]]"
      ),
      (
        ["0.weight": [4, 0], "1.weight": [2, 4]],
        "expected layers of [4, 2] units, found weights of [[4, 0], [2, 4]]"
      ),
      (
        ["0.weight": [4, 3, 3]],
        "0.weight of shape [4, 3, 3] is no weight or bias of a Linear in one Sequential"
      ),
      (
        ["0.running_mean": [4]],
        "0.running_mean of shape [4] is no weight or bias of a Linear in one Sequential"
      ),
      (
        ["fc.weight": [4, 3]],
        "fc.weight of shape [4, 3] is no weight or bias of a Linear in one Sequential"
      ),
      (
        ["a.0.weight": [4, 3], "b.1.weight": [2, 4]],
        "b.1.weight of shape [2, 4] is no weight or bias of a Linear in one Sequential"
      ),
      (["0.weight": [4, 3], "1.bias": [2]], "module 1 has a bias that fits no weight"),
      (["0.weight": [4, 3], "0.bias": [3]], "module 0 has a bias that fits no weight"),
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
