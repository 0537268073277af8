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

  /// Byte for byte what ONNX's own library writes: the numbers of all fields are right.
  @Test func everyLayerIsWrittenAsByTheReference() throws {
    let golden = try Data(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens/every.onnx"))
    let contents = try ONNXExport(Self.every(), path: "m").contents
    let (found, expected) = try (
      ONNXModelProto(serializedBytes: contents), ONNXModelProto(serializedBytes: golden)
    )
    #expect(found.textFormatString() == expected.textFormatString())
    #expect(contents == golden)
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

  @Test func whatONNXHasNotIsRefused() throws {
    let cases: [([any Layer], String)] = [
      ([Dense(2), UnknownLayer()], "m: layer 1, UnknownLayer, has no counterpart in ONNX"),
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
