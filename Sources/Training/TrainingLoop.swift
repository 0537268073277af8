import Layers
import Synchronization

/// The buffers and the program of `fit`: everything is planned here once, and a step allocates
/// nothing.
///
/// A team of threads runs ``run()``. Each gathers what it needs of a batch into a buffer of its
/// own, all of it if need be, since that takes less time than to read from another's cache what the
/// other has gathered. Where these buffers would not stay in the caches, the workers share one, each
/// gathering some rows.
final class TrainingLoop: TrainingProgram {
  private let compilation: Compilation
  private let optimizer: any Optimizer
  private let parameters: AlignedBuffer
  private let penalty: Penalty
  private let source: any SampleSource
  private let targets: PreparedTargets
  private let order: UnsafeMutableBufferPointer<Int32>
  private let batchSize: Int
  private let workers: Int
  private let contexts: [Context]
  private let targetBatch: TargetBatch
  /// Owners of the memory that the contexts' views show.
  private let workspace: Workspace
  private let inputs: [AlignedBuffer]
  private let sharesInput: Bool
  private let losses: AlignedBuffer
  private let hits: [AlignedBuffer]
  /// By chunk of the parameters: sums of squares of the gradients, and penalties.
  private let squareSums: UnsafeMutableBufferPointer<Double>
  private let penalties: UnsafeMutableBufferPointer<Double>
  /// What the optimizer updates.
  private let chunks: Chunks
  /// Whether the lowest layer with parameters updates its own.
  private let descends: Bool
  private let rests = Atomic<Bool>(false)
  /// The most elements of all workers' own batches: 8 MB.
  private static let mostPrivateInput = 1 << 21
  let progress: TrainingProgress
  var stepDidEnd: (TrainingProgress) -> Decision = { _ in .proceed }
  private var decision = Decision.proceed

  /// What one thread reads in every step.
  ///
  /// Each has its own, since the counting of references to
  /// shared arrays would pass their cache lines back and forth.
  private final class Context {
    /// The thread's place in the team, which may have fewer threads than were planned.
    var (crew, barrier) = (Crew(.alone), Barrier(count: 1))
    let network: Network
    /// For the full and the last batch.
    let views: [[Workspace.Views]]
    let batches: [MatrixView<Float>]
    let outputs: [(scores: MatrixView<Float>, gradient: MatrixView<Float>)]
    let clock: StageClock?

    init(
      network: Network, workspace: Workspace, input: AlignedBuffer, sizes: [Int],
      clock: StageClock?
    ) {
      self.network = network
      self.clock = clock
      views = sizes.map { workspace.views(input: input, rows: $0) }
      batches = sizes.map { input.matrix(rows: $0, columns: network.inputColumns) }
      outputs = zip(views, batches).map { views, batch in
        (views.last?.y ?? batch, workspace.outputGradient(rows: batch.rows))
      }
    }
  }

  init(
    model: Sequential, compilation: Compilation, optimizer: any Optimizer,
    source: any SampleSource, targets: PreparedTargets, samples: [Int32], batchSize: Int,
    epochs: Int, isProfiled: Bool
  ) {
    self.compilation = compilation
    self.optimizer = optimizer
    self.source = source
    self.targets = targets
    self.batchSize = batchSize
    parameters = model.parameters
    penalty = Penalty(model.layout)
    order = .allocate(capacity: samples.count)
    _ = order.initialize(fromContentsOf: samples)
    let steps = (samples.count + batchSize - 1) / batchSize
    let sizes = [batchSize, samples.count - (steps - 1) * batchSize]
    let workers = model.workers
    self.workers = workers
    let threads = min(model.threads, workers)
    let shared = SharedWork.plan(
      model.layers, shapes: model.shapes, rows: batchSize, workers: workers)
    let makeNetwork = {
      model.network(
        withoutLast: compilation.absorbsLast, gradients: compilation.gradients,
        shared: shared)
    }
    let network = makeNetwork()
    workspace = Workspace(network, rows: batchSize, training: true)
    let inputSize = batchSize * network.inputColumns
    sharesInput = threads > 1 && threads * inputSize > Self.mostPrivateInput
    inputs = (0..<(sharesInput ? 1 : threads)).map { _ in AlignedBuffer(zeros: inputSize) }
    contexts = (0..<threads).map { [workspace, inputs] index in
      Context(
        network: makeNetwork(), workspace: workspace, input: inputs[index % inputs.count],
        sizes: sizes, clock: isProfiled ? StageClock(layers: network.nodes.count) : nil)
    }
    targetBatch = TargetBatch(
      rows: batchSize, columns: network.outputColumns, for: targets,
      classWeights: compilation.loss.classWeights)
    losses = AlignedBuffer(zeros: batchSize)
    hits = compilation.metrics.map { _ in AlignedBuffer(zeros: batchSize) }
    let sgd = optimizer as? SGD
    descends =
      network.descending != nil && sgd?.momentum == 0 && penalty.isNone
      && compilation.clipNorm == nil
    chunks = Chunks(
      descends
        ? model.layout.end(ofLayer: network.lowestTrained)..<model.layout.count
        : 0..<model.layout.count)
    squareSums = .allocate(capacity: Chunks.most)
    penalties = .allocate(capacity: Chunks.most)
    progress = TrainingProgress(epochs: epochs, steps: steps, metrics: compilation.metrics)
  }

  deinit {
    order.deallocate()
    squareSums.deallocate()
    penalties.deallocate()
  }

  var samples: [Int32] {
    get { Array(order) }
    set { _ = order.update(fromContentsOf: newValue) }
  }

  /// Puts the samples in a new random order.
  func shuffle() {
    var samples = order
    samples.shuffle(using: &compilation.shuffling)
  }

  func run() -> Decision {
    let steps = progress.step..<progress.steps
    let firstUpdate = compilation.steps - progress.step
    decision = .proceed
    rests.store(false, ordering: .relaxed)
    defer { compilation.steps = firstUpdate + progress.step }
    Team.run(contexts.count) { thread, barrier in
      let context = contexts[thread.index]
      context.crew = Crew(of: thread, workers: workers)
      context.barrier = barrier
      context.clock?.start()
      for step in steps {
        runStep(step, update: firstUpdate + step, context, thread)
        if rests.load(ordering: .relaxed) { break }
      }
    }
    return decision
  }

  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int) {
    profile.record(
      contexts.compactMap(\.clock), model: model, nodes: contexts[0].network.nodes, steps: steps)
  }

  func outOfRange(_ layerNames: [String]) -> String? {
    if progress.batchLoss.isFinite { return nil }
    let (context, size) = (contexts[0], progress.step < progress.steps ? 0 : 1)
    let batch = context.batches[size]
    let samples = samples(of: progress.step - 1)
    source.gather(samples, columns: 0..<batch.columns, into: batch)
    return OutOfRange.place(
      batch: batch, views: context.views[size], layerNames: layerNames)
  }

  private func rows(_ step: Int) -> Int { min(batchSize, order.count - step * batchSize) }

  private func samples(of step: Int) -> UnsafeBufferPointer<Int32> {
    let start = step * batchSize
    return UnsafeBufferPointer(rebasing: order[start..<start + rows(step)])
  }

  /// Fetches what a thread needs of a batch, or its share where there is one batch for all, and its
  /// share of the targets.
  private func gather(
    step: Int, columns: Range<Int>, into batch: MatrixView<Float>, _ crew: Crew
  ) {
    let share = crew.share(of: batch.rows)
    let rows = sharesInput ? share : 0..<batch.rows
    let indices = samples(of: step)
    source.gather(
      UnsafeBufferPointer(rebasing: indices[rows]), columns: columns,
      into: batch[rows: rows, columns: columns])
    targetBatch.gather(targets, indices, rows: share)
  }

  /// One step: gather, forward, loss, backward, update.
  private func runStep(_ step: Int, update number: Int, _ context: Context, _ thread: Worker) {
    let size = step + 1 < progress.steps ? 0 : 1
    let views = context.views[size]
    let (crew, barrier, clock) = (context.crew, context.barrier, context.clock)
    let batch = context.batches[size]
    let columns =
      context.network.takesColumns && !sharesInput
      ? crew.columns(ofActivations: batch) : 0..<batch.columns
    gather(step: step, columns: columns, into: batch, crew)
    clock?.lap(.gather)
    if sharesInput {
      barrier.wait()
      clock?.lap(.waiting)
    }
    context.network.forward(
      views, mode: .training, crew: crew, step: number, barrier: barrier, clock: clock)
    let output = context.outputs[size]
    // Otherwise the thread itself has computed the rows whose loss it evaluates.
    if crew.cutsUnits(output.scores.columns) {
      barrier.wait()
      clock?.lap(.waiting)
    }
    evaluateLoss(output, rows: crew.share(of: output.scores.rows), crew)
    clock?.lap(.loss)
    let rate = optimizer.learningRate.rate(at: number) * compilation.rateFactor
    context.network.backward(
      views, descending: descends ? rate : nil, crew: crew, step: number, barrier: barrier,
      clock: clock)
    if chunks.used > 0 {
      barrier.wait()
      clock?.lap(.waiting)
      update(number: number, rate: rate, crew, barrier, clock)
      clock?.lap(.update)
    }
    if thread.index == 0 { finishStep(step) }
    clock?.lap(.loss)
    barrier.wait()
    clock?.lap(.waiting)
  }

  private func evaluateLoss(
    _ output: (scores: MatrixView<Float>, gradient: MatrixView<Float>), rows share: Range<Int>,
    _ crew: Crew
  ) {
    let scores = output.scores[rows: share]
    let rowTargets = targetBatch.rows(from: share.lowerBound)
    compilation.loss.evaluate(
      scores, rowTargets, scale: 1 / Float(output.scores.rows),
      losses: losses.floats + share.lowerBound, gradient: output.gradient[rows: share])
    for (metric, values) in zip(compilation.metrics, hits) {
      metric.evaluate(
        scores, rowTargets, loss: compilation.loss, into: values.floats + share.lowerBound)
    }
    if penalty.isNone { return }
    crew.forEach { worker in
      for chunk in chunks.indices(worker) {
        penalties[chunk] = penalty.value(of: parameters, in: chunks[chunk])
      }
    }
  }

  /// Applies penalties, clipping and the optimizer to the workers' parts of the parameters.
  ///
  /// A routine may round what is left over at the end of its vectors in another way. So it is given
  /// workers' parts, never a thread's, and where it is one of BLAS, chunks.
  private func update(
    number: Int, rate: Float, _ crew: Crew, _ barrier: Barrier, _ clock: StageClock?
  ) {
    let gradients = compilation.gradients.floats
    if !penalty.isNone {
      crew.forEach { worker in
        for chunk in chunks.indices(worker) {
          penalty.addGradient(of: parameters, to: gradients, in: chunks[chunk])
        }
      }
    }
    var scale: Float = 1
    if let limit = compilation.clipNorm {
      crew.forEach { worker in
        for chunk in chunks.indices(worker) {
          let start = gradients + chunks[chunk].lowerBound
          squareSums[chunk] = dot(start, start, count: chunks[chunk].count)
        }
      }
      clock?.lap(.update)
      barrier.wait()
      clock?.lap(.waiting)
      let norm = Float(squareSums[..<chunks.used].reduce(0, +).squareRoot())
      if norm > limit { scale = limit / norm }
    }
    crew.forEach { worker in
      let range = chunks.range(worker)
      let start = gradients + range.lowerBound
      if scale != 1 { scal(scale, start, count: range.count) }
      optimizer.update(
        parameters.floats + range.lowerBound, gradients: start,
        slots: Slots(buffers: compilation.slots, offset: range.lowerBound), count: range.count,
        rate: rate, step: number + 1)
    }
  }

  /// Adds the batch to the figures of the epoch and asks the callbacks.
  private func finishStep(_ step: Int) {
    let count = rows(step)
    let batchSum = (0..<count).reduce(0.0) { $0 + Double(losses.floats[$1]) }
    let penalty = penalty.isNone ? 0 : penalties[..<chunks.used].reduce(0, +)
    progress.sums.samples += count
    progress.step = step + 1
    progress.batchLoss = batchSum / Double(count) + penalty
    progress.sums.loss += batchSum + penalty * Double(count)
    for (index, values) in hits.enumerated() {
      progress.sums.metrics[index] += (0..<count).reduce(0.0) { $0 + Double(values.floats[$1]) }
    }
    decision = stepDidEnd(progress)
    if decision != .proceed { rests.store(true, ordering: .relaxed) }
  }
}

/// A part of the arena in pieces of a size that does not depend on the number of workers, so that a
/// sum over pieces is always made of the same parts.
struct Chunks {
  static let most = 64
  private let size: Int
  private let whole: Range<Int>

  init(_ whole: Range<Int>) {
    self.whole = whole
    // Whole cache lines.
    size = max(16, ((whole.count + Self.most - 1) / Self.most + 15) / 16 * 16)
  }

  var used: Int { (whole.count + size - 1) / size }

  subscript(chunk: Int) -> Range<Int> { start(chunk)..<start(chunk + 1) }

  private func start(_ chunk: Int) -> Int {
    min(whole.lowerBound + chunk * size, whole.upperBound)
  }

  func indices(_ worker: Worker) -> Range<Int> { worker.share(of: used) }

  func range(_ worker: Worker) -> Range<Int> {
    let chunks = indices(worker)
    return start(chunks.lowerBound)..<start(chunks.upperBound)
  }
}
