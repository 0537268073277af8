import BLAS
import Layers
import Parallel

/// The buffers and the program of `fit`: everything is planned here once, and a step allocates
/// nothing.
///
/// A team of threads runs ``run()``; each carries out its parts of a step's phases, in the order of
/// the ``StepPlan``: the batch is gathered, layers go forward, then come the loss, the layers
/// backward and the update.
final class TrainingLoop: TrainingProgram {
  private let compilation: Compilation
  private let optimizer: any Optimizer
  private let step: Step
  private let order: UnsafeMutableBufferPointer<Int32>
  /// The blocks of samples that memory does not hold; nil for an order of all samples.
  private var blockOrder: BlockOrder?
  private let file: (any SampleFile)?
  /// The samples of the source, also those that are not trained on.
  private let sampleCount: Int
  private let batchSize: Int
  private let shards: Shards
  /// The numbers of samples that a shard may have.
  private let sizes: [Int]
  /// One per thread; the first carries out what belongs to none.
  private let runners: [StepRunner]
  private let contexts: [StepContext]
  private var teamSize: TeamSize
  /// The most elements of all threads' own batches: 8 MB.
  private static let mostPrivateInput = 1 << 21
  let parts: Int
  let progress: TrainingProgress
  var stepDidEnd: (TrainingProgress) -> Decision = { _ in .proceed }
  private var decision = Decision.proceed

  init(
    model: Sequential, compilation: Compilation, optimizer: any Optimizer,
    source: any SampleSource, targets: PreparedTargets, samples: [Int32], batchSize: Int,
    blockShuffle: BlockShuffle?, parts: Int, epochs: Int, isProfiled: Bool
  ) {
    self.compilation = compilation
    (file, sampleCount) = (source.file, source.sampleCount)
    blockOrder = blockShuffle.map { BlockOrder($0, samples) }
    self.optimizer = optimizer
    self.batchSize = batchSize
    order = .allocate(capacity: samples.count)
    _ = order.initialize(fromContentsOf: samples)
    let steps = (samples.count + batchSize - 1) / batchSize
    let shards = Shards(
      model.shards, batchSize: batchSize, gradients: compilation.gradients, state: model.state)
    self.shards = shards
    let batches = [batchSize, samples.count - (steps - 1) * batchSize]
    let lengths = batches.flatMap { batch in
      (0..<shards.count).map { shards.range($0, of: batch).count }
    }
    let sizes = Set(lengths).subtracting([0]).sorted(by: >)
    self.sizes = sizes
    self.parts = parts
    let threads = min(model.threads, parts)
    let notes = MetricNotes(compilation, samples: samples.count)
    let step = Step(
      model: model, compilation: compilation, optimizer: optimizer, source: source,
      targets: targets, notes: notes, batchSize: batchSize, parts: parts)
    self.step = step
    let inputs = shards.size * model.inputShape.count
    let makePlan = { (context: StepContext) in
      StepPlan(
        model, layers: compilation.layers(of: model),
        context: PlanContext(samples: shards.size, parts: parts), step: step.work(of: context),
        isSharded: shards.count > 1,
        batchFitsThreads: threads == 1 || threads * inputs <= Self.mostPrivateInput)
    }
    teamSize = TeamSize(most: threads)
    contexts = (0..<threads).map { _ in StepContext() }
    let plans = contexts.map(makePlan)
    progress = TrainingProgress(epochs: epochs, steps: steps, notes: notes)
    let memory = StepMemory(
      plans[0],
      Arenas(
        parameters: model.parameters, state: model.state, gradients: compilation.gradients))
    let stolen = plans[0].chains.map { $0.isStolen ? StolenParts(parts: $0.parts) : nil }
    runners = plans.map {
      StepRunner($0, memory, stolen: stolen, sizes: sizes, isProfiled: isProfiled)
    }
    step.report = { [unowned self] in finishStep() }
  }

  deinit { order.deallocate() }

  var samples: [Int32] {
    get { Array(order) }
    set {
      _ = order.update(fromContentsOf: newValue)
      blockOrder?.resume(order)
    }
  }

  var blockShuffle: BlockShuffle? { blockOrder?.shuffle }

  /// Puts the samples in a new random order.
  func shuffle() {
    guard blockOrder == nil else {
      if let file { blockOrder?.end(of: file) }
      blockOrder?.shuffle(order, using: &compilation.shuffling)
      return
    }
    var samples = order
    samples.shuffle(using: &compilation.shuffling)
  }

  func run() -> Decision {
    let firstUpdate = compilation.steps - progress.step
    decision = .proceed
    defer { compilation.steps = firstUpdate + progress.step }
    if progress.step == progress.steps { return decision }
    if let file {
      if let blockOrder {
        blockOrder.begin(at: progress.step * batchSize, of: file)
      } else if Double(sampleCount / file.samplesAtOnce) * 0x1p20
        < AvailableMemory.current.bytes / 2
      {
        // Single samples in random order are read slowly, unless memory holds all of the file in the end.
        file.fetch(0..<sampleCount)
      }
    }
    Team.steps(&teamSize, from: progress.step) { [self] thread in
      runners[thread.index].clock?.start()
    } step: { [self] step, thread, barrier in
      let (runner, context) = (runners[thread.index], contexts[thread.index])
      runner.clock?.lapWaiting()
      let number = firstUpdate + step
      context.start = step * batchSize
      if thread.index == 0, let file, let blockOrder {
        let places = context.start..<min(context.start + batchSize, order.count)
        blockOrder.readAhead(places, of: file)
      }
      context.number = number
      context.rate = optimizer.learningRate.rate(at: number) * compilation.rateFactor
      run(samples(of: step), runner, context, thread, barrier)
    } until: { [self] in
      decision != .proceed || progress.step == progress.steps
    }
    return decision
  }

  /// Carries out a thread's parts of one step: each shard, then the updates.
  private func run(
    _ batch: UnsafeBufferPointer<Int32>, _ runner: StepRunner, _ context: StepContext,
    _ thread: TeamThread, _ barrier: Barrier
  ) {
    context.batchCount = batch.count
    let (all, updates) = (runner.plan.chains.indices, runner.plan.firstUpdate)
    func carryOut(_ chains: Range<Int>, size: Int) {
      runner.run(
        chains, size: size, mode: .training, step: context.number, rate: context.rate,
        firstSample: context.first, thread, barrier)
    }
    func train(on samples: Range<Int>, _ chains: Range<Int>) {
      let size = sizes.firstIndex(of: samples.count) ?? 0
      context.indices = UnsafeBufferPointer(rebasing: batch[samples])
      context.first = samples.lowerBound
      if runner.plan.gathering == .byThreads {
        step.gather(context.indices, into: runner.batch(size: size))
        runner.clock?.lapGather()
      }
      carryOut(chains, size: size)
    }
    guard let updates else { return train(on: batch.indices, all) }
    shards.begin(thread)
    runner.wait(barrier)
    for shard in 0..<shards.count {
      let samples = shards.range(shard, of: batch.count)
      if !samples.isEmpty {
        train(on: samples, 0..<updates)
        runner.wait(barrier)
      }
      shards.add(shard, isEmpty: samples.isEmpty, of: batch.count, thread)
      runner.wait(barrier)
    }
    carryOut(updates..<all.upperBound, size: 0)
  }

  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int) {
    profile.record(runners, layerNames: model.layerNames, steps: steps)
  }

  func outOfRange(_ layerNames: [String]) -> String? {
    if progress.batchLoss.isFinite { return nil }
    let (runner, batch) = (runners[0], samples(of: progress.step - 1))
    // What lies in memory is of the last shard that had samples.
    let last = shards.range((batch.count - 1) / shards.size, of: batch.count)
    let size = sizes.firstIndex(of: last.count) ?? 0
    if runner.plan.layout(of: runner.plan.batch) == .rows {
      step.gather(UnsafeBufferPointer(rebasing: batch[last]), into: runner.batch(size: size))
    }
    return OutOfRange.place(runner, size: size, layerNames: layerNames)
  }

  private func samples(of step: Int) -> UnsafeBufferPointer<Int32> {
    let start = step * batchSize
    return UnsafeBufferPointer(rebasing: order[start..<min(start + batchSize, order.count)])
  }

  /// Adds the batch to the figures of the epoch and asks the callbacks.
  private func finishStep() {
    let count = samples(of: progress.step).count
    let batchSum = step.losses.sum(of: count)
    let penalty = step.penalty
    progress.sums.samples += count
    progress.step += 1
    progress.batchLoss = batchSum / Double(count) + penalty
    progress.sums.loss += batchSum + penalty * Double(count)
    decision = stepDidEnd(progress)
  }
}

extension AlignedBuffer {
  /// The sum of the first elements, in double precision.
  func sum(of count: Int) -> Double {
    (0..<count).reduce(0) { $0 + Double(floats[$1]) }
  }
}
