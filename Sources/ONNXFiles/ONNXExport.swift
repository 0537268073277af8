import Foundation
import ModelFiles
import SwiftProtobuf
import Training

/// A model as ONNX (Open Neural Network Exchange) takes it: one node a layer, in one file with the
/// weights.
///
/// The graph goes from `input` [batch, …], float32, to `output` [batch, …], with any number of
/// samples in a batch. Parameters keep their names, such as `layers.0.weight`; the names of the
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
  /// Throws where there is no layer, where one is of a type that ONNX's operators do not have, and
  /// where the weights take 2 GiB or more, which no such file can hold.
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
    var graph = ONNXGraphProto()
    graph.name = "maru"
    graph.initializer = zip(model.weightNames, model.weights).map { .init($0, $1) }
    graph.input = [.init("input", sample: model.inputShape)]
    graph.input[0].docString = "Scaled as in training: bytes of images to 0…1."
    var (shape, value) = (model.inputShape, "input")
    for (index, layer) in model.layers.enumerated() {
      guard var node = ONNXNodeProto(layer), let output = try? layer.outputShape(for: shape) else {
        throw ModelFileError(
          .malformed, path: path, "layer \(index), \(type(of: layer)), has no counterpart in ONNX")
      }
      node.name = "layers.\(index)"
      if let dropout = layer as? Dropout {
        graph.initializer.append(.init("\(node.name).ratio", Tensor([dropout.rate], shape: [])))
      }
      node.input = [value] + graph.initializer.map(\.name).filter { $0.hasPrefix(node.name + ".") }
      (shape, value) = (output, index == model.layers.count - 1 ? "output" : node.name + ".output")
      node.output = [value]
      graph.node.append(node)
      // The shapes between are for people who look at the graph.
      graph.valueInfo.append(.init(value, sample: shape))
    }
    graph.output = [graph.valueInfo.removeLast()]
    return graph
  }
}

extension ONNXNodeProto {
  /// The operator that computes what a layer does in inference, or nil where ONNX has none.
  ///
  /// Attributes are left out where ONNX's default is meant: `Flatten` keeps the first axis, `Gelu` is
  /// the exact one, `Softmax` goes over the last axis, and `Dropout` does nothing.
  fileprivate init?(_ layer: any Layer) {
    switch layer {
    case is Dense:
      opType = "Gemm"
      attribute = [
        .with {
          $0.name = "transB"
          $0.type = .int
          $0.i = 1
        }
      ]
    case is Flatten: opType = "Flatten"
    case is ReLU: opType = "Relu"
    case let leaky as LeakyReLU:
      opType = "LeakyRelu"
      attribute = [
        .with {
          $0.name = "alpha"
          $0.type = .float
          $0.f = leaky.slope
        }
      ]
    case is Sigmoid: opType = "Sigmoid"
    case is Tanh: opType = "Tanh"
    case is Softplus: opType = "Softplus"
    case is GELU: opType = "Gelu"
    case is Softmax: opType = "Softmax"
    case is Dropout: opType = "Dropout"
    default: return nil
    }
  }
}

extension ONNXTensorProto {
  fileprivate init(_ name: String, _ tensor: Tensor) {
    self.name = name
    dims = tensor.shape.sizes.map { Int64($0) }
    dataType = Int32(DataType.float.rawValue)
    rawData = tensor.withUnsafeBufferPointer { Data(buffer: $0) }
  }
}

extension ONNXValueInfoProto {
  /// A batch of any number of samples of a shape.
  fileprivate init(_ name: String, sample: Shape) {
    self.name = name
    type.tensorType.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
    type.tensorType.shape.dim =
      [.with { $0.dimParam = "batch" }]
      + sample.sizes.map { size in
        .with { $0.dimValue = Int64(size) }
      }
  }
}
