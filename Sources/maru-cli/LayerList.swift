import Maru

/// The layers of a network as text: `flatten,128:relu,dropout:0.2,10:softmax`.
///
/// Each item is a number of units with an activation behind a colon or without one, `flatten`,
/// `dropout:RATE`, or an activation alone.
struct LayerList: Equatable, Codable {
  let text: String
  /// The penalty on the weights of every layer that has some.
  var l2: Float = 0

  static let activations = [
    "relu", "leaky-relu", "sigmoid", "tanh", "softplus", "gelu", "softmax", "linear",
  ]

  /// The layers, or a failure that names the item.
  func layers() throws -> [any Layer] {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
    return try items.flatMap { try layers(String($0)) }
  }

  /// Whether images go in as they are, and the network itself vectorises them.
  var beginsWithFlatten: Bool { text == "flatten" || text.hasPrefix("flatten,") }

  private func layers(_ item: String) throws -> [any Layer] {
    let parts = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let (head, option) = (parts[0], parts.count == 2 ? parts[1] : nil)
    guard parts.count <= 2 else { throw Self.unknown(item) }
    if head == "flatten" && option == nil { return [Flatten()] }
    if head == "dropout", let rate = option.flatMap({ Float($0) }), 0 <= rate, rate < 1 {
      return [Dropout(rate)]
    }
    if let units = Int(head), 1...1_000_000 ~= units {
      guard let option else { return [Dense(units, l2: l2)] }
      guard Self.activations.contains(option) else { throw Self.unknown(item) }
      return [Dense(units, l2: l2)] + Self.activation(option)
    }
    guard option == nil, Self.activations.contains(head) else { throw Self.unknown(item) }
    return Self.activation(head)
  }

  private static func activation(_ name: String) -> [any Layer] {
    switch name {
    case "relu": [ReLU()]
    case "leaky-relu": [LeakyReLU()]
    case "sigmoid": [Sigmoid()]
    case "tanh": [Tanh()]
    case "softplus": [Softplus()]
    case "gelu": [GELU()]
    case "softmax": [Softmax()]
    default: []
    }
  }

  private static func unknown(_ item: String) -> Failure {
    .usage(
      "--layers: '\(item)' is no layer; expected UNITS, UNITS:ACTIVATION, flatten, dropout:RATE "
        + "or an activation (\(activations.joined(separator: ", ")))")
  }
}
