/// A layer that model files know by a name, with the settings that make it again.
///
/// What it has learned is stored apart, by the names of its parameters. A layer of your own is
/// registered with `ModelFile.register(_:)` before a file that has it is read.
public protocol StoredLayer: Layer {
  /// What files call it, such as `dense`; no other layer may be called so.
  static var storedName: String { get }
  /// What makes the layer again, by name.
  var settings: [String: LayerSetting] { get }
  /// Makes the layer from what a file holds; nil where a setting is missing or out of range.
  init?(settings: [String: LayerSetting])
}

/// One setting of a layer in a file.
public enum LayerSetting: Sendable {
  /// A number.
  case number(Double)
  /// Yes or no.
  case flag(Bool)
  /// The layers that it is made of.
  case layers([any StoredLayer])
}

extension [String: LayerSetting] {
  /// A number in single precision, or nil where there is none.
  public func float(_ name: String) -> Float? {
    if case .number(let value)? = self[name] { Float(value) } else { nil }
  }

  /// A whole number, or nil where there is none.
  public func integer(_ name: String) -> Int? {
    if case .number(let value)? = self[name] { Int(exactly: value) } else { nil }
  }

  /// Yes or no, or nil where neither is there.
  public func flag(_ name: String) -> Bool? {
    if case .flag(let value)? = self[name] { value } else { nil }
  }

  /// Layers, or nil where there are none.
  public func layers(_ name: String) -> [any StoredLayer]? {
    if case .layers(let layers)? = self[name] { layers } else { nil }
  }
}

extension LayerSetting {
  /// A number of single precision.
  public static func number(_ value: Float) -> LayerSetting { .number(Double(value)) }
}

extension StoredLayer where Self: ElementwiseLayer {
  /// No settings.
  public var settings: [String: LayerSetting] { [:] }
}

// MARK: The layers of this package

extension Dense: StoredLayer {
  /// `dense`
  public static let storedName = "dense"
  /// More than any file of data could hold weights for.
  fileprivate static let mostUnits = Int(Int32.max)

  /// `units`, `bias` and `l2`.
  public var settings: [String: LayerSetting] {
    ["units": .number(Double(units)), "bias": .flag(hasBias), "l2": .number(l2)]
  }

  /// From `units` and, where they are given, `bias` and `l2`; all weights are 0.
  public init?(settings: [String: LayerSetting]) {
    let l2 = settings.float("l2") ?? 0
    guard let units = settings.integer("units"), 1...Self.mostUnits ~= units, l2 >= 0 else {
      return nil
    }
    self.init(units, bias: settings.flag("bias") ?? true, weightInitializer: .zeros, l2: l2)
  }
}

extension Window2D {
  /// `height`, `width`, `stride`, `dilation`, and `same` where there is padding.
  fileprivate var settings: [String: LayerSetting] {
    [
      "height": .number(Double(height)), "width": .number(Double(width)),
      "stride": .number(Double(stride)), "dilation": .number(Double(dilation)),
      "same": .flag(padding == .same),
    ]
  }

  /// Nil where a setting is missing or out of range.
  fileprivate init?(settings: [String: LayerSetting]) {
    let numbers = ["height", "width", "stride", "dilation"].map { settings.integer($0) ?? 0 }
    guard numbers.allSatisfy({ 1...Self.largest ~= $0 }) else { return nil }
    self.init(
      numbers[0], numbers[1], stride: numbers[2], dilation: numbers[3],
      padding: settings.flag("same") == true ? .same : .valid)
  }

  /// More than any image has places.
  fileprivate static let largest = 1 << 20
}

extension Conv2D: StoredLayer {
  /// `conv2d`
  public static let storedName = "conv2d"
  /// `filters`, `bias`, `l2`, and those of the window.
  public var settings: [String: LayerSetting] {
    window.settings.merging([
      "filters": .number(Double(filters)), "bias": .flag(hasBias), "l2": .number(l2),
    ]) { $1 }
  }

  /// From `filters`, those of the window and, where they are given, `bias` and `l2`; all weights are 0.
  public init?(settings: [String: LayerSetting]) {
    let l2 = settings.float("l2") ?? 0
    guard let window = Window2D(settings: settings), let filters = settings.integer("filters"),
      1...Dense.mostUnits ~= filters, l2 >= 0
    else { return nil }
    self.init(
      filters, window, bias: settings.flag("bias") ?? true, weightInitializer: .zeros, l2: l2)
  }
}

extension DepthwiseConv2D: StoredLayer {
  /// `depthwise_conv2d`
  public static let storedName = "depthwise_conv2d"
  /// `bias`, `l2`, and those of the window.
  public var settings: [String: LayerSetting] {
    window.settings.merging(["bias": .flag(hasBias), "l2": .number(l2)]) { $1 }
  }

  /// From those of the window and, where they are given, `bias` and `l2`; all weights are 0.
  public init?(settings: [String: LayerSetting]) {
    let l2 = settings.float("l2") ?? 0
    guard let window = Window2D(settings: settings), l2 >= 0 else { return nil }
    self.init(window, bias: settings.flag("bias") ?? true, weightInitializer: .zeros, l2: l2)
  }
}

extension ZeroPadding2D: StoredLayer {
  /// `zero_padding2d`
  public static let storedName = "zero_padding2d"
  /// `top`, `left`, `bottom` and `right`.
  public var settings: [String: LayerSetting] {
    [
      "top": .number(Double(top)), "left": .number(Double(left)),
      "bottom": .number(Double(bottom)), "right": .number(Double(right)),
    ]
  }

  /// From the four sizes, each at least 0.
  public init?(settings: [String: LayerSetting]) {
    let sizes = ["top", "left", "bottom", "right"].map { settings.integer($0) ?? -1 }
    guard sizes.allSatisfy({ 0...Window2D.largest ~= $0 }) else { return nil }
    self.init(top: sizes[0], left: sizes[1], bottom: sizes[2], right: sizes[3])
  }
}

extension MaxPool2D: StoredLayer {
  /// `max_pool2d`
  public static let storedName = "max_pool2d"
  /// Those of the window.
  public var settings: [String: LayerSetting] { window.settings }
  /// From those of a window without dilation.
  public init?(settings: [String: LayerSetting]) {
    guard let window = Window2D(settings: settings), window.dilation == 1 else { return nil }
    self.init(window)
  }
}

extension AveragePool2D: StoredLayer {
  /// `average_pool2d`
  public static let storedName = "average_pool2d"
  /// Those of the window.
  public var settings: [String: LayerSetting] { window.settings }
  /// From those of a window without dilation.
  public init?(settings: [String: LayerSetting]) {
    guard let window = Window2D(settings: settings), window.dilation == 1 else { return nil }
    self.init(window)
  }
}

extension GlobalAveragePool2D: StoredLayer {
  /// `global_average_pool2d`
  public static let storedName = "global_average_pool2d"
  /// No settings.
  public var settings: [String: LayerSetting] { [:] }
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension LeakyReLU: StoredLayer {
  /// `leaky_relu`
  public static let storedName = "leaky_relu"
  /// `slope`
  public var settings: [String: LayerSetting] { ["slope": .number(slope)] }

  /// From `slope`, above 0.
  public init?(settings: [String: LayerSetting]) {
    guard let slope = settings.float("slope"), slope > 0 else { return nil }
    self.init(slope: slope)
  }
}

extension Dropout: StoredLayer {
  /// `dropout`
  public static let storedName = "dropout"
  /// `rate`
  public var settings: [String: LayerSetting] { ["rate": .number(rate)] }

  /// From `rate`, from 0 to below 1.
  public init?(settings: [String: LayerSetting]) {
    guard let rate = settings.float("rate"), 0 <= rate, rate < 1 else { return nil }
    self.init(rate)
  }
}

extension LayerNorm: StoredLayer {
  /// `layer_norm`
  public static let storedName = "layer_norm"
  /// `epsilon`
  public var settings: [String: LayerSetting] { ["epsilon": .number(epsilon)] }

  /// From `epsilon`, above 0.
  public init?(settings: [String: LayerSetting]) {
    guard let epsilon = settings.float("epsilon"), epsilon > 0 else { return nil }
    self.init(epsilon: epsilon)
  }
}

extension BatchNorm: StoredLayer {
  /// `batch_norm`
  public static let storedName = "batch_norm"
  /// `momentum` and `epsilon`.
  public var settings: [String: LayerSetting] {
    ["momentum": .number(momentum), "epsilon": .number(epsilon)]
  }

  /// From `momentum`, from 0 to below 1, and `epsilon`, above 0.
  public init?(settings: [String: LayerSetting]) {
    guard let momentum = settings.float("momentum"), 0 <= momentum, momentum < 1,
      let epsilon = settings.float("epsilon"), epsilon > 0
    else { return nil }
    self.init(momentum: momentum, epsilon: epsilon)
  }
}

extension Residual: StoredLayer {
  /// `residual`
  public static let storedName = "residual"
  /// `layers`, those that can be stored.
  public var settings: [String: LayerSetting] {
    ["layers": .layers(layers.compactMap { $0 as? any StoredLayer })]
  }

  /// From `layers`, at least one.
  public init?(settings: [String: LayerSetting]) {
    guard let layers = settings.layers("layers"), !layers.isEmpty else { return nil }
    self.init(layers)
  }
}

extension Flatten: StoredLayer {
  /// `flatten`
  public static let storedName = "flatten"
  /// No settings.
  public var settings: [String: LayerSetting] { [:] }
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension Softmax: StoredLayer {
  /// `softmax`
  public static let storedName = "softmax"
  /// No settings.
  public var settings: [String: LayerSetting] { [:] }
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension ReLU: StoredLayer {
  /// `relu`
  public static let storedName = "relu"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension Sigmoid: StoredLayer {
  /// `sigmoid`
  public static let storedName = "sigmoid"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension Tanh: StoredLayer {
  /// `tanh`
  public static let storedName = "tanh"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension Softplus: StoredLayer {
  /// `softplus`
  public static let storedName = "softplus"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension GELU: StoredLayer {
  /// `gelu`
  public static let storedName = "gelu"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}

extension SiLU: StoredLayer {
  /// `silu`
  public static let storedName = "silu"
  /// From no settings.
  public init(settings: [String: LayerSetting]) { self.init() }
}
