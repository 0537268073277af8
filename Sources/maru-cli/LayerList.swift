import Maru

/// The layers of a network as text: `flatten,128:relu,dropout:0.2,10:softmax`.
///
/// Each item is a number of units with an activation behind a colon or without one, `flatten`,
/// `batchnorm`, `layernorm`, `dropout:RATE`, an activation alone, or one for images: `conv:32:3:relu` of 32
/// filters of 3×3, `depthwise:3:relu`, `maxpool:2`, `avgpool:2`, `globalavgpool`, `pad:1`; of these but the
/// last two `same`, `stride=2` and `dilation=2` may follow the size. `leaky-relu` may have its slope behind
/// another colon.
struct LayerList: Equatable, Codable {
  private(set) var text: String
  /// The penalty on the weights of every layer that has some.
  var l2: Float = 0

  private static let activations = [
    "relu", "leaky-relu[:SLOPE]", "sigmoid", "tanh", "softplus", "gelu", "silu", "softmax",
    "linear",
  ]

  private var items: [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// Whether images go in as they are, and not as vectors: what first takes one or the other tells.
  var takesImages: Bool {
    for item in items {
      let name = item.split(separator: ":").first.map(String.init) ?? ""
      if Int(name) != nil { return false }
      if name == "flatten" || Self.imageLayers.contains(name) { return true }
    }
    return false
  }

  private static let imageLayers = [
    "conv", "depthwise", "maxpool", "avgpool", "globalavgpool", "pad",
  ]
  private static let convolutions = ["conv", "depthwise"]

  /// Whether some are convolutions.
  var convolves: Bool {
    items.contains { item in Self.convolutions.contains { item.hasPrefix("\($0):") } }
  }

  /// Whether some leaky ReLU has no slope of its own.
  var leavesSlopeOpen: Bool { items.contains { $0.split(separator: ":").last == "leaky-relu" } }

  /// The settings of layers that the text leaves open.
  struct Defaults {
    /// Of a leaky ReLU.
    let slope: Float
    /// Of normalisations: what keeps the divisor from 0.
    let epsilon: Float
    /// Of batch normalisation: the share of the running values that a step keeps.
    let momentum: Float

    static let keras = Defaults(
      slope: LeakyReLU().slope, epsilon: BatchNorm().epsilon, momentum: BatchNorm().momentum)
    static let pyTorch = Defaults(slope: 0.01, epsilon: 1e-5, momentum: 0.9)
  }

  /// Whether some normalisation is among them, whose ε is a default.
  var normalizes: Bool { items.contains { $0 == "batchnorm" || $0 == "layernorm" } }

  /// The layers with one behind them that has an output for each class, or for each number, unless the
  /// last is one already, of whatever size.
  func completed(outputs: Int, isOfClasses: Bool) -> LayerList {
    let last = items.last?.split(separator: ":") ?? []
    let isLinear = last.count == 1 && Int(last[0]) != nil || last.last == "linear"
    if isLinear || items.contains(where: { $0.hasSuffix("softmax") }) { return self }
    var list = self
    list.text += isOfClasses ? ",\(outputs):softmax" : ",\(outputs)"
    return list
  }

  /// The layers, or a failure that names the item.
  func layers(_ defaults: Defaults = .keras) throws -> [any Layer] {
    try items.flatMap { item in
      guard let layers = layers(item, defaults) else { throw Self.unknown(item) }
      return layers
    }
  }

  /// The layers of an item, or nil where it is none.
  private func layers(_ item: String, _ defaults: Defaults) -> [any Layer]? {
    switch item {
    case "flatten": return [Flatten()]
    case "batchnorm":
      return [BatchNorm(momentum: defaults.momentum, epsilon: defaults.epsilon)]
    case "layernorm": return [LayerNorm(epsilon: defaults.epsilon)]
    default: break
    }
    let parts = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if Self.imageLayers.contains(parts[0]) { return imageLayer(parts, defaults.slope) }
    if parts[0] == "dropout" {
      guard parts.count == 2, let rate = Float(parts[1]), 0 <= rate, rate < 1 else { return nil }
      return [Dropout(rate)]
    }
    guard let units = Int(parts[0]) else { return Self.activation(parts[...], defaults.slope) }
    guard 1...1_000_000 ~= units else { return nil }
    let activation = parts.count == 1 ? [] : Self.activation(parts.dropFirst(), defaults.slope)
    return activation.map { [Dense(units, l2: l2)] + $0 }
  }

  /// `conv:FILTERS:SIZE…`, `depthwise:SIZE…`, `maxpool:SIZE…`, `avgpool:SIZE…`, `globalavgpool` or
  /// `pad:SIZE`.
  private func imageLayer(_ parts: [String], _ leakySlope: Float) -> [any Layer]? {
    let name = parts[0]
    if name == "globalavgpool" { return parts.count == 1 ? [GlobalAveragePool2D()] : nil }
    var rest = parts.dropFirst()
    var numbers: [Int] = []
    for _ in 0..<(name == "conv" ? 2 : 1) {
      guard let number = rest.popFirst().flatMap({ Int($0) }), 1...65_536 ~= number else {
        return nil
      }
      numbers.append(number)
    }
    guard let size = numbers.last else { return nil }
    if name == "pad" { return rest.isEmpty ? [ZeroPadding2D(size)] : nil }
    let convolves = Self.convolutions.contains(name)
    var (stride, dilation, padding) = (convolves ? 1 : size, 1, Window2D.Padding.valid)
    options: while let option = rest.first {
      let value = option.split(separator: "=").last.flatMap { Int($0) } ?? 0
      switch option {
      case "same": padding = .same
      case "valid": padding = .valid
      case "stride=\(value)" where value >= 1: stride = value
      case "dilation=\(value)" where value >= 1 && convolves: dilation = value
      default: break options
      }
      rest.removeFirst()
    }
    let activation = rest.isEmpty ? [] : convolves ? Self.activation(rest, leakySlope) : nil
    guard let activation else { return nil }
    let window = Window2D(size, stride: stride, dilation: dilation, padding: padding)
    switch name {
    case "conv": return [Conv2D(numbers[0], window, l2: l2)] + activation
    case "depthwise": return [DepthwiseConv2D(window, l2: l2)] + activation
    case "maxpool": return [MaxPool2D(window)]
    default: return [AveragePool2D(window)]
    }
  }

  private static func activation(
    _ parts: ArraySlice<String>, _ leakySlope: Float
  ) -> [any Layer]? {
    switch parts.joined(separator: ":") {
    case "relu": return [ReLU()]
    case "leaky-relu": return [LeakyReLU(slope: leakySlope)]
    case "sigmoid": return [Sigmoid()]
    case "tanh": return [Tanh()]
    case "softplus": return [Softplus()]
    case "gelu": return [GELU()]
    case "silu", "swish": return [SiLU()]
    case "softmax": return [Softmax()]
    case "linear": return []
    default:
      guard parts.count == 2, parts.first == "leaky-relu",
        let slope = parts.last.flatMap(Float.init),
        slope > 0, slope.isFinite
      else { return nil }
      return [LeakyReLU(slope: slope)]
    }
  }

  private static func unknown(_ item: String) -> Failure {
    .usage(
      "--layers: '\(item)' is no layer; expected UNITS, UNITS:ACTIVATION, conv:FILTERS:SIZE, "
        + "conv:FILTERS:SIZE:ACTIVATION, depthwise:SIZE, maxpool:SIZE, avgpool:SIZE, globalavgpool, "
        + "pad:SIZE, flatten, batchnorm, layernorm, dropout:RATE or an activation "
        + "(\(activations.joined(separator: ", ")))")
  }
}
