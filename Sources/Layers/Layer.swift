@_exported import Tensors

/// One step of a network: a function `Y = f(X; θ)` of a batch, with its derivatives.
///
/// A layer holds its settings only. Its parameters θ and all buffers belong to the model that runs
/// it, which passes them as matrices with one sample a row: `X` [batch, inputs], `Y`
/// [batch, outputs], and each parameter as a matrix (a vector as [1, n]).
///
/// **Gradients.** Backward gives the derivatives of the scalar `Σ dY ∘ Y`, where `dY` is what comes
/// back from the layer above. They overwrite what was there. Gradients of the parameters and of the
/// input are asked for separately, since the lowest layer with parameters needs no `dX`.
///
/// **Workers.** Every call is made by each worker of a team at once. It writes only the worker's
/// part of its result: `pass.worker.tile(ofActivations:)` of `Y` or `dX`, unless ``division`` says
/// otherwise, and `pass.worker.tile(ofWeights:)` of a gradient of weights. The model makes workers
/// wait so that operands are complete before a call, but for an ``isElementwise`` layer whose
/// operand was made in the same tiles.
public protocol Layer: Sendable {
  /// The shape of one sample of the output, given that of the input.
  ///
  /// Throws where the layer cannot take such an input.
  func outputShape(for input: Shape) throws(LayerError) -> Shape

  /// The parameters for inputs of this shape, in the order in which the other calls get them.
  func parameters(for input: Shape) -> [Parameter]

  /// Where the output lies.
  var storage: OutputStorage { get }
  /// Whether each element of `Y` and `dX` depends on the same element of `X`, `Y` and `dY` alone.
  var isElementwise: Bool { get }
  /// Which part of `Y` and `dX` a worker computes.
  var division: WorkDivision { get }
  /// Whether ``inputGradient(of:x:y:parameters:into:pass:)`` reads `Y`.
  var readsOutputBackward: Bool { get }

  /// Computes `Y = f(X; θ)`.
  func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass)

  /// Computes `dθ` from `dY` and `X`, into matrices shaped as the parameters.
  func parameterGradients(
    of dY: MatrixView<Float>, x: MatrixView<Float>, into gradients: [MatrixView<Float>], pass: Pass)

  /// Computes `dX` from `dY`.
  func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass)
}

extension Layer {
  /// No parameters.
  public func parameters(for input: Shape) -> [Parameter] { [] }
  /// Nothing to compute where there are no parameters.
  public func parameterGradients(
    of dY: MatrixView<Float>, x: MatrixView<Float>, into gradients: [MatrixView<Float>], pass: Pass
  ) {}
  /// A buffer of its own.
  public var storage: OutputStorage { .separate }
  /// Not elementwise: whole rows are read.
  public var isElementwise: Bool { false }
  /// The worker's tile.
  public var division: WorkDivision { .tiles }
  /// It does.
  public var readsOutputBackward: Bool { true }
}

/// How a result is divided among workers.
public enum WorkDivision: Sendable {
  /// Each computes its `tile(ofActivations:)`.
  case tiles
  /// Each computes its `share(of: rows)` over all columns.
  case rows
  /// Each computes what ``Pass/forEachTile(ofActivations:_:)`` and
  /// ``Pass/forEachTile(ofWeights:_:)`` give it, so that workers can help each other.
  case shared
}

/// Where a layer's output lies in memory, and likewise the gradient of its input.
public enum OutputStorage: Sendable {
  /// In a buffer of its own.
  case separate
  /// In the input's buffer where nothing needs the input any more, otherwise in one of its own.
  case inPlace
  /// In the input's buffer, as it is: there is nothing to compute.
  case shared
}

/// A trainable array of a layer.
public struct Parameter: Sendable {
  /// What the layer calls it, such as `weight`.
  public let name: String
  /// Its sizes: one (a vector) or two.
  public let shape: Shape
  /// How it is filled before training.
  public let initialValue: Initializer
  /// The factor λ of the penalty `λ·Σθ²` that is added to the loss, 0 for none.
  public let l2: Float

  /// Declares a parameter.
  public init(_ name: String, shape: Shape, initialValue: Initializer, l2: Float = 0) {
    require(
      1...2 ~= shape.rank, "Parameter \(name): expected one or two axes, got shape \(shape)")
    self.name = name
    self.shape = shape
    self.initialValue = initialValue
    self.l2 = l2
  }
}

/// A layer cannot take the input it would get.
public struct LayerError: Error, Sendable, CustomStringConvertible {
  /// What was expected and what was found, in one line.
  public let description: String

  /// Creates an error from its one line.
  public init(_ description: String) { self.description = description }
}
