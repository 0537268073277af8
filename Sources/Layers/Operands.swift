/// The arrays of one layer for one batch, as matrices in memory that the model keeps.
///
/// `X`, `Y` and their gradients have one row per sample. A parameter is [units, inputs], its axes
/// past the first as one; a vector is one row. Not `Sendable`, as pointers are not.
public struct Operands {
  private let views: UnsafePointer<MatrixView<Float>>
  private let counts: Counts

  /// How many there are of each kind.
  package struct Counts {
    package var parameters, state, workspace, scratch: Int

    package init(_ plan: LayerPlan) {
      parameters = plan.parameters.count
      state = plan.state.count
      workspace = plan.workspace.count
      scratch = plan.scratch.count
    }

    /// All of them.
    package var total: Int { 4 + 2 * parameters + state + workspace + scratch }

    /// The place of an operand among all.
    package func index(_ operand: Operand) -> Int {
      switch operand {
      case .input: 0
      case .output: 1
      case .outputGradient: 2
      case .inputGradient: 3
      case .parameter(let index): 4 + index
      case .gradient(let index): 4 + parameters + index
      case .state(let index): 4 + 2 * parameters + index
      case .workspace(let index): 4 + 2 * parameters + state + index
      case .scratch(let index): 4 + 2 * parameters + state + workspace + index
      }
    }
  }

  /// - Parameter views: in the order of ``Counts/index(_:)``, alive as long as this is used
  package init(_ views: UnsafePointer<MatrixView<Float>>, _ counts: Counts) {
    self.views = views
    self.counts = counts
  }

  /// `X`
  public var x: MatrixView<Float> { views[0] }
  /// `Y`
  public var y: MatrixView<Float> { views[1] }
  /// `dY`
  public var dY: MatrixView<Float> { views[2] }
  /// `dX`
  public var dX: MatrixView<Float> { views[3] }
  /// A parameter, by its place in the plan.
  public func parameter(_ index: Int) -> MatrixView<Float> { self[.parameter(index)] }
  /// The gradient of a parameter.
  public func gradient(_ index: Int) -> MatrixView<Float> { self[.gradient(index)] }
  /// What is saved but not trained.
  public func state(_ index: Int) -> MatrixView<Float> { self[.state(index)] }
  /// What forward leaves for backward.
  public func workspace(_ index: Int) -> MatrixView<Float> { self[.workspace(index)] }
  /// What phases of one pass hand to each other.
  public func scratch(_ index: Int) -> MatrixView<Float> { self[.scratch(index)] }

  /// An operand by its name.
  public subscript(operand: Operand) -> MatrixView<Float> { views[counts.index(operand)] }
}

@available(*, unavailable, message: "It points to memory that a model keeps.")
extension Operands: Sendable {}

/// The circumstances of a pass through a layer.
public struct Pass: Sendable {
  /// Training or inference.
  public let mode: Mode
  /// The training step, counted from 0 since the model was compiled.
  public let step: Int
  /// The key of the layer's random numbers, the same in every step.
  public let randomKey: UInt64
  /// The place of the first of these samples in the whole batch, from which random numbers follow.
  public let firstSample: Int
  /// How many samples there are; in ``Layout/lanes`` the last block may have fewer than its lanes.
  public let samples: Int
  /// What a phase that says so multiplies its gradient by; 1 but for gradient descent, where it is −η.
  public let alpha: Float
  /// What it multiplies by what lies where the gradient goes before it adds that; 0, or 1 in gradient
  /// descent. Where it is 0, nothing is read.
  public let beta: Float
  /// Where a profiled pass notes its matrix products.
  let products: ProductClock?

  package init(
    mode: Mode, samples: Int, step: Int = 0, randomKey: UInt64 = 0, firstSample: Int = 0,
    alpha: Float = 1, beta: Float = 0, products: ProductClock? = nil
  ) {
    self.mode = mode
    self.step = step
    self.randomKey = randomKey
    self.firstSample = firstSample
    self.samples = samples
    self.alpha = alpha
    self.beta = beta
    self.products = products
  }
}
