import Foundation
import Layers
import Synchronization

/// The layers of a model as they stand in its file: JSON under `__metadata__`.
package struct Architecture: Codable {
  var inputShape: [Int]
  var layers: [StoredRecord]

  enum CodingKeys: String, CodingKey {
    case inputShape = "input_shape"
    case layers
  }

  /// The text of layers that files know; throws where a setting is none that JSON can hold.
  package static func text(of layers: [any Layer], on inputShape: Shape) throws -> String {
    try text(
      Architecture(inputShape: inputShape.sizes, layers: layers.compactMap { StoredRecord($0) }))
  }

  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// What a text describes; nil where it is none, or has a layer of no known type.
  package static func network(_ text: String) -> (inputShape: Shape, layers: [any Layer])? {
    guard let found = try? JSONDecoder().decode(Architecture.self, from: Data(text.utf8)),
      !found.inputShape.isEmpty, found.inputShape.allSatisfy({ $0 > 0 })
    else { return nil }
    let layers = found.layers.compactMap(\.layer)
    return layers.count == found.layers.count ? (Shape(found.inputShape), layers) : nil
  }
}

/// One layer in a file: its type and the settings that the type has, in one object.
struct StoredRecord: Codable {
  let type: String
  private let settings: [String: Value]

  private enum Value {
    case number(Double)
    case flag(Bool)
    case layers([StoredRecord])
  }

  /// Describes a layer; nil where it, or one that it is made of, is of a type that files do not know.
  init?(_ layer: any Layer) {
    guard let layer = layer as? any StoredLayer else { return nil }
    type = Swift.type(of: layer).storedName
    var settings: [String: Value] = [:]
    for (name, setting) in layer.settings {
      switch setting {
      case .number(let value): settings[name] = .number(value)
      case .flag(let value): settings[name] = .flag(value)
      case .layers(let layers):
        let records = layers.compactMap { StoredRecord($0) }
        guard records.count == layers.count else { return nil }
        settings[name] = .layers(records)
      }
    }
    self.settings = settings
  }

  /// The layer that the record describes, with weights still to be set; nil where the type is
  /// unknown or a setting is missing or out of range.
  var layer: (any StoredLayer)? {
    guard let type = LayerTypes.named(type) else { return nil }
    var settings: [String: LayerSetting] = [:]
    for (name, value) in self.settings {
      switch value {
      case .number(let value): settings[name] = .number(value)
      case .flag(let value): settings[name] = .flag(value)
      case .layers(let records):
        let layers = records.compactMap(\.layer)
        guard layers.count == records.count else { return nil }
        settings[name] = .layers(layers)
      }
    }
    return type.init(settings: settings)
  }

  // MARK: Codable

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static let typeKey = Key("type")

  init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    type = try object.decode(String.self, forKey: Self.typeKey)
    var settings: [String: Value] = [:]
    for key in object.allKeys where key.stringValue != Self.typeKey.stringValue {
      settings[key.stringValue] =
        if let flag = try? object.decode(Bool.self, forKey: key) {
          .flag(flag)
        } else if let number = try? object.decode(Double.self, forKey: key) {
          .number(number)
        } else {
          .layers(try object.decode([StoredRecord].self, forKey: key))
        }
    }
    self.settings = settings
  }

  func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(type, forKey: Self.typeKey)
    for (name, value) in settings {
      switch value {
      case .number(let number):
        // Settings are whole numbers or floats, whose own digits are fewer.
        if let whole = Int(exactly: number) {
          try object.encode(whole, forKey: Key(name))
        } else {
          try object.encode(Float(number), forKey: Key(name))
        }
      case .flag(let flag): try object.encode(flag, forKey: Key(name))
      case .layers(let records): try object.encode(records, forKey: Key(name))
      }
    }
  }
}

/// The types of layers that files know, by their names.
enum LayerTypes {
  private static let types = Mutex(
    Dictionary(
      uniqueKeysWithValues: ([
        Dense.self, Flatten.self, ReLU.self, LeakyReLU.self, Sigmoid.self, Tanh.self,
        Softplus.self, GELU.self, Softmax.self, Dropout.self, LayerNorm.self, BatchNorm.self,
        Residual.self, Conv2D.self, MaxPool2D.self, AveragePool2D.self, GlobalAveragePool2D.self,
        DepthwiseConv2D.self, ZeroPadding2D.self, SiLU.self,
      ] as [any StoredLayer.Type]).map { ($0.storedName, $0) }))

  static func named(_ name: String) -> (any StoredLayer.Type)? {
    types.withLock { $0[name] }
  }

  static func register(_ type: any StoredLayer.Type) {
    let other = types.withLock { types in
      let other = types[type.storedName]
      types[type.storedName] = other ?? type
      return other
    }
    require(
      other == nil || other == type,
      "ModelFile.register: expected a name of its own, got \(type.storedName), which is \(other.map { "\($0)" } ?? "")"
    )
  }
}
