import Foundation
import ModelFiles
import Training

/// A graph of ONNX's operators under construction, layer by layer.
///
/// Batches lie as in Maru, images as [batch, height, width, channels]; but layers whose plan is in
/// `Layout.lanes`, which work on images, get them as ONNX's operators take them, as
/// [batch, channels, height, width].
public struct ONNXGraph: Sendable {
  /// The shape of one sample of the value computed so far.
  public private(set) var shape: Shape
  /// The name of that value.
  public internal(set) var value = "input"
  /// The name of the layer that appends, as `layers.3`; its parameters' names begin so.
  public internal(set) var layer = "layers"
  var proto = ONNXGraphProto()
  private var order = ChannelsFirst()
  private let weights: [String: Tensor]

  init(_ model: Sequential, _ units: TableUnits) throws(LayerError) {
    shape = units.inputs.isEmpty ? model.inputShape : [units.inputs.count]
    proto.name = "maru"
    weights = Dictionary(zip(model.allWeightNames, model.allWeights)) { first, _ in first }
    proto.initializer = model.allWeightNames.compactMap { name in
      weights[name].map { .init(name, $0) }
    }
    proto.input = [.init(value, sample: shape)]
    proto.input[0].docString =
      units.inputs.isEmpty
      ? "Scaled as in training: bytes of images to 0…1." : TableUnits.inputsDescription
    if !units.inputs.isEmpty { append(units.inputs) }
    try append(model.layers)
    let last = shape
    reorder { $0.steps(to: ChannelsFirst(), on: last) }
    if !units.outputs.isEmpty { append(units.outputs) }
    guard let last = proto.node.indices.last else { return }
    proto.node[last].output = ["output"]
    proto.valueInfo.removeLast()
    proto.output = [.init("output", sample: shape)]
  }

  /// Appends layers, one on the other; of a branch whose result meets another's by
  /// ``appendBranch(_:)``.
  ///
  /// Throws where one has no counterpart in ONNX.
  public mutating func append(_ layers: [any Layer]) throws(LayerError) {
    let outer = layer
    defer { layer = outer }
    for (index, inner) in layers.enumerated() {
      layer = "\(outer).\(index)"
      guard let operators = inner as? any ONNXLayer else {
        throw LayerError("\(layer), \(type(of: inner)), has no counterpart in ONNX")
      }
      let plan = try inner.plan(shape, PlanContext(samples: 1, parts: 1))
      let before = shape
      reorder { $0.steps(before: inner, plan, on: before) }
      if inner is any UnitLayer { reorderWeight() }
      do {
        try operators.append(to: &self)
      } catch {
        throw LayerError("\(layer), \(type(of: inner)): \(error)")
      }
      order.pass(plan)
      if plan.output != shape { setShape(plan.output) }
    }
  }

  /// Appends layers, one on the other, whose output has its axes in the order of their input's.
  ///
  /// Throws where one has no counterpart in ONNX.
  public mutating func appendBranch(_ layers: [any Layer]) throws(LayerError) {
    let before = order
    try append(layers)
    let output = shape
    reorder { $0.steps(to: before, on: output) }
  }

  /// Appends one operator on the value computed so far, whose output is the next.
  /// - Parameters:
  ///   - type: the operator's name, of operator set 20
  ///   - attributes: its settings; none unless given, and then ONNX's defaults are meant
  ///   - otherValues: further values that it takes, after the first
  ///   - inputs: the layer's parameters and constants that it takes after these, as `weight`
  ///   - sample: the shape of one sample of an output that is not the layer's, where it is another
  ///     than that of the layer's input
  public mutating func append(
    _ type: String, _ attributes: [String: ONNXAttribute] = [:], otherValues: [String] = [],
    inputs: [String] = [], giving sample: Shape? = nil
  ) {
    let uses = proto.node.count { $0.name == layer || $0.name.hasPrefix("\(layer):") }
    var node = ONNXNodeProto()
    node.opType = type
    node.name = uses == 0 ? layer : "\(layer):\(uses)"
    node.attribute = attributes.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
    node.input = [value] + otherValues + inputs.map { "\(layer).\($0)" }
    value = "\(node.name).output"
    node.output = [value]
    proto.node.append(node)
    // The shapes between are for people who look at the graph.
    proto.valueInfo.append(.init(value, sample: sample ?? order.shape(shape)))
  }

  /// Appends what brings the value computed so far into another order.
  private mutating func reorder(_ change: (inout ChannelsFirst) -> [ChannelsFirst.Step]) {
    let outer = layer
    defer { layer = outer }
    layer += ".order"
    var sample = order.shape(shape)
    for (index, step) in change(&order).enumerated() {
      sample = ChannelsFirst.shape(sample, after: step)
      switch step {
      case .permute(let axes): append("Transpose", ["perm": .ints(axes)], giving: sample)
      case .unflatten, .flatten:
        // The number of samples stays what it is.
        let sizes = "sizes\(index)"
        add(sizes, [0] + sample.sizes)
        append("Reshape", inputs: [sizes], giving: sample)
      }
    }
  }

  /// Puts the layer's weight into the order of its input.
  private mutating func reorderWeight() {
    let name = "\(layer).weight"
    guard let weight = weights[name],
      let place = proto.initializer.firstIndex(where: { $0.name == name })
    else { return }
    proto.initializer[place] = .init(name, order.theirs(weight))
  }

  /// Adds a constant of the layer's, which operators take by its name.
  public mutating func add(_ name: String, _ tensor: Tensor) {
    proto.initializer.append(.init("\(layer).\(name)", tensor))
  }

  /// Adds a constant of whole numbers.
  mutating func add(_ name: String, _ numbers: [Int]) {
    proto.initializer.append(.init("\(layer).\(name)", numbers))
  }

  /// Notes that the value computed last is of another shape than the one before.
  mutating func setShape(_ shape: Shape) {
    self.shape = shape
    require(!proto.valueInfo.isEmpty, "ONNXGraph: expected an operator for \(layer), got none")
    proto.valueInfo[proto.valueInfo.count - 1] = .init(value, sample: order.shape(shape))
  }
}

extension ONNXAttributeProto {
  fileprivate init(_ name: String, _ value: ONNXAttribute) {
    self.name = name
    switch value {
    case .int(let value):
      type = .int
      i = Int64(value)
    case .float(let value):
      type = .float
      f = value
    case .ints(let values):
      type = .ints
      ints = values.map { Int64($0) }
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

  fileprivate init(_ name: String, _ numbers: [Int]) {
    self.name = name
    dims = [Int64(numbers.count)]
    dataType = Int32(DataType.int64.rawValue)
    rawData = numbers.map { Int64($0).littleEndian }.withUnsafeBufferPointer { Data(buffer: $0) }
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
