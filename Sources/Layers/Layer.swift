@_exported import Tensors

/// One step of a network: a function `Y = f(X; θ)` of a batch, with its derivatives.
///
/// A layer holds its settings only. It says what it needs and what it does by a ``LayerPlan``; the
/// memory, the threads and the order of the work belong to the model that runs it.
///
/// **Gradients.** Backward gives the derivatives of the scalar `Σ dY ∘ Y`, where `dY` is what comes
/// back from the layer above. They overwrite what was there. The gradients of the parameters and of
/// the input are phases apart, since the lowest layer with parameters needs no `dX`.
public protocol Layer: Sendable {
  /// Plans the layer for inputs of a shape.
  ///
  /// It is called often, and for the same arguments it has to give the same plan.
  /// - Parameters:
  ///   - input: the shape of one sample
  ///   - context: the sizes of the step that it is planned for
  /// - Throws: ``LayerError`` where the layer cannot take such an input
  func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan
}

extension Layer {
  /// The shape of one sample of the output, given that of the input.
  ///
  /// Throws where the layer cannot take such an input.
  public func outputShape(for input: Shape) throws(LayerError) -> Shape {
    try plan(input, PlanContext(samples: 1, parts: 1)).output
  }
}

/// What a step is planned for.
public struct PlanContext: Sendable {
  /// The most samples of a batch.
  public let samples: Int
  /// The number of parts that the work of a step is cut into.
  public let parts: Int

  /// Describes a step.
  /// - Parameters:
  ///   - samples: the most samples of a batch, at least 1
  ///   - parts: the number of parts that the work is cut into, at least 1
  public init(samples: Int, parts: Int) {
    require(
      samples >= 1 && parts >= 1,
      "PlanContext: expected at least 1 sample and 1 part, got \(samples) and \(parts)")
    self.samples = samples
    self.parts = parts
  }

  /// The fewest columns per part for which a matrix is cut by its columns.
  private static let fewestColumns = 64

  /// Whether a matrix of so many columns is cut by them, and not by its rows: each part keeps what
  /// belongs to its columns in its core's cache from step to step.
  public func cutsColumns(_ columns: Int) -> Bool { columns >= Self.fewestColumns * parts }

  /// The operations of so many for each element of a batch of such samples.
  public func operations(_ each: Double = 1, on shape: Shape) -> Double {
    each * Double(samples) * Double(shape.count)
  }

  /// The fewest operations per part for which parts change threads.
  private static let fewestStolenOperations = 1e7

  /// Whether it pays that a thread that is done takes over parts of a phase of so many operations:
  /// the parts of a small one are slower than the whole, and what follows has to wait for all.
  public func paysStealing(operations: Double) -> Bool {
    parts > 1 && operations / Double(parts) >= Self.fewestStolenOperations
  }
}

/// An array that a layer has: a trainable one, or one that is saved with it but not trained.
public struct Parameter: Sendable {
  /// What the layer calls it, such as `weight`.
  public let name: String
  /// Its sizes, at least one.
  public let shape: Shape
  /// How it is filled before training.
  public let initialValue: Initializer
  /// The number of inputs of a unit, which random initial values are scaled by.
  public let fanIn: Int
  /// The number of units that an input goes to, which random initial values are scaled by.
  public let fanOut: Int
  /// The factor λ of the penalty `λ·Σθ²` that is added to the loss, 0 for none.
  public let l2: Float

  /// Declares a parameter.
  /// - Parameters:
  ///   - name: what the layer calls it
  ///   - shape: its sizes, at least one
  ///   - initialValue: how it is filled
  ///   - fanIn: the product of all sizes but the first unless given; of a vector, its length
  ///   - fanOut: the first size unless given
  ///   - l2: the factor of a penalty, 0 for none
  public init(
    _ name: String, shape: Shape, initialValue: Initializer, fanIn: Int? = nil,
    fanOut: Int? = nil, l2: Float = 0
  ) {
    require(shape.rank >= 1, "Parameter \(name): expected at least one axis, got shape \(shape)")
    self.name = name
    self.shape = shape
    self.initialValue = initialValue
    self.fanIn = fanIn ?? (shape.rank == 1 ? shape.count : shape.withoutFirst.count)
    self.fanOut = fanOut ?? shape[0]
    self.l2 = l2
  }

  /// Its sizes as a matrix: the first axis against all others, a vector as one row.
  package var matrixSize: (rows: Int, columns: Int) {
    shape.rank == 1 ? (1, shape.count) : (shape[0], shape.withoutFirst.count)
  }

  /// The parameter as a matrix at an address: the first axis against all others, a vector as one
  /// row.
  package func matrix(at address: UnsafeMutablePointer<Float>) -> MatrixView<Float> {
    MatrixView(address, rows: matrixSize.rows, columns: matrixSize.columns)
  }
}

/// A layer cannot take the input it would get.
public struct LayerError: Error, Sendable, CustomStringConvertible {
  /// What was expected and what was found, in one line.
  public let description: String

  /// Creates an error from its one line.
  public init(_ description: String) { self.description = description }
}

/// What a forward pass is for.
public enum Mode: Sendable {
  /// Parameters are about to be updated: dropout drops, batch normalisation takes statistics.
  case training
  /// The model is used as it is.
  case inference
}
