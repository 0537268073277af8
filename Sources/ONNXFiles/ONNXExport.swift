import Foundation
import ModelFiles
import SwiftProtobuf
import Training

/// A model as ONNX (Open Neural Network Exchange) takes it: the operators of its layers, in one file
/// with the weights.
///
/// The graph goes from `input` [batch, …], float32, to `output` [batch, …], with any number of
/// samples in a batch. Parameters keep their names, such as `layers.0.weight`; batch normalisation
/// behind a `Dense` or a convolution becomes part of that layer's. The names of the classes stand as
/// JSON under the property `class_names`. Of a table it begins with what makes the network's inputs of
/// its numbers, NaN where they are missing, and ends in the units of what is predicted; the names of
/// these columns stand under `columns` and `targets`. The file is of operator set 20, the first with GELU, and of version 9 of the format (ONNX 1.15, ONNX Runtime 1.17). See
/// https://github.com/onnx/onnx/blob/main/docs/IR.md.
public struct ONNXExport: Sendable {
  /// The contents of the file.
  public let contents: Data

  private static let operatorSet: Int64 = 20
  private static let formatVersion: Int64 = 9

  /// Prepares a model's file.
  ///
  /// Throws where there is no layer, where one is no ``ONNXLayer`` or ONNX has no operator for it as it
  /// is, where the table has other columns than the network inputs or outputs, and where the weights take
  /// 2 GiB or more, which no such file can hold.
  /// - Parameters:
  ///   - file: the model
  ///   - units: the table's numbers, where the model was trained on one
  ///   - path: what errors name
  public init(
    _ file: ModelFile, units: TableUnits = TableUnits(), path: String
  ) throws(ModelFileError) {
    try units.check(file.model, path: path)
    var model = ONNXModelProto()
    model.irVersion = Self.formatVersion
    model.producerName = "maru"
    model.docString = "A network trained by Maru."
    model.opsetImport = [.with { $0.version = Self.operatorSet }]
    model.graph = try Self.graph(file.model, units, path: path)
    let names = [
      ("class_names", file.classNames), ("columns", units.inputs.map(\.name)),
      ("targets", units.outputs.map(\.name)),
    ]
    do {
      for (key, names) in names where !names.isEmpty {
        model.metadataProps.append(try .init(key, names))
      }
      contents = try model.serializedData()
    } catch {
      throw ModelFileError(
        .malformed, path: path, "cannot be written as ONNX, which holds less than 2 GiB: \(error)")
    }
  }

  private static func graph(
    _ model: Sequential, _ units: TableUnits, path: String
  ) throws(ModelFileError) -> ONNXGraphProto {
    guard !model.layers.isEmpty else {
      throw ModelFileError(.malformed, path: path, "no layers, and ONNX needs one")
    }
    do {
      return try ONNXGraph(model.folded(), units).proto
    } catch {
      throw ModelFileError(.malformed, path: path, "\(error)")
    }
  }
}

extension ONNXStringStringEntryProto {
  /// Names as JSON.
  fileprivate init(_ key: String, _ names: [String]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    self.key = key
    value = String(decoding: try encoder.encode(names), as: UTF8.self)
  }
}
