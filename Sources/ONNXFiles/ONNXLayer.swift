import Training

/// A layer that ONNX has operators for.
///
/// A layer of your own that conforms is exported as ours are; one that does not is refused by name.
public protocol ONNXLayer: Layer {
  /// Appends the operators that compute the layer's output in inference, from what the graph has
  /// computed so far.
  ///
  /// Throws where ONNX has no operator for the layer as it is.
  func append(to graph: inout ONNXGraph) throws(LayerError)
}

/// A setting of an operator.
public enum ONNXAttribute: Sendable {
  /// A whole number.
  case int(Int)
  /// A number in single precision.
  case float(Float)
  /// Whole numbers.
  case ints([Int])
}

extension Dense: ONNXLayer {
  /// `Gemm` with the weights transposed.
  public func append(to graph: inout ONNXGraph) {
    graph.append("Gemm", ["transB": .int(1)], inputs: hasBias ? ["weight", "bias"] : ["weight"])
  }
}

extension Flatten: ONNXLayer {
  /// `Flatten`, which keeps the first axis by default.
  public func append(to graph: inout ONNXGraph) { graph.append("Flatten") }
}

extension ReLU: ONNXLayer {
  /// `Relu`
  public func append(to graph: inout ONNXGraph) { graph.append("Relu") }
}

extension LeakyReLU: ONNXLayer {
  /// `LeakyRelu`
  public func append(to graph: inout ONNXGraph) {
    graph.append("LeakyRelu", ["alpha": .float(slope)])
  }
}

extension Sigmoid: ONNXLayer {
  /// `Sigmoid`
  public func append(to graph: inout ONNXGraph) { graph.append("Sigmoid") }
}

extension Tanh: ONNXLayer {
  /// `Tanh`
  public func append(to graph: inout ONNXGraph) { graph.append("Tanh") }
}

extension Softplus: ONNXLayer {
  /// `Softplus`
  public func append(to graph: inout ONNXGraph) { graph.append("Softplus") }
}

extension GELU: ONNXLayer {
  /// `Gelu`, by default the exact one.
  public func append(to graph: inout ONNXGraph) { graph.append("Gelu") }
}

extension SiLU: ONNXLayer {
  /// `Sigmoid`, then `Mul` with what that took.
  public func append(to graph: inout ONNXGraph) {
    let input = graph.value
    graph.append("Sigmoid")
    graph.append("Mul", otherValues: [input])
  }
}

extension Softmax: ONNXLayer {
  /// `Softmax`, by default over the last axis.
  public func append(to graph: inout ONNXGraph) { graph.append("Softmax") }
}

extension Dropout: ONNXLayer {
  /// `Dropout`, which does nothing in inference.
  public func append(to graph: inout ONNXGraph) {
    graph.add("ratio", Tensor([rate], shape: []))
    graph.append("Dropout", inputs: ["ratio"])
  }
}

extension LayerNorm: ONNXLayer {
  /// `LayerNormalization`, by default over the last axis.
  public func append(to graph: inout ONNXGraph) {
    graph.append(
      "LayerNormalization", ["epsilon": .float(epsilon)], inputs: ["gamma", "beta"])
  }
}

extension BatchNorm: ONNXLayer {
  /// `BatchNormalization` with the running values.
  public func append(to graph: inout ONNXGraph) {
    graph.append(
      "BatchNormalization", ["epsilon": .float(epsilon)],
      inputs: ["gamma", "beta", "running_mean", "running_variance"])
  }
}

extension Residual: ONNXLayer {
  /// The operators of its layers, then `Add`.
  public func append(to graph: inout ONNXGraph) throws(LayerError) {
    let input = graph.value
    try graph.appendBranch(layers)
    graph.append("Add", otherValues: [input])
  }
}

extension Window2D {
  /// As the operators that slide a window over images have it.
  fileprivate func attributes(_ images: Shape) -> [String: ONNXAttribute] {
    let (top, left, bottom, right) = borders(of: images)
    return [
      "kernel_shape": .ints([height, width]), "strides": .ints([stride, stride]),
      "dilations": .ints([dilation, dilation]), "pads": .ints([top, left, bottom, right]),
    ]
  }
}

extension Conv2D: ONNXLayer {
  /// `Conv`
  public func append(to graph: inout ONNXGraph) {
    graph.append(
      "Conv", window.attributes(graph.shape), inputs: hasBias ? ["weight", "bias"] : ["weight"])
  }
}

extension DepthwiseConv2D: ONNXLayer {
  /// `Conv` with a group for each channel
  public func append(to graph: inout ONNXGraph) {
    var attributes = window.attributes(graph.shape)
    attributes["group"] = .int(graph.shape.rank == 3 ? graph.shape[2] : 1)
    graph.append("Conv", attributes, inputs: hasBias ? ["weight", "bias"] : ["weight"])
  }
}

extension ZeroPadding2D: ONNXLayer {
  /// `Pad`, by default with zeros.
  public func append(to graph: inout ONNXGraph) {
    graph.add("pads", [0, 0, top, left, 0, 0, bottom, right])
    graph.append("Pad", inputs: ["pads"])
  }
}

extension MaxPool2D: ONNXLayer {
  /// `MaxPool`
  public func append(to graph: inout ONNXGraph) {
    graph.append("MaxPool", window.attributes(graph.shape))
  }
}

extension AveragePool2D: ONNXLayer {
  /// `AveragePool`, by default of what lies within the image.
  public func append(to graph: inout ONNXGraph) {
    graph.append("AveragePool", window.attributes(graph.shape))
  }
}

extension GlobalAveragePool2D: ONNXLayer {
  /// `GlobalAveragePool`, then `Flatten`.
  public func append(to graph: inout ONNXGraph) {
    let channels = graph.shape.rank == 3 ? graph.shape[2] : 1
    graph.append("GlobalAveragePool", giving: [channels, 1, 1])
    graph.append("Flatten")
  }
}

extension Absorbed: ONNXLayer {
  /// Nothing.
  package func append(to graph: inout ONNXGraph) {}
}
