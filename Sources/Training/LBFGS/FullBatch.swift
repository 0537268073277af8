import CKernels
import Layers

/// The loss of a model over all its training samples, with the gradient.
///
/// Blocks of samples are dealt out to the workers, each of which goes through the whole network by
/// itself: gather, forward, loss, backward. Nobody waits before the end, no sample is kept as floats
/// for longer, and the gradients of the blocks are added up in double precision, so that the sum
/// over many samples is as good as that over a block. The same number of workers gives the same bits.
final class FullBatch {
  /// Samples in a block: enough for a product to run at full speed, few enough to stay in cache.
  static let blockSize = 128
  /// Arenas of single precision that a worker needs: a block's gradient, and sums in double precision.
  static let arenas = 3

  /// What one worker works with.
  private final class Lane {
    let network: Network
    let workspace: Workspace
    let input: AlignedBuffer
    let gradient: AlignedBuffer
    let sums: UnsafeMutablePointer<Double>
    let losses: AlignedBuffer
    let hits: [AlignedBuffer]
    let clock: StageClock?
    /// For a whole and for the last block.
    let views: [[Workspace.Views]]

    init(_ model: Sequential, _ compilation: Compilation, lastBlock: Int, isProfiled: Bool) {
      gradient = AlignedBuffer(zeros: model.layout.count)
      network = model.network(
        withoutLast: compilation.absorbsLast, gradients: gradient, workers: 1)
      workspace = Workspace(network, rows: blockSize, training: true)
      input = AlignedBuffer(zeros: blockSize * network.inputColumns)
      sums = .allocate(capacity: model.layout.count)
      losses = AlignedBuffer(zeros: blockSize)
      hits = compilation.metrics.map { _ in AlignedBuffer(zeros: blockSize) }
      clock = isProfiled ? StageClock(layers: network.nodes.count) : nil
      views = [blockSize, lastBlock].map { [workspace, input] in
        workspace.views(input: input, rows: $0)
      }
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
  private let threads: Int
  private let alone = Barrier(count: 1)
  /// By block: the sum of the losses, and of each metric; by chunk: the penalty.
  private let sums: [UnsafeMutableBufferPointer<Double>]
  private let penalties: UnsafeMutableBufferPointer<Double>

  init(
    model: Sequential, compilation: Compilation, source: any SampleSource,
    targets: PreparedTargets, samples: [Int32], isProfiled: Bool
  ) {
    self.compilation = compilation
    self.source = source
    self.samples = samples
    parameters = model.parameters
    layout = model.layout
    penalty = Penalty(layout)
    let blocks = (samples.count + Self.blockSize - 1) / Self.blockSize
    self.blocks = blocks
    chunks = Chunks(0..<model.layout.count)
    self.targets = TargetBatch(
      rows: samples.count, columns: model.outputShape.count, for: targets,
      classWeights: compilation.loss.classWeights)
    samples.withUnsafeBufferPointer { [batch = self.targets] in
      batch.gather(targets, $0, rows: samples.indices)
    }
    lanes = (0..<min(model.workers, blocks)).map { _ in
      Lane(
        model, compilation, lastBlock: samples.count - (blocks - 1) * Self.blockSize,
        isProfiled: isProfiled)
    }
    threads = min(model.threads, lanes.count)
    sums = (0...compilation.metrics.count).map { _ in .allocate(capacity: blocks) }
    penalties = .allocate(capacity: Chunks.most)
  }

  deinit {
    for sum in sums { sum.deallocate() }
    penalties.deallocate()
  }

  var sampleCount: Int { samples.count }
  var clocks: [StageClock] { lanes.compactMap(\.clock) }
  var nodes: [Network.Node] { lanes[0].network.nodes }

  /// The sum of a metric over the samples, by its place, at the last evaluation.
  func metricSum(_ index: Int) -> Double { sums[1 + index].reduce(0, +) }

  /// Where values first left the range of floats at the last evaluation, if they did.
  func outOfRange(_ layerNames: [String]) -> String? {
    let lane = lanes[0]
    for block in 0..<blocks {
      let (batch, views) = forward(block, lane)
      let place = OutOfRange.place(batch: batch, views: views, layerNames: layerNames)
      if let place { return place }
    }
    return OutOfRange.place(
      gradients: compilation.gradients, of: layout, layerNames: layerNames)
  }

  /// The mean loss with penalties; their gradient goes to the model's.
  func evaluate() -> Double {
    Team.run(threads) { thread, barrier in
      let crew = Crew(of: thread, workers: lanes.count)
      crew.forEach { worker in
        let lane = lanes[worker.index]
        lane.clock?.start()
        lane.sums.update(repeating: 0, count: parameters.count)
        for block in stride(from: worker.index, to: blocks, by: worker.count) {
          evaluate(block, lane)
        }
      }
      barrier.wait()
      crew.forEach(collect)
    }
    return sums[0].reduce(0, +) / Double(samples.count)
      + (penalty.isNone ? 0 : penalties[..<chunks.used].reduce(0, +))
  }

  /// Gathers the samples of a block, and takes them through the network.
  private func forward(
    _ block: Int, _ lane: Lane
  ) -> (batch: MatrixView<Float>, views: [Workspace.Views]) {
    let views = lane.views[block + 1 < blocks ? 0 : 1]
    let rows = rows(of: block)
    let batch = lane.input.matrix(rows: rows.count, columns: lane.network.inputColumns)
    samples.withUnsafeBufferPointer {
      // Without columns, the shape of a sample would be made for every block.
      source.gather(
        UnsafeBufferPointer(rebasing: $0[rows]), columns: 0..<batch.columns, into: batch)
    }
    lane.clock?.lap(.gather)
    lane.network.forward(views, mode: .training, crew: Crew(.alone), clock: lane.clock)
    return (batch, views)
  }

  private func rows(of block: Int) -> Range<Int> {
    let start = block * Self.blockSize
    return start..<min(start + Self.blockSize, samples.count)
  }

  /// One block: gather, forward, loss, backward, and the gradient added to the lane's.
  private func evaluate(_ block: Int, _ lane: Lane) {
    let rows = rows(of: block)
    let (batch, views) = forward(block, lane)
    let scores = views.last?.y ?? batch
    let rowTargets = targets.rows(from: rows.lowerBound)
    compilation.loss.evaluate(
      scores, rowTargets, scale: 1 / Float(samples.count), losses: lane.losses.floats,
      gradient: lane.workspace.outputGradient(rows: rows.count))
    sums[0][block] = lane.losses.sum(of: rows.count)
    for (index, metric) in compilation.metrics.enumerated() {
      metric.evaluate(
        scores, rowTargets, loss: compilation.loss, into: lane.hits[index].floats)
      sums[1 + index][block] = lane.hits[index].sum(of: rows.count)
    }
    lane.clock?.lap(.loss)
    lane.network.backward(
      views, descending: nil, crew: Crew(.alone), step: 0, barrier: alone, clock: lane.clock)
    maru_accumulate(lane.gradient.floats, lane.sums, parameters.count)
    lane.clock?.lap(.update)
  }

  /// Adds up the lanes' gradients, and adds the penalties', in a worker's part of the parameters.
  private func collect(_ worker: Worker) {
    let (gradients, sums) = (compilation.gradients.floats, lanes[0].sums)
    let range = chunks.range(worker)
    for lane in lanes.dropFirst() {
      let others = lane.sums
      for index in range { sums[index] += others[index] }
    }
    for index in range { gradients[index] = Float(sums[index]) }
    if penalty.isNone { return }
    for chunk in chunks.indices(worker) {
      penalty.addGradient(of: parameters, to: gradients, in: chunks[chunk])
      penalties[chunk] = penalty.value(of: parameters, in: chunks[chunk])
    }
  }
}

extension AlignedBuffer {
  /// The sum of the first elements, in double precision.
  fileprivate func sum(of count: Int) -> Double {
    (0..<count).reduce(0) { $0 + Double(floats[$1]) }
  }
}
