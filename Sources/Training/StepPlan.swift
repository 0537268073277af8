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
    /// That of its input, its output and what it keeps for each sample.
    let layout: Layout
    let randomKey: UInt64
    package let counts: Operands.Counts
    /// By ``Operands/Counts/index(_:)``: the number of the array, nil where the pass has none.
    package var arrays: [Int?]

    /// Whether the engine has inserted it between layers of different layouts.
    var isConversion = false

    package subscript(operand: Operand) -> Int? {
      get { arrays[counts.index(operand)] }
      set { arrays[counts.index(operand)] = newValue }
    }
  }

  /// What an array is, which tells where its memory lies.
  package enum Memory: Equatable {
    /// So many values for each sample.
    case samples(columns: Int, Layout)
    /// The inputs of the batch, so many for each sample.
    case batch(columns: Int, Layout)
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

  /// Consecutive phases of as many parts with no wait between them: a thread takes one part, or of one
  /// in lanes one block, through all of them before the next.
  package struct Chain {
    package var instructions: Range<Int>
    /// Whether the threads wait for each other before it.
    package let waits: Bool
    package let parts: Int
    package let isStolen: Bool
    package let isBlocks: Bool
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
  /// The first chain of the updates, where they wait for other shards; else nil.
  package internal(set) var firstUpdate: Int?
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
  ///   - isSharded: whether a batch is several shards, which go through all before the updates
  ///   - batchFitsThreads: whether there is room for a batch in each thread's caches
  ///   - givesBatchGradient: whether the gradient of the batch is computed too
  package init(
    _ model: Sequential, layers: Int, context: PlanContext, step: StepWork? = nil,
    isSharded: Bool = false, batchFitsThreads: Bool = true, givesBatchGradient: Bool = false
  ) {
    self.context = context
    gathering = step?.gather == nil ? .byThreads : .bySamples
    threadsOwnBatch = step?.gather == nil
    let plans = model.plans(context).prefix(layers)
    let first = plans.lazy.compactMap(\.firstLayout).first ?? .rows
    batch = add(
      .batch(columns: model.inputShape.count, step?.gather == nil ? .rows : first))
    let targets = add(.elsewhere)
    if let gather = step?.gather { append(gather, targets, model.inputShape) }
    var builder = LayerBuilder(model)
    let records = builder.appendForward(plans, to: &self, from: batch)
    output = builder.output
    var firstOfUpdates: Int?
    if let step {
      let shape = layers == 0 ? model.inputShape : model.shapes[layers]
      let gradient = add(.samples(columns: shape.count, .rows))
      outputGradient = gradient
      let loss = append(step.loss, targets, shape, gradient: gradient)
      let updated = step.update.map { appendPenalties($0, lossNode: loss) }
      batchGradient = appendBackward(
        records, from: gradient, isInputWanted: givesBatchGradient)
      if let update = step.update {
        if isSharded { firstOfUpdates = instructions.count }
        appendUpdates(update, updated ?? [])
        if !isSharded { descend(where: update.isDescent) }
      }
      if let report = step.report { append(report, lossNode: loss) }
    }
    let planned = instructions.count
    resolveSplits()
    overwriteInPlace()
    if step?.gather != nil { chooseGathering(threadsOwnBatch: batchFitsThreads) }
    deriveWaits(firstOfUpdates.map { $0 - (planned - instructions.count) })
  }

  /// The number of inputs.
  var batchColumns: Int { if case .batch(let columns, _) = memories[batch] { columns } else { 0 } }

  /// How an array of values for each sample lies in memory.
  package func layout(of array: Int) -> Layout {
    switch memories[array] {
    case .samples(_, let layout), .batch(_, let layout): layout
    default: .rows
    }
  }

  /// A number for a new array.
  mutating func add(_ memory: Memory) -> Int {
    memories.append(memory)
    places.append(places.count)
    return places.count - 1
  }

  /// Adds a node whose workspace and scratch are new arrays; the rest is to be set.
  mutating func addNode(
    _ plan: LayerPlan, layer: Int, input: Shape, layout: Layout = .rows, randomKey: UInt64 = 0
  ) -> Int {
    let counts = Operands.Counts(plan)
    var node = Node(
      plan: plan, layer: layer, input: input, layout: layout, randomKey: randomKey,
      counts: counts, arrays: Array(repeating: nil, count: counts.total))
    for (index, buffer) in plan.workspace.enumerated() {
      node[.workspace(index)] = add(Memory(buffer, layout))
    }
    for (index, buffer) in plan.scratch.enumerated() {
      node[.scratch(index)] = add(Memory(buffer, layout))
    }
    nodes.append(node)
    return nodes.count - 1
  }

  mutating func append(
    _ phases: some Sequence<Phase>, of node: Int, _ work: Work, follows: Int? = nil
  ) {
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

  init(_ buffer: Buffer, _ layout: Layout) {
    switch buffer.size {
    case .sample(let count): self = .samples(columns: count, layout)
    case .part(let count): self = .parts(columns: count)
    case .shared(let rows, let columns): self = .shared(rows: rows, columns: columns)
    }
  }
}
