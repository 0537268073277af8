import Layers

/// The layers of a model as they stand in its file: JSON under `__metadata__`.
struct Architecture: Codable {
  var inputShape: [Int]
  var layers: [LayerRecord]

  enum CodingKeys: String, CodingKey {
    case inputShape = "input_shape"
    case layers
  }
}

/// One layer in a file: its type and the settings that the type has.
struct LayerRecord: Codable {
  var type: String
  var units: Int?
  var bias: Bool?
  var l2: Float?
  var slope: Float?
  var rate: Float?

  /// Describes a layer, or returns nil for a type that files do not know.
  init?(_ layer: any Layer) {
    switch layer {
    case let dense as Dense:
      type = "dense"
      units = dense.units
      bias = dense.hasBias
      l2 = dense.l2
    case is Flatten: type = "flatten"
    case is ReLU: type = "relu"
    case let leaky as LeakyReLU:
      type = "leaky_relu"
      slope = leaky.slope
    case is Sigmoid: type = "sigmoid"
    case is Tanh: type = "tanh"
    case is Softplus: type = "softplus"
    case is GELU: type = "gelu"
    case is Softmax: type = "softmax"
    case let dropout as Dropout:
      type = "dropout"
      rate = dropout.rate
    default: return nil
    }
  }

  /// The layer that the record describes, with weights still to be set; nil where the type is
  /// unknown or a setting is missing or out of range.
  var layer: (any Layer)? {
    switch type {
    case "dense":
      guard let units, 1...Self.mostUnits ~= units, (l2 ?? 0) >= 0 else { return nil }
      return Dense(units, bias: bias ?? true, weightInitializer: .zeros, l2: l2 ?? 0)
    case "flatten": return Flatten()
    case "relu": return ReLU()
    case "leaky_relu":
      guard let slope, slope > 0 else { return nil }
      return LeakyReLU(slope: slope)
    case "sigmoid": return Sigmoid()
    case "tanh": return Tanh()
    case "softplus": return Softplus()
    case "gelu": return GELU()
    case "softmax": return Softmax()
    case "dropout":
      guard let rate, 0 <= rate, rate < 1 else { return nil }
      return Dropout(rate)
    default: return nil
    }
  }

  /// More than any file of data could hold weights for.
  private static let mostUnits = Int(Int32.max)
}
