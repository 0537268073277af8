import Layers
import Parallel
import Synchronization

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
  private let batchSize: Int
  /// One per thread; the first carries out what belongs to none.
  private let runners: [StepRunner]
  private let contexts: [StepContext]
  private let rests = Atomic<Bool>(false)
  /// The most elements of all threads' own batches: 8 MB.
  private static let mostPrivateInput = 1 << 21
  let parts: Int
  let progress: TrainingProgress
  var stepDidEnd: (TrainingProgress) -> Decision = { _ in .proceed }
  private var decision = Decision.proceed

  init(
    model: Sequential, compilation: Compilation, optimizer: any Optimizer,
    source: any SampleSource, targets: PreparedTargets, samples: [Int32], batchSize: Int,
    parts: Int, epochs: Int, isProfiled: Bool
  ) {
    self.compilation = compilation
    self.optimizer = optimizer
    self.batchSize = batchSize
    order = .allocate(capacity: samples.count)
    _ = order.initialize(fromContentsOf: samples)
    let steps = (samples.count + batchSize - 1) / batchSize
    let sizes = [batchSize, samples.count - (steps - 1) * batchSize]
    self.parts = parts
    let threads = min(model.threads, parts)
    let notes = MetricNotes(compilation, samples: samples.count)
    let step = Step(
      model: model, compilation: compilation, optimizer: optimizer, source: source,
      targets: targets, notes: notes, batchSize: batchSize, parts: parts)
    self.step = step
    let inputs = batchSize * model.inputShape.count
    let makePlan = { (context: StepContext) in
      StepPlan(
        model, layers: compilation.layers(of: model),
        context: PlanContext(samples: batchSize, parts: parts), step: step.work(of: context),
        batchFitsThreads: threads == 1 || threads * inputs <= Self.mostPrivateInput)
    }
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
    Team.run(runners.count) { thread, barrier in
      let (runner, context) = (runners[thread.index], contexts[thread.index])
      runner.clock?.start()
      for step in steps {
        let number = firstUpdate + step
        let size = step + 1 < progress.steps ? 0 : 1
        context.indices = samples(of: step)
        context.start = step * batchSize
        context.number = number
        context.rate = optimizer.learningRate.rate(at: number) * compilation.rateFactor
        if runner.plan.gathering == .byThreads {
          self.step.gather(context.indices, into: runner.batch(size: size))
          runner.clock?.lapGather()
        }
        runner.run(size: size, mode: .training, step: number, rate: context.rate, thread, barrier)
        runner.wait(barrier)
        if rests.load(ordering: .relaxed) { break }
      }
    }
    return decision
  }

  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int) {
    profile.record(runners, layerNames: model.layerNames, steps: steps)
  }

  func outOfRange(_ layerNames: [String]) -> String? {
    if progress.batchLoss.isFinite { return nil }
    let (runner, size) = (runners[0], progress.step < progress.steps ? 0 : 1)
    step.gather(samples(of: progress.step - 1), into: runner.batch(size: size))
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
    if decision != .proceed { rests.store(true, ordering: .relaxed) }
  }
}

extension AlignedBuffer {
  /// The sum of the first elements, in double precision.
  func sum(of count: Int) -> Double {
    (0..<count).reduce(0) { $0 + Double(floats[$1]) }
  }
}
