import FileTestSupport
import Foundation
import ModelFiles
import TestSupport
import Testing
import Training

struct ModelFileTests {
  @Test func everyLayerComesBackWithItsSettingsAndParameters() throws {
    let folder = try TemporaryFolder()
    let layers: [any Layer] = [
      ZeroPadding2D(top: 1, left: 0, bottom: 2, right: 3),
      DepthwiseConv2D(Window2D(2, 1, stride: 2, dilation: 2), bias: false, l2: 0.25), SiLU(),
      Flatten(), Dense(7, l2: 0.125), ReLU(), Dense(6, bias: false), LeakyReLU(slope: 0.1),
      Sigmoid(), Tanh(), Softplus(), GELU(), Dropout(0.25), Dense(3), Softmax(),
    ]
    let model = try Sequential(inputShape: [2, 5], layers, seed: 3)
    let names = ["plain", "with \"quotes\", a / and ü", ""]
    try ModelFile(model, classNames: names).write(to: folder["model"])
    let file = try ModelFile(contentsOf: folder["model"])

    #expect(file.classNames == names)
    #expect(file.model.inputShape == [2, 5])
    #expect(file.model.weightNames == model.weightNames)
    #expect(file.model.weights.map(TensorBits.init) == model.weights.map(TensorBits.init))
    let read = file.model.layers
    #expect(read.map { "\(type(of: $0))" } == layers.map { "\(type(of: $0))" })
    #expect(read.compactMap { ($0 as? Dense)?.units } == [7, 6, 3])
    #expect(read.compactMap { ($0 as? Dense)?.hasBias } == [true, false, true])
    #expect(read.compactMap { ($0 as? Dense)?.l2 } == [0.125, 0, 0])
    #expect(read.compactMap { ($0 as? LeakyReLU)?.slope } == [0.1])
    let padding = try #require(read[0] as? ZeroPadding2D)
    let sides: [Int] = [padding.top, padding.left, padding.bottom, padding.right]
    #expect(sides == [1, 0, 2, 3])
    let depthwise = try #require(read[1] as? DepthwiseConv2D)
    #expect(depthwise.window == Window2D(2, 1, stride: 2, dilation: 2))
    #expect(!depthwise.hasBias && depthwise.l2 == 0.25)
    #expect(read.compactMap { ($0 as? Dropout)?.rate } == [0.25])
    let samples = Tensor((0..<40).map { Float($0) / 10 - 2 }, shape: [4, 2, 5])
    #expect(try TensorBits(file.model.predict(samples)) == TensorBits(model.predict(samples)))
    #expect(folder.contents == ["model"])
  }

  @Test func modelWithoutParametersComesBack() throws {
    let folder = try TemporaryFolder()
    try ModelFile(Sequential(inputShape: [2], [Softmax()])).write(to: folder["model"])
    let file = try ModelFile(contentsOf: folder["model"])
    #expect(file.model.layers.count == 1 && file.model.parameterCount == 0)
    #expect(file.classNames == [])
  }

  @Test func layerOfAnotherTypeIsRefused() throws {
    let folder = try TemporaryFolder()
    let model = try Sequential(inputShape: [2], [Dense(2), UnknownLayer()])
    let error = #expect(throws: ModelFileError.self) {
      try ModelFile(model).write(to: folder["model"])
    }
    #expect(error?.description == "\(folder["model"]): layer 1, UnknownLayer, has no file form")
    #expect(folder.contents == [])
  }

  @Test func bytesAreThoseOfThePythonLibrary() throws {
    let file = Safetensors(
      tensors: [("layers.0.bias", TinyLayer.bias), ("layers.0.weight", TinyLayer.weight)],
      metadata: ["format": "maru"])
    #expect(try file.encoded() == goldenBytes("tiny.safetensors"))
  }

  @Test func bytesOfAModelAreAsDescribed() throws {
    let folder = try TemporaryFolder()
    try ModelFile(tinyModel(), classNames: ["a/b", "\""]).write(to: folder["model"])
    let architecture =
      #"{\"input_shape\":[3],\"layers\":[{\"bias\":true,\"l2\":0,\"type\":\"dense\",\"units\":2}]}"#
    var header =
      #"{"__metadata__":{"architecture":"\#(architecture)","class_names":"[\"a/b\",\"\\\"\"]","#
      + #""format":"maru"},"layers.0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
      + #""layers.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}"#
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let values: [Float] = [1, -2, 0.5, 0.1, 3e38, -0.0, 0.25, -1]
    let data = values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    #expect(try folder.bytes(of: "model") == Data(safetensors(header, data: data)))
  }

  @Test func modelWrittenByThePythonLibraryIsRead() throws {
    let file = try ModelFile(contentsOf: golden("model.safetensors"))
    #expect(file.classNames == ["left", "ünder"])
    #expect(file.model.inputShape == [3])
    let layers = file.model.layers
    #expect(
      layers.map { "\(type(of: $0))" } == ["Dense", "LeakyReLU", "Dense", "Softmax"])
    #expect((layers[0] as? Dense)?.l2 == 0.5 && (layers[1] as? LeakyReLU)?.slope == 0.25)
    let expected = [TinyLayer.weight, TinyLayer.bias, Tensor([1, 2, 3, 4], shape: [2, 2])]
    #expect(file.model.weights.map(TensorBits.init) == expected.map(TensorBits.init))
  }
}

/// What other programs read in our files.
@Suite(.enabled(if: Python.path != nil, Comment(rawValue: Python.reason)))
struct PythonReadingTests {
  @Test func safetensorsLoadsTheModel() throws {
    let folder = try TemporaryFolder()
    try ModelFile(tinyModel(), classNames: ["a"]).write(to: folder["model.safetensors"])
    let result = try Python.run(
      """
      import sys, json
      from safetensors import safe_open
      with safe_open(sys.argv[1], "np") as f:
        print(json.loads(f.metadata()["architecture"])["layers"][0]["units"])
        for name in sorted(f.keys()):
          print(name, f.get_tensor(name).dtype, f.get_tensor(name).tolist())
      """, [folder["model.safetensors"]])
    #expect(result.errors == "")
    #expect(
      result.output == """
        2
        layers.0.bias float32 [0.25, -1.0]
        layers.0.weight float32 [[1.0, -2.0, 0.5], \
        [0.10000000149011612, 3.0000000054977558e+38, -0.0]]

        """)
  }

  @Test func numPyLoadsAnArray() throws {
    let folder = try TemporaryFolder()
    try NumPyFile.write(TinyLayer.weight, to: folder["a.npy"])
    let result = try Python.run(
      "import sys, numpy; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape, a[0].tolist())",
      [folder["a.npy"]])
    #expect(result.output == "float32 (2, 3) [1.0, -2.0, 0.5]\n")
  }
}
