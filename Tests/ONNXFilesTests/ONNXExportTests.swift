import Foundation
import ModelFiles
import ONNXFiles
import SwiftProtobuf
import TestSupport
import Testing
import Training

struct ONNXExportTests {
  /// A network of each layer that a model file can hold.
  private static func every() throws -> ModelFile {
    let model = try Sequential(
      inputShape: [2, 2],
      [
        Flatten(), Dense(3), ReLU(), Dropout(0.25), Dense(2, bias: false), LeakyReLU(slope: 0.25),
        Sigmoid(), Tanh(), Softplus(), GELU(), Softmax(),
      ])
    model.weights = [
      Tensor((0..<12).map { Float($0 - 5) / 4 }, shape: [3, 4]), Tensor([0.5, -0.5, 3e38]),
      Tensor([1, 2, 3, 4, -0.0, 6], shape: [2, 3]),
    ]
    return ModelFile(model, classNames: ["a/b", "ünder \"it\""])
  }

  /// Images go as [channels, height, width] through what works on them, and only there.
  private static func images() throws -> ModelFile {
    let model = try Sequential(
      inputShape: [6, 5, 2],
      [
        Conv2D(3, Window2D(3, 2, stride: 2, padding: .same)), LayerNorm(epsilon: 0.25),
        MaxPool2D(Window2D(2, padding: .same)), AveragePool2D(Window2D(2)), Flatten(), ReLU(),
        Dense(2),
      ])
    model.weights = [
      Tensor((0..<36).map(Float.init), shape: [3, 3, 2, 2]), Tensor([1, 2, 3]), Tensor([4, 5, 6]),
      Tensor([7, 8, 9]), Tensor((0..<24).map { Float($0) * 2 }, shape: [2, 12]), Tensor([10, 11]),
    ]
    return ModelFile(model)
  }

  /// A network of two indicators between the numbers of a table.
  private static func table() throws -> ONNXExport {
    let model = try Sequential(inputShape: [5], [Dense(2)])
    model.weights = [
      Tensor((0..<10).map { Float($0 - 4) / 8 }, shape: [2, 5]), Tensor([0.25, -0.5]),
    ]
    let units = TableUnits(
      inputs: [
        .init(name: "a", mean: 2, offset: 1, factor: 0.5, hasIndicator: false),
        .init(name: "b/c", mean: 30, offset: 20, factor: 0.125, hasIndicator: true),
        .init(name: "d", mean: 0.5, offset: 0, factor: 1, hasIndicator: true),
      ],
      outputs: [
        .init(name: "price", mean: 1000, deviation: 100),
        .init(name: "rent", mean: -1, deviation: 2),
      ])
    return try ONNXExport(ModelFile(model), units: units, path: "m")
  }

  /// Byte for byte what ONNX's own library writes: the numbers of all fields are right.
  @Test(arguments: ["every", "images", "table"])
  func filesAreWrittenAsByTheReference(name: String) throws {
    let golden = try Data(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens/\(name).onnx"))
    let export =
      try name == "table"
      ? Self.table()
      : ONNXExport(name == "images" ? Self.images() : Self.every(), path: "m")
    let contents = export.contents
    let (found, expected) = try (
      ONNXModelProto(serializedBytes: contents), ONNXModelProto(serializedBytes: golden)
    )
    #expect(found.textFormatString() == expected.textFormatString())
    #expect(contents == golden)
  }

  @Test func columnsOfAnotherNetworkAreRefused() throws {
    let file = ModelFile(try Sequential(inputShape: [2], [Dense(3)]))
    let input = TableUnits.Input(name: "a", mean: 0, offset: 0, factor: 1, hasIndicator: false)
    for (units, problem) in [
      (TableUnits(inputs: [input]), "m: columns for 1 inputs, but the network has [2]"),
      (
        TableUnits(outputs: [.init(name: "b", mean: 0, deviation: 1)]),
        "m: columns for 1 outputs, but the network has [3]"
      ),
    ] {
      let error = #expect(throws: ModelFileError.self) {
        try ONNXExport(file, units: units, path: "m")
      }
      #expect(error?.description == problem)
      #expect(throws: ModelFileError.self) { try PyTorchExport(file, units: units, path: "m") }
    }
  }

  @Test func batchIsFreeAndAllElseIsFixed() throws {
    let graph = try ONNXModelProto(
      serializedBytes: ONNXExport(Self.every(), path: "m").contents
    ).graph
    for value in graph.input + graph.valueInfo + graph.output {
      let sizes = value.type.tensorType.shape.dim
      #expect(sizes[0].value == .dimParam("batch"), "\(value.name)")
      #expect(sizes.dropFirst().allSatisfy { $0.dimValue > 0 }, "\(value.name)")
    }
    #expect(graph.input[0].type.tensorType.shape.dim.dropFirst().map(\.dimValue) == [2, 2])
    #expect(graph.output[0].type.tensorType.shape.dim.dropFirst().map(\.dimValue) == [2])
  }

  @Test func namesOfClassesAreLeftOutWhereNoneAreKnown() throws {
    let model = try Sequential(inputShape: [2], [Dense(2)])
    let proto = try ONNXModelProto(
      serializedBytes: ONNXExport(ModelFile(model), path: "m").contents)
    #expect(proto.metadataProps.isEmpty)
    #expect(proto.graph.node.map(\.output) == [["output"]])
  }

  /// `layers.0` is 2·x, and the sum of it and its input 3·x.
  @Test func blocksAndLayersOfUsersAreWrittenByTheirOwnWords() throws {
    let model = try Sequential(inputShape: [2], [Residual([Doubled(), ReLU()]), Dense(2)])
    let graph = try ONNXModelProto(
      serializedBytes: ONNXExport(ModelFile(model), path: "m").contents
    ).graph
    let nodes = graph.node.map { "\($0.name) \($0.opType) \($0.input) \($0.output)" }
    #expect(
      nodes == [
        #"layers.0.0 Mul ["input", "layers.0.0.two"] ["layers.0.0.output"]"#,
        #"layers.0.1 Relu ["layers.0.0.output"] ["layers.0.1.output"]"#,
        #"layers.0 Add ["layers.0.1.output", "input"] ["layers.0.output"]"#,
        #"layers.1 Gemm ["layers.0.output", "layers.1.weight", "layers.1.bias"] ["output"]"#,
      ])
    #expect(
      graph.initializer.map(\.name) == ["layers.1.weight", "layers.1.bias", "layers.0.0.two"])
  }

  /// A vector that no weights follow goes back into Maru's order, as does what comes out, and a block's
  /// two sides have one order.
  @Test func ordersOfAxesMeet() throws {
    let types = { (input: Shape, layers: [any Layer]) in
      let model = try Sequential(inputShape: input, layers)
      let contents = try ONNXExport(ModelFile(model), path: "m").contents
      return try ONNXModelProto(serializedBytes: contents).graph.node.map(\.opType)
    }
    #expect(
      try types([4, 4], [Conv2D(2, 3), Flatten(), Softmax()])
        == ["Reshape", "Conv", "Flatten", "Reshape", "Transpose", "Reshape", "Softmax"])
    #expect(
      try types([4, 4, 3], [ReLU(), MaxPool2D(2)])
        == ["Relu", "Transpose", "MaxPool", "Transpose"])
    let block: [any Layer] = [Residual([LayerNorm(), Conv2D(2, 1)]), GlobalAveragePool2D()]
    #expect(
      try types([4, 4, 2], block) == [
        "LayerNormalization", "Transpose", "Conv", "Transpose", "Add", "Transpose",
        "GlobalAveragePool", "Flatten",
      ])
    let other: [any Layer] = [Residual([Conv2D(2, 1), LayerNorm()]), GlobalAveragePool2D()]
    #expect(
      try types([4, 4, 2], other) == [
        "Transpose", "Conv", "Transpose", "LayerNormalization", "Transpose", "Add",
        "GlobalAveragePool", "Flatten",
      ])
    // One channel, or one place, is the same in either order.
    #expect(
      try types([4, 4], [Conv2D(1, 3), Flatten(), LayerNorm()])
        == ["Reshape", "Conv", "Flatten", "LayerNormalization"])
  }

  @Test func whatONNXHasNotIsRefused() throws {
    let cases: [([any Layer], String)] = [
      ([Dense(2), UnknownLayer()], "m: layers.1, UnknownLayer, has no counterpart in ONNX"),
      (
        [Residual([Dense(2), UnknownLayer()])],
        "m: layers.0, Residual: layers.0.1, UnknownLayer, has no counterpart in ONNX"
      ),
      ([], "m: no layers, and ONNX needs one"),
    ]
    for (layers, problem) in cases {
      let file = ModelFile(try Sequential(inputShape: [2], layers))
      let error = #expect(throws: ModelFileError.self) { try ONNXExport(file, path: "m") }
      #expect(error?.kind == .malformed)
      #expect(error?.description == problem)
    }
  }
}

/// A layer of a user: `Y = 2·X`.
private struct Doubled: ONNXLayer {
  func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan { LayerPlan(output: input) }

  func append(to graph: inout ONNXGraph) {
    graph.add("two", Tensor([2], shape: []))
    graph.append("Mul", inputs: ["two"])
  }
}
