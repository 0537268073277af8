import Layers

/// A layer that PyTorch has a module for.
///
/// A layer of your own that conforms is exported as ours are.
public protocol PyTorchModule: Layer {
  /// The module as Python makes it, after `nn.`: `Linear(784, 10)`.
  /// - Parameter input: the shape of one sample
  func pyTorchModule(_ input: Shape) -> String
}

extension Dense: PyTorchModule {
  /// `Linear(inputs, units)`
  public func pyTorchModule(_ input: Shape) -> String {
    "Linear(\(input.count), \(units)\(hasBias ? "" : ", bias=False"))"
  }
}

extension Flatten: PyTorchModule {
  /// `Flatten()`
  public func pyTorchModule(_ input: Shape) -> String { "Flatten()" }
}

extension ReLU: PyTorchModule {
  /// `ReLU()`
  public func pyTorchModule(_ input: Shape) -> String { "ReLU()" }
}

extension LeakyReLU: PyTorchModule {
  /// `LeakyReLU(slope)`
  public func pyTorchModule(_ input: Shape) -> String { "LeakyReLU(\(slope))" }
}

extension Sigmoid: PyTorchModule {
  /// `Sigmoid()`
  public func pyTorchModule(_ input: Shape) -> String { "Sigmoid()" }
}

extension Tanh: PyTorchModule {
  /// `Tanh()`
  public func pyTorchModule(_ input: Shape) -> String { "Tanh()" }
}

extension Softplus: PyTorchModule {
  /// `Softplus()`
  public func pyTorchModule(_ input: Shape) -> String { "Softplus()" }
}

extension GELU: PyTorchModule {
  /// `GELU()`
  public func pyTorchModule(_ input: Shape) -> String { "GELU()" }
}

extension Softmax: PyTorchModule {
  /// `Softmax(dim=1)`
  public func pyTorchModule(_ input: Shape) -> String { "Softmax(dim=1)" }
}

extension Dropout: PyTorchModule {
  /// `Dropout(rate)`
  public func pyTorchModule(_ input: Shape) -> String { "Dropout(\(rate))" }
}

extension LayerNorm: PyTorchModule {
  /// `LayerNorm(features, eps=ε)`
  public func pyTorchModule(_ input: Shape) -> String {
    "LayerNorm(\(input.sizes.last ?? 0), eps=\(epsilon))"
  }
}

extension BatchNorm: PyTorchModule {
  /// `BatchNorm1d(features, eps=ε, momentum=1 − m)`
  public func pyTorchModule(_ input: Shape) -> String {
    "BatchNorm1d(\(input.count), eps=\(epsilon), momentum=\(1 - momentum))"
  }
}
