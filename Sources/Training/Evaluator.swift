import Layers

/// Computes the loss and the metrics of a model over given samples, as often as asked.
final class Evaluator {
  private let scorer: Scorer
  private let compilation: Compilation
  private let source: any SampleSource
  private let samples: [Int32]
  private let losses: AlignedBuffer
  private let hits: [AlignedBuffer]
  /// By thread, room for the gradient that a loss gives in any case.
  private let gradients: [AlignedBuffer]
  private let batch: TargetBatch
  private let parameters: AlignedBuffer
  private let penalty: Penalty

  init(
    model: Sequential, compilation: Compilation, source: any SampleSource,
    targets: PreparedTargets, samples: [Int32]
  ) {
    self.compilation = compilation
    self.source = source
    self.samples = samples
    parameters = model.parameters
    penalty = Penalty(model.layout)
    scorer = Scorer(
      model: model, layers: compilation.layers(of: model), samples: samples.count)
    losses = AlignedBuffer(zeros: samples.count)
    hits = compilation.metrics.map { _ in AlignedBuffer(zeros: samples.count) }
    gradients = (0..<scorer.threads).map { [scorer] _ in
      AlignedBuffer(zeros: scorer.size * model.outputShape.count)
    }
    batch = TargetBatch(
      rows: samples.count, columns: model.outputShape.count, for: targets, classWeights: nil)
    samples.withUnsafeBufferPointer { batch.gather(targets, $0, rows: samples.indices) }
  }

  /// The mean loss, penalties included, and the mean of each metric; NaN where there are no samples.
  func evaluate() -> Figures {
    samples.withUnsafeBufferPointer { samples in
      scorer.score(source, samples) { range, scores, thread in
        let targets = batch.rows(from: range.lowerBound)
        compilation.loss.evaluate(
          scores, targets, scale: 1, losses: losses.floats + range.lowerBound,
          gradient: gradients[thread].matrix(rows: scores.rows, columns: scores.columns))
        for (metric, values) in zip(compilation.metrics, hits) {
          metric.evaluate(
            scores, targets, loss: compilation.loss, into: values.floats + range.lowerBound)
        }
      }
    }
    let mean = { (values: AlignedBuffer) in values.sum(of: values.count) / Double(values.count) }
    return Figures(
      [("loss", mean(losses) + penalty.value(of: parameters))]
        + zip(compilation.metrics, hits).map { ($0.description, mean($1)) })
  }
}
