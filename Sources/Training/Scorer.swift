import Layers

/// Forward passes over many samples without training: blocks of samples, dealt out to the workers,
/// each of which has a workspace of its own.
final class Scorer {
  /// Samples in a block: enough for a product to run at full speed, few enough to stay in cache.
  private static let mostRows = 128

  private let blockSize: Int
  private let lanes: [Lane]
  private let outputColumns: Int

  private struct Lane {
    let network: Network
    let workspace: Workspace
    let input: AlignedBuffer
    let full: [Workspace.Views]
  }

  /// Plans for so many samples at most.
  init(model: Sequential, withoutLast: Bool, samples: Int) {
    let blockSize = max(1, min(Self.mostRows, samples))
    self.blockSize = blockSize
    let blocks = max(1, (samples + blockSize - 1) / blockSize)
    lanes = (0..<min(model.threads, blocks)).map { _ in
      let network = model.network(withoutLast: withoutLast)
      let workspace = Workspace(network, rows: blockSize, training: false)
      let input = AlignedBuffer(zeros: blockSize * network.inputColumns)
      return Lane(
        network: network, workspace: workspace, input: input,
        full: workspace.views(input: input, rows: blockSize))
    }
    outputColumns = lanes[0].network.outputColumns
  }

  /// Calls `use` with the outputs of each block of the chosen samples, on some worker's thread.
  ///
  /// It gets the range of the block among the samples, their outputs, and a matrix of the same
  /// shape to scribble on.
  func score(
    _ source: any SampleSource, _ samples: UnsafeBufferPointer<Int32>,
    _ use: (Range<Int>, MatrixView<Float>, MatrixView<Float>) -> Void
  ) {
    let blocks = (samples.count + blockSize - 1) / blockSize
    Team.run(lanes.count) { worker, _ in
      let lane = lanes[worker.index]
      for block in stride(from: worker.index, to: blocks, by: worker.count) {
        let start = block * blockSize
        let range = start..<min(start + blockSize, samples.count)
        let views =
          range.count == blockSize
          ? lane.full : lane.workspace.views(input: lane.input, rows: range.count)
        let input = lane.input.matrix(rows: range.count, columns: lane.network.inputColumns)
        source.gather(UnsafeBufferPointer(rebasing: samples[range]), into: input)
        lane.network.forward(views, mode: .inference, crew: Crew(.alone))
        use(range, views.last?.y ?? input, lane.workspace.outputGradient(rows: range.count))
      }
    }
  }
}

/// Computes the loss and the metrics of a model over given samples, as often as asked.
final class Evaluator {
  private let scorer: Scorer
  private let compilation: Compilation
  private let source: any SampleSource
  private let targets: PreparedTargets
  private let samples: [Int32]
  private let losses: AlignedBuffer
  private let hits: [AlignedBuffer]
  private let batch: TargetBatch
  private let parameters: AlignedBuffer
  private let penalty: Penalty

  init(
    model: Sequential, compilation: Compilation, source: any SampleSource,
    targets: PreparedTargets, samples: [Int32]
  ) {
    self.compilation = compilation
    self.source = source
    self.targets = targets
    self.samples = samples
    parameters = model.parameters
    penalty = Penalty(model.layout)
    scorer = Scorer(
      model: model, withoutLast: compilation.absorbsLast, samples: samples.count)
    losses = AlignedBuffer(zeros: samples.count)
    hits = compilation.metrics.map { _ in AlignedBuffer(zeros: samples.count) }
    batch = TargetBatch(
      rows: samples.count, columns: model.outputShape.count, for: targets, classWeights: nil)
    samples.withUnsafeBufferPointer { batch.gather(targets, $0, rows: samples.indices) }
  }

  /// The mean loss, penalties included, and the mean of each metric; NaN where there are no samples.
  func evaluate() -> Figures {
    samples.withUnsafeBufferPointer { samples in
      scorer.score(source, samples) { range, scores, scratch in
        let targets = batch.rows(from: range.lowerBound)
        compilation.loss.evaluate(
          scores, targets, scale: 1, losses: losses.floats + range.lowerBound, gradient: scratch)
        for (metric, values) in zip(compilation.metrics, hits) {
          metric.evaluate(
            scores, targets, loss: compilation.loss, into: values.floats + range.lowerBound)
        }
      }
    }
    let means = hits.map { mean($0) }
    return Figures(
      [("loss", mean(losses) + penalty.value(of: parameters))]
        + zip(compilation.metrics, means).map { ($0.description, $1) })
  }

  private func mean(_ values: AlignedBuffer) -> Double {
    (0..<values.count).reduce(0.0) { $0 + Double(values.floats[$1]) } / Double(values.count)
  }
}
