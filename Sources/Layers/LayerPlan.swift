/// What a layer needs and does for inputs of one shape.
///
/// The work of each pass is a list of ``Phase``s, carried out in this order. A plan without forward
/// phases passes its input on as it is: `Y` is `X` in the output's shape, and `dX` is `dY`.
public struct LayerPlan: Sendable {
  /// The shape of one sample of the output.
  public var output: Shape
  /// The trainable parameters, in the order by which phases name them.
  public var parameters: [Parameter]
  /// What is saved with the parameters but not trained, such as running means.
  public var state: [Parameter]
  /// What forward leaves for backward.
  public var workspace: [Buffer]
  /// What phases of one pass hand to each other.
  public var scratch: [Buffer]
  /// The layout of its inputs, outputs and their gradients; nil where it takes any.
  public var layout: Layout? = .rows
  /// Whether the result depends on random numbers in training.
  public var isRandom = false
  /// Whether a sample's output depends on the other samples of the batch in training.
  public var couplesSamples = false
  /// Computes `Y = f(X; θ)`.
  public var forward: [Phase]
  /// Computes `dθ` from `dY`.
  public var parameterGradients: [Phase]
  /// Computes `dX` from `dY`.
  public var inputGradient: [Phase]
  /// Of a layer made of others: the chains of layers whose outputs are added up.
  private(set) package var branches: [[LayerPlan]] = []

  /// Plans a layer of phases.
  /// - Parameters:
  ///   - output: the shape of one sample of the output
  ///   - parameters: what is trained
  ///   - state: what is saved but not trained
  ///   - workspace: what forward leaves for backward
  ///   - scratch: what phases of one pass hand to each other
  ///   - forward: computes `Y`
  ///   - parameterGradients: computes `dθ`
  ///   - inputGradient: computes `dX`
  public init(
    output: Shape, parameters: [Parameter] = [], state: [Parameter] = [],
    workspace: [Buffer] = [], scratch: [Buffer] = [], forward: [Phase] = [],
    parameterGradients: [Phase] = [], inputGradient: [Phase] = []
  ) {
    self.output = output
    self.parameters = parameters
    self.state = state
    self.workspace = workspace
    self.scratch = scratch
    self.forward = forward
    self.parameterGradients = parameterGradients
    self.inputGradient = inputGradient
  }

  /// Plans a layer made of others: `Y = Σ chain(X)`, an empty chain being `X` itself.
  ///
  /// Their parameters are numbered on over all chains: `layers.3.0.weight`.
  /// - Parameters:
  ///   - chains: at least one; each a list of layers, one after the other
  ///   - input: the shape of one sample
  ///   - context: the sizes of the step
  /// - Throws: ``LayerError`` where a layer cannot take the shape it would get, or the outputs are
  ///   not of one shape
  public init(
    sumOf chains: [[any Layer]], _ input: Shape, _ context: PlanContext
  ) throws(LayerError) {
    require(!chains.isEmpty, "LayerPlan: expected at least one chain of layers, got none")
    var plans: [[LayerPlan]] = []
    var outputs: [Shape] = []
    for chain in chains {
      let planned = try Self.chain(chain, input, context)
      plans.append(planned)
      outputs.append(planned.last?.output ?? input)
    }
    if let other = outputs.first(where: { $0 != outputs[0] }) {
      throw LayerError("a sum expects outputs of one shape, got \(outputs[0]) and \(other)")
    }
    self.init(output: outputs[0])
    branches = plans
    isRandom = plans.joined().contains(where: \.isRandom)
    couplesSamples = plans.joined().contains(where: \.couplesSamples)
  }

  /// The number of its parameters, or of what is saved with them, also where it is made of others.
  package func count(_ list: KeyPath<LayerPlan, [Parameter]>) -> Int {
    self[keyPath: list].count + branches.joined().reduce(0) { $0 + $1.count(list) }
  }

  /// The floating-point operations of a step, forward and backward.
  package var operations: Double {
    (forward + parameterGradients + inputGradient).reduce(0) { $0 + $1.operations }
      + branches.joined().reduce(0) { $0 + $1.operations }
  }

  /// The floating-point operations of a pass forward.
  package var forwardOperations: Double {
    forward.reduce(0) { $0 + $1.operations }
      + branches.joined().reduce(0) { $0 + $1.forwardOperations }
  }

  /// The layout of its input, also where it is made of others; nil where it takes any.
  package var firstLayout: Layout? {
    branches.isEmpty ? layout : branches.joined().lazy.compactMap(\.firstLayout).first
  }

  /// Plans layers one after the other; an error names the place.
  package static func chain(
    _ layers: [any Layer], _ input: Shape, _ context: PlanContext
  ) throws(LayerError) -> [LayerPlan] {
    var plans: [LayerPlan] = []
    for (index, layer) in layers.enumerated() {
      do {
        plans.append(try layer.plan(plans.last?.output ?? input, context))
      } catch {
        throw LayerError("layer \(index): \(error)")
      }
    }
    return plans
  }
}

/// Memory of a layer beside its input, output and parameters.
public struct Buffer: Sendable {
  package enum Size: Sendable {
    case sample(Int)
    case part(Int)
    case shared(rows: Int, columns: Int)
  }

  package let size: Size

  /// So many floats for each sample of the batch, in the layout of the layer: [batch, `count`].
  public static func perSample(_ count: Int) -> Buffer { Buffer(size: .sample(count)) }
  /// So many floats for each part of a phase, which are its own: [parts, `count`].
  public static func perPart(_ count: Int) -> Buffer { Buffer(size: .part(count)) }
  /// One matrix for all.
  public static func shared(rows: Int = 1, columns: Int) -> Buffer {
    Buffer(size: .shared(rows: rows, columns: columns))
  }
}
