import Layers

/// A layer that PyTorch has a module for.
///
/// A layer of your own that conforms is exported as ours are.
public protocol PyTorchModule: Layer {
  /// The modules as Python makes them, after `nn.`: `Linear(784, 10)`. The last has the layer's
  /// parameters. None where PyTorch has none for the layer as it is.
  ///
  /// A layer whose plan is in `Layout.lanes` gets its images as PyTorch's modules take them, as
  /// [batch, channels, height, width].
  /// - Parameter input: the shape of one sample, of images [height, width, channels]
  func pyTorchModules(_ input: Shape) -> [String]
}

extension Dense: PyTorchModule {
  /// `Linear(inputs, units)`
  public func pyTorchModules(_ input: Shape) -> [String] {
    ["Linear(\(input.count), \(units)\(hasBias ? "" : ", bias=False"))"]
  }
}

extension Flatten: PyTorchModule {
  /// `Flatten()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Flatten()"] }
}

extension ReLU: PyTorchModule {
  /// `ReLU()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["ReLU()"] }
}

extension LeakyReLU: PyTorchModule {
  /// `LeakyReLU(slope)`
  public func pyTorchModules(_ input: Shape) -> [String] { ["LeakyReLU(\(slope))"] }
}

extension Sigmoid: PyTorchModule {
  /// `Sigmoid()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Sigmoid()"] }
}

extension Tanh: PyTorchModule {
  /// `Tanh()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Tanh()"] }
}

extension Softplus: PyTorchModule {
  /// `Softplus()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Softplus()"] }
}

extension GELU: PyTorchModule {
  /// `GELU()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["GELU()"] }
}

extension SiLU: PyTorchModule {
  /// `SiLU()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["SiLU()"] }
}

extension Softmax: PyTorchModule {
  /// `Softmax(dim=1)`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Softmax(dim=1)"] }
}

extension Dropout: PyTorchModule {
  /// `Dropout(rate)`
  public func pyTorchModules(_ input: Shape) -> [String] { ["Dropout(\(rate))"] }
}

extension LayerNorm: PyTorchModule {
  /// `LayerNorm(features, eps=ε)`
  public func pyTorchModules(_ input: Shape) -> [String] {
    ["LayerNorm(\(input.sizes.last ?? 0), eps=\(epsilon))"]
  }
}

extension BatchNorm: PyTorchModule {
  /// `BatchNorm1d(features, eps=ε, momentum=1 − m)`, of images `BatchNorm2d`
  public func pyTorchModules(_ input: Shape) -> [String] {
    let (type, features) =
      input.rank == 1 ? ("1d", input[0]) : ("2d", input.rank == 2 ? 1 : input[2])
    return ["BatchNorm\(type)(\(features), eps=\(epsilon), momentum=\(1 - momentum))"]
  }
}

extension Window2D {
  /// The settings of a module that slides over images, but for what it lies over at their borders.
  private func settings(stride usual: Shape) -> String {
    var text = height == width ? "\(height)" : "(\(height), \(width))"
    if usual != [stride, stride] { text += ", stride=\(stride)" }
    if dilation > 1 { text += ", dilation=\(dilation)" }
    return text
  }

  /// The settings of a module, which pads both ends of an axis alike, and the sizes for one before it
  /// that pads where this will not do; nil where it will.
  fileprivate func settings(
    _ images: Shape, stride usual: Shape
  ) -> (text: String, padding: String?) {
    let borders = borders(of: images)
    let text = settings(stride: usual)
    guard borders.top == borders.bottom, borders.left == borders.right else {
      return (text, "(\(borders.left), \(borders.right), \(borders.top), \(borders.bottom))")
    }
    let isPadded = borders.top + borders.left > 0
    return (isPadded ? "\(text), padding=(\(borders.top), \(borders.left))" : text, nil)
  }
}

extension Window2D {
  /// `Conv2d(…)`, after `ZeroPad2d(…)` where one side is padded more.
  fileprivate func convolution(
    _ input: Shape, filters: Int? = nil, hasBias: Bool
  ) -> [String] {
    let (text, padding) = settings(input, stride: [1, 1])
    let channels = input.rank == 3 ? input[2] : 1
    let groups = filters == nil ? ", groups=\(channels)" : ""
    let bias = hasBias ? "" : ", bias=False"
    return (padding.map { ["ZeroPad2d(\($0))"] } ?? [])
      + ["Conv2d(\(channels), \(filters ?? channels), \(text)\(groups)\(bias))"]
  }
}

extension Conv2D: PyTorchModule {
  /// `Conv2d(channels, filters, …)`, after `ZeroPad2d(…)` where one side is padded more.
  public func pyTorchModules(_ input: Shape) -> [String] {
    window.convolution(input, filters: filters, hasBias: hasBias)
  }
}

extension DepthwiseConv2D: PyTorchModule {
  /// `Conv2d(channels, channels, …, groups=channels)`, after `ZeroPad2d(…)` where one side is padded more.
  public func pyTorchModules(_ input: Shape) -> [String] {
    window.convolution(input, hasBias: hasBias)
  }
}

extension ZeroPadding2D: PyTorchModule {
  /// `ZeroPad2d(…)`
  public func pyTorchModules(_ input: Shape) -> [String] {
    ["ZeroPad2d((\(left), \(right), \(top), \(bottom)))"]
  }
}

extension MaxPool2D: PyTorchModule {
  /// `MaxPool2d(…)`, after `ConstantPad2d(…)` where one side is padded more.
  public func pyTorchModules(_ input: Shape) -> [String] {
    let (text, padding) = window.settings(input, stride: [window.height, window.width])
    return (padding.map { ["ConstantPad2d(\($0), float(\"-inf\"))"] } ?? [])
      + ["MaxPool2d(\(text))"]
  }
}

extension AveragePool2D: PyTorchModule {
  /// `AvgPool2d(…)`, none where windows that move by one place are padded more at one side.
  public func pyTorchModules(_ input: Shape) -> [String] {
    let (text, padding) = window.settings(input, stride: [window.height, window.width])
    guard padding != nil else { return ["AvgPool2d(\(text), count_include_pad=False)"] }
    // What PyTorch's last window has beyond the border is not counted either.
    let borders = window.borders(of: input)
    let before = "padding=(\(borders.top), \(borders.left))"
    return window.stride == 1
      ? [] : ["AvgPool2d(\(text), \(before), ceil_mode=True, count_include_pad=False)"]
  }
}

extension GlobalAveragePool2D: PyTorchModule {
  /// `AdaptiveAvgPool2d(1)`, then `Flatten()`
  public func pyTorchModules(_ input: Shape) -> [String] { ["AdaptiveAvgPool2d(1)", "Flatten()"] }
}
