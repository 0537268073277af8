import Foundation
import ModelFiles
import SwiftProtobuf
import Training

/// A model as ONNX (Open Neural Network Exchange) takes it: the operators of its layers, in one file
/// with the weights.
///
/// The graph goes from `input` [batch, …], float32, to `output` [batch, …], with any number of
/// samples in a batch. Parameters keep their names, such as `layers.0.weight`; batch normalisation behind
/// a `Dense` or a convolution becomes part of that layer's. The names of the
/// classes stand as JSON under the property `class_names`. The file is of operator set 20, the first
/// with GELU, and of version 9 of the format (ONNX 1.15, ONNX Runtime 1.17). See
/// https://github.com/onnx/onnx/blob/main/docs/IR.md.
public struct ONNXExport: Sendable {
  /// The contents of the file.
  public let contents: Data

  private static let operatorSet: Int64 = 20
  private static let formatVersion: Int64 = 9

  /// Prepares a model's file; errors name `path`.
  ///
  /// Throws where there is no layer, where one is no ``ONNXLayer`` or ONNX has no operator for it as it
  /// is, and where the weights take 2 GiB or more, which no such file can hold.
  public init(_ file: ModelFile, path: String) throws(ModelFileError) {
    var model = ONNXModelProto()
    model.irVersion = Self.formatVersion
    model.producerName = "maru"
    model.docString = "A network trained by Maru."
    model.opsetImport = [.with { $0.version = Self.operatorSet }]
    model.graph = try Self.graph(file.model, path: path)
    do {
      if !file.classNames.isEmpty {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let names = try encoder.encode(file.classNames)
        model.metadataProps = [
          .with {
            $0.key = "class_names"
            $0.value = String(decoding: names, as: UTF8.self)
          }
        ]
      }
      contents = try model.serializedData()
    } catch {
      throw ModelFileError(
        .malformed, path: path, "cannot be written as ONNX, which holds less than 2 GiB: \(error)")
    }
  }

  private static func graph(
    _ model: Sequential, path: String
  ) throws(ModelFileError) -> ONNXGraphProto {
    guard !model.layers.isEmpty else {
      throw ModelFileError(.malformed, path: path, "no layers, and ONNX needs one")
    }
    do {
      return try ONNXGraph(model.folded()).proto
    } catch {
      throw ModelFileError(.malformed, path: path, "\(error)")
    }
  }
}
