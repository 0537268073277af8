import CKernels
import Layers
import Parallel

/// The loss of a model over all its training samples, with the gradient.
///
/// Blocks of samples are distributed over the parts, each of which goes through the whole network by
/// itself: gather, forward, loss, backward. Nobody waits before the end, no sample is kept as floats
/// for longer, and the gradients of the blocks are added up in double precision, so that the sum
/// over many samples is as good as that over a block. As many parts give the same bits.
final class FullBatch {
  /// Arenas of single precision that a part needs: a block's gradient, and sums in double precision.
  static let arenas = 3

  /// What one part works with.
  private final class Lane: @unchecked Sendable {
    let gradient: AlignedBuffer
    let sums: UnsafeMutableBufferPointer<Double>
    let losses: AlignedBuffer
    /// The place of the block's first sample among all.
    var start = 0

    init(parameters: Int) {
      gradient = AlignedBuffer(zeros: parameters)
      sums = .allocate(capacity: parameters)
      losses = AlignedBuffer(zeros: BlockRunner.blockSize)
    }

    deinit { sums.deallocate() }
  }

  private let compilation: Compilation
  private let source: any SampleSource
  private let samples: [Int32]
  private let targets: TargetBatch
  private let parameters: AlignedBuffer
  private let layout: ParameterLayout
  private let penalty: Penalty
  /// Of the samples and of the parameters.
  private let (blocks, chunks): (Int, Chunks)
  private let lanes: [Lane]
  private let runners: [BlockRunner]
  private let threads: Int
  /// By block: the sum of the losses; by chunk: the penalty.
  private let lossSums, penalties: UnsafeMutableBufferPointer<Double>
  /// What the metrics noted at the last evaluation.
  let notes: MetricNotes

  init(
    model: Sequential, compilation: Compilation, source: any SampleSource,
    targets: PreparedTargets, samples: [Int32], parts: Int, isProfiled: Bool
  ) {
    self.compilation = compilation
    self.source = source
    self.samples = samples
    parameters = model.parameters
    layout = model.layout
    penalty = Penalty(layout)
    let blocks = (samples.count + BlockRunner.blockSize - 1) / BlockRunner.blockSize
    self.blocks = blocks
    chunks = Chunks(0..<model.layout.count)
    let batch = TargetBatch(
      rows: samples.count, columns: model.outputShape.count, for: targets,
      classWeights: compilation.classWeights)
    samples.withUnsafeBufferPointer { batch.gather(targets, $0, rows: samples.indices) }
    self.targets = batch
    lanes = (0..<min(parts, blocks)).map { _ in
      Lane(parameters: model.layout.count)
    }
    let loss = compilation.loss
    runners = lanes.map { lane in
      BlockRunner(
        model, layers: compilation.layers(of: model), samples: samples.count,
        gradients: lane.gradient,
        loss: { operands, _, _ in
          batch.evaluate(
            loss, operands.x, from: lane.start, scale: 1 / Float(samples.count),
            losses: lane.losses.floats, gradient: operands.dX)
        }, isProfiled: isProfiled)
    }
    threads = min(model.threads, lanes.count)
    notes = MetricNotes(compilation, samples: samples.count)
    lossSums = .allocate(capacity: blocks)
    penalties = .allocate(capacity: Chunks.most)
  }

  deinit {
    lossSums.deallocate()
    penalties.deallocate()
  }

  var parts: Int { lanes.count }
  var sampleCount: Int { samples.count }

  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int) {
    profile.record(runners.map(\.runner), layerNames: model.layerNames, steps: steps)
  }

  /// Where values first left the range of floats at the last evaluation, if they did.
  func outOfRange(_ layerNames: [String]) -> String? {
    for block in 0..<blocks {
      gather(block, runners[0], lanes[0])
      runners[0].runner.runAlone(mode: .training, forwardOnly: true)
      let place = OutOfRange.place(runners[0].runner, size: 0, layerNames: layerNames)
      if let place { return place }
    }
    return OutOfRange.place(
      gradients: compilation.gradients, of: layout, layerNames: layerNames)
  }

  /// The mean loss with penalties; their gradient goes to the model's.
  func evaluate() -> Double {
    Team.run(threads) { thread, barrier in
      for part in thread.share(of: lanes.count) {
        let (lane, runner) = (lanes[part], runners[part])
        runner.runner.clock?.start()
        lane.sums.update(repeating: 0)
        for block in stride(from: part, to: blocks, by: lanes.count) {
          evaluate(block, runner, lane)
        }
      }
      let clock = runners[thread.share(of: lanes.count).lowerBound].runner.clock
      clock?.start()
      barrier.wait()
      clock?.lapWaiting()
      collect(thread)
      clock?.lapUpdate()
    }
    return lossSums.reduce(0, +) / Double(samples.count)
      + (penalty.isNone ? 0 : penalties[..<chunks.used].reduce(0, +))
  }

  private func gather(_ block: Int, _ runner: BlockRunner, _ lane: Lane) {
    let places = samples.indices.block(block, of: BlockRunner.blockSize)
    lane.start = places.lowerBound
    samples.withUnsafeBufferPointer { runner.gather(source, places, of: $0) }
  }

  /// One block: gather, forward, loss, backward, and the gradient added to the lane's.
  private func evaluate(_ block: Int, _ runner: BlockRunner, _ lane: Lane) {
    gather(block, runner, lane)
    runner.runner.runAlone(mode: .training)
    let scores = runner.runner.output()
    lossSums[block] = lane.losses.sum(of: scores.rows)
    notes.note(scores, targets.rows(from: lane.start), from: lane.start)
    if let sums = lane.sums.baseAddress {
      maru_accumulate(lane.gradient.floats, sums, parameters.count)
    }
    runner.runner.clock?.lapUpdate()
  }

  /// Adds up the lanes' gradients, and adds the penalties', in a thread's chunks of the parameters.
  private func collect(_ thread: TeamThread) {
    let (gradients, sums) = (compilation.gradients.floats, lanes[0].sums)
    for chunk in thread.share(of: chunks.used) {
      let range = chunks[chunk]
      for lane in lanes.dropFirst() {
        for index in range { sums[index] += lane.sums[index] }
      }
      for index in range { gradients[index] = Float(sums[index]) }
      if penalty.isNone { continue }
      penalty.addGradient(of: parameters, to: gradients, in: range)
      penalties[chunk] = penalty.value(of: parameters, in: range)
    }
  }
}
