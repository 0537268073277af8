import Layers

/// The work of a pass or of a training step: all phases in their order, the arrays that each works
/// on, how each is cut into parts, and where threads wait for each other.
///
/// It follows from the layers' plans alone and holds no memory; that is a ``StepMemory``. Each thread
/// has a plan of its own, since the counting of references to shared closures would pass their cache
/// lines back and forth.
package struct StepPlan {
  /// A layer that is not made of others, or a piece of the engine's own work, with its arrays.
  package struct Node {
    package let plan: LayerPlan
    /// The place in the model of the layer that it belongs to.
    let layer: Int
    let input: Shape
    let randomKey: UInt64
    package let counts: Operands.Counts
    /// By ``Operands/Counts/index(_:)``: the number of the array, nil where the pass has none.
    package var arrays: [Int?]

    package subscript(operand: Operand) -> Int? {
      get { arrays[counts.index(operand)] }
      set { arrays[counts.index(operand)] = newValue }
    }
  }

  /// What an array is, which tells where its memory lies.
  package enum Memory: Equatable {
    /// One row per sample.
    case samples(columns: Int)
    /// The inputs of the batch: one row per sample.
    case batch(columns: Int)
    /// One row per part.
    case parts(columns: Int)
    case shared(rows: Int, columns: Int)
    /// Ranges of the arenas.
    case parameter(ParameterLayout.Slice)
    case gradient(ParameterLayout.Slice)
    case state(ParameterLayout.Slice)
    /// Something for each sample that the engine keeps elsewhere; known here for the waits alone.
    case elsewhere
  }

  /// A kind of work, for a profile.
  package enum Work: Hashable { case gather, forward, weightGradient, dataGradient, loss, update }

  /// A phase in its place.
  package struct Instruction {
    package let node: Int
    package let phase: Phase
    package let work: Work
    /// The array as whose gradient it is cut, where it has no split of its own.
    var follows: Int?
    /// How it is cut; nil until that is known.
    package var cut: Cut?
    /// Whether it adds its gradient to the parameter, times −η.
    var descends = false
  }

  /// Consecutive phases of as many parts with no wait between them: a thread takes one part through
  /// all of them before the next.
  package struct Chain {
    package var instructions: Range<Int>
    /// Whether the threads wait for each other before it.
    package let waits: Bool
    package let parts: Int
    package let isStolen: Bool
  }

  /// How the parts fetch a batch.
  package enum Gathering {
    /// Each its samples, and all wait before they go on.
    case bySamples
    /// Each its columns, where it reads no others.
    case byColumns
    /// Each thread fetches all of it before the first phase; that takes less time than to read from
    /// another core's cache what that has fetched.
    case byThreads
  }

  package let context: PlanContext
  package internal(set) var nodes: [Node] = []
  package internal(set) var instructions: [Instruction] = []
  package internal(set) var chains: [Chain] = []
  package internal(set) var gathering: Gathering
  /// Whether each thread has memory of its own for the batch. Columns too are fetched faster so: of
  /// memory that threads share, a core's prefetcher takes lines from the cache of the core that is
  /// writing the columns beside.
  package internal(set) var threadsOwnBatch: Bool
  /// By number: what each array is.
  package internal(set) var memories: [Memory] = []
  /// By number: the array in whose memory it lies, itself or one that it overwrites.
  package internal(set) var places: [Int] = []
  /// The batch, the output of the last layer, and its gradient in training.
  package private(set) var batch = 0
  package private(set) var output = 0
  package private(set) var outputGradient: Int?
  /// The gradient of the batch, where it is asked for.
  package private(set) var batchGradient: Int?

  /// Plans a forward pass over the first layers of a model and, where a step is given, what else
  /// belongs to it.
  /// - Parameters:
  ///   - model: whose layers, and places in the arenas
  ///   - layers: how many of its layers
  ///   - context: the most samples of a batch, and the parts
  ///   - step: the engine's own work in a step of training; nil for a forward pass alone
  ///   - batchFitsThreads: whether there is room for a batch in each thread's caches
  ///   - givesBatchGradient: whether the gradient of the batch is computed too
  package init(
    _ model: Sequential, layers: Int, context: PlanContext, step: StepWork? = nil,
    batchFitsThreads: Bool = true, givesBatchGradient: Bool = false
  ) {
    self.context = context
    gathering = step?.gather == nil ? .byThreads : .bySamples
    threadsOwnBatch = step?.gather == nil
    batch = add(.batch(columns: model.inputShape.count))
    let targets = add(.elsewhere)
    if let gather = step?.gather { append(gather, targets, model.inputShape) }
    var builder = LayerBuilder(model)
    let records = builder.appendForward(model.plans(context).prefix(layers), to: &self, from: batch)
    output = builder.output
    if let step {
      let shape = layers == 0 ? model.inputShape : model.shapes[layers]
      let gradient = add(.samples(columns: shape.count))
      outputGradient = gradient
      let loss = append(step.loss, targets, shape, gradient: gradient)
      let updated = step.update.map { appendPenalties($0, lossNode: loss) }
      batchGradient = appendBackward(
        records, from: gradient, isInputWanted: givesBatchGradient)
      if let update = step.update {
        appendUpdates(update, updated ?? [])
        descend(where: update.isDescent)
      }
      if let report = step.report { append(report, lossNode: loss) }
    }
    resolveSplits()
    overwriteInPlace()
    if step?.gather != nil { chooseGathering(threadsOwnBatch: batchFitsThreads) }
    deriveWaits()
  }

  /// The number of inputs.
  var batchColumns: Int { if case .batch(let columns) = memories[batch] { columns } else { 0 } }

  /// A number for a new array.
  mutating func add(_ memory: Memory) -> Int {
    memories.append(memory)
    places.append(places.count)
    return places.count - 1
  }

  /// Adds a node whose workspace and scratch are new arrays; the rest is to be set.
  mutating func addNode(
    _ plan: LayerPlan, layer: Int, input: Shape, randomKey: UInt64 = 0
  ) -> Int {
    let counts = Operands.Counts(plan)
    var node = Node(
      plan: plan, layer: layer, input: input, randomKey: randomKey, counts: counts,
      arrays: Array(repeating: nil, count: counts.total))
    for (index, buffer) in plan.workspace.enumerated() {
      node[.workspace(index)] = add(Memory(buffer))
    }
    for (index, buffer) in plan.scratch.enumerated() {
      node[.scratch(index)] = add(Memory(buffer))
    }
    nodes.append(node)
    return nodes.count - 1
  }

  mutating func append(_ phases: [Phase], of node: Int, _ work: Work, follows: Int? = nil) {
    instructions += phases.map {
      Instruction(node: node, phase: $0, work: work, follows: follows)
    }
  }
}

extension StepPlan.Memory {
  /// Whether its size follows that of the batch.
  var hasRowPerSample: Bool {
    switch self {
    case .samples, .batch: true
    default: false
    }
  }

  init(_ buffer: Buffer) {
    switch buffer.size {
    case .sample(let count): self = .samples(columns: count)
    case .part(let count): self = .parts(columns: count)
    case .shared(let rows, let columns): self = .shared(rows: rows, columns: columns)
    }
  }
}
