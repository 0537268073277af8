import Layers

/// A layer that PyTorch has a module for.
///
/// A layer of your own that conforms is exported as ours are.
public protocol PyTorchModule: Layer {
  /// The module as Python makes it, after `nn.`: `Linear(784, 10)`.
  /// - Parameter input: the shape of one sample
  func pyTorchModule(_ input: Shape) -> String
}

/// A layer whose parameters are those of a `Linear` module.
protocol PyTorchLinear: Layer {
  var units: Int { get }
  init(weight: Tensor, bias: Tensor?)
}

extension Dense: PyTorchModule, PyTorchLinear {
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
