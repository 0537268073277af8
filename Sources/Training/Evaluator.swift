import Layers

/// Computes the loss and the metrics of a model over given samples, as often as asked.
final class Evaluator {
  private let scorer: Scorer
  private let compilation: Compilation
  private let source: any SampleSource
  private let samples: [Int32]
  private let losses: AlignedBuffer
  private let notes: MetricNotes
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
    notes = MetricNotes(compilation, samples: samples.count)
    gradients = (0..<scorer.threads).map { [scorer] _ in
      AlignedBuffer(zeros: scorer.size * model.outputShape.count)
    }
    batch = TargetBatch(
      rows: samples.count, columns: model.outputShape.count, for: targets, classWeights: nil)
    samples.withUnsafeBufferPointer { batch.gather(targets, $0, rows: samples.indices) }
  }

  /// The mean loss, penalties included, and the metrics; NaN where there are no samples.
  func evaluate() -> Figures {
    samples.withUnsafeBufferPointer { samples in
      scorer.score(source, samples) { range, scores, thread in
        batch.evaluate(
          compilation.loss, scores, from: range.lowerBound, scale: 1,
          losses: losses.floats + range.lowerBound,
          gradient: gradients[thread].matrix(rows: scores.rows, columns: scores.columns))
        notes.note(scores, batch.rows(from: range.lowerBound), from: range.lowerBound)
      }
    }
    let loss = losses.sum(of: losses.count) / Double(losses.count)
    return Figures(
      [("loss", loss + penalty.value(of: parameters))] + notes.figures(samples: samples.count))
  }
}
