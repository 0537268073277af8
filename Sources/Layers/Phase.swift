/// A piece of a layer's work that parts carry out beside each other.
///
/// It says what it reads and what it writes, and of each whether only what belongs to the part or
/// all of it. From that alone follows where threads wait for each other, so a phase that touches
/// more than it says is wrong on some machine some day.
public struct Phase: Sendable {
  /// What it reads.
  public let reads: [Operand: Extent]
  /// What it writes.
  public let writes: [Operand: Extent]
  /// The operand whose memory the one that it writes may take, element by element, where nothing
  /// needs the old values any more.
  public let inPlace: InPlace?
  /// How the work is cut into parts.
  public let split: Split
  /// Whether a thread that is done takes over parts that others have not begun.
  public let isStolen: Bool
  /// Whether it writes a parameter's gradient as `α·dθ + β·(what lies there)`, with the factors of the
  /// ``Pass``. Then plain gradient descent, `θ ← −η·dθ + θ`, can be done by the phase itself.
  public let addsScaled: Bool
  /// The floating-point operations of a whole batch, to tell how much work there is.
  public let operations: Double
  /// Carries out one part.
  package let run: @Sendable (Operands, Part, Pass) -> Void

  /// Describes a phase.
  /// - Parameters:
  ///   - reads: what it reads
  ///   - writes: what it writes
  ///   - inPlace: what the result may overwrite; nil, the default, for nothing
  ///   - split: how the work is cut
  ///   - isStolen: whether threads take over parts from each other; false unless given
  ///   - addsScaled: whether it scales and adds its gradient as the pass says; false unless given
  ///   - operations: the floating-point operations of a whole batch, about; 0 unless given
  ///   - run: carries out one part, on any thread
  public init(
    reads: [Operand: Extent], writes: [Operand: Extent], inPlace: InPlace? = nil, split: Split,
    isStolen: Bool = false, addsScaled: Bool = false, operations: Double = 0,
    run: @escaping @Sendable (Operands, Part, Pass) -> Void
  ) {
    self.reads = reads
    self.writes = writes
    self.inPlace = inPlace
    self.split = split
    self.isStolen = isStolen
    self.addsScaled = addsScaled
    self.operations = operations
    self.run = run
  }
}

/// An array that a phase reads or writes.
public enum Operand: Hashable, Sendable {
  /// `X` [batch, inputs]
  case input
  /// `Y` [batch, outputs]
  case output
  /// `dY` [batch, outputs]
  case outputGradient
  /// `dX` [batch, inputs]
  case inputGradient
  /// A parameter θ, by its place in the plan.
  case parameter(Int)
  /// The gradient dθ of a parameter.
  case gradient(Int)
  /// What is saved but not trained.
  case state(Int)
  /// What forward leaves for backward.
  case workspace(Int)
  /// What phases of one pass hand to each other.
  case scratch(Int)
}

/// How much of an operand one part touches.
public enum Extent: Sendable {
  /// What belongs to the part; see ``Split``.
  case part
  /// All of it.
  case all
}

/// Which operand a result may overwrite.
public enum InPlace: Sendable {
  /// `Y` may lie where `X` lies.
  case outputOverInput
  /// `dX` may lie where `dY` lies.
  case inputGradientOverOutputGradient
}

/// How the work of a phase is cut into parts, and so what of each operand belongs to a part.
///
/// In ``Layout/lanes`` tiles and elements are cut by samples.
///
/// `X` and `dX` have one row per sample and one column per input; `Y` and `dY` one row per sample
/// and one column per unit; a parameter of two axes or more is [units, inputs…], of one axis
/// [units]. Of an operand that has no such axis, all belongs to every part.
public enum Split: Hashable, Sendable {
  /// By samples: rows of `X`, `Y` and what is kept for each sample.
  case samples
  /// By units: columns of `Y` and `dY`, and the first axis of parameters. A phase that writes gradients
  /// is cut by the first axis of theirs.
  case units
  /// By inputs: columns of `X` and `dX`, and the other axes of parameters.
  case inputs
  /// By features, where there are as many units as inputs: columns of `X`, `Y` and what is kept
  /// for each sample, and the first axis of parameters.
  case features
  /// As what is read was written, so that nobody waits: for layers that compute each element from
  /// the same element of their operands.
  case elements
  /// By units where there are enough for all parts, else by samples.
  case outputTiles
  /// By inputs where there are enough for all parts, else by samples.
  case inputTiles
  /// By units where there are enough for all parts, else by inputs.
  case weights
}
