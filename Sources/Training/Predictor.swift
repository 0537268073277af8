import CKernels
import Layers
import Synchronization

/// A model's predictions for any number of threads at once: the layers and a copy of the weights.
///
/// Nothing in it changes, so a server makes one and lets every request use it. What it predicts is the
/// same bit by bit, however many calls run at the same time; further training of the model does not show.
/// It is what the model predicted when it was made, to the bit too, but where batch normalisation stood
/// behind a ``/Layers/Dense`` or a convolution: it becomes part of that layer's weights, and the result is
/// the same within rounding. A call borrows memory for at most 128 samples for each of its threads, which
/// the next call takes over; it computes until its result is there, and blocks the thread that makes it.
public struct Predictor: Sendable {
  /// Read only, from any thread, and known to nobody else.
  private nonisolated(unsafe) let model: Sequential
  private let scorers: ScorerPool
  /// Those that leave a last activation out.
  private let scorersOfScores: ScorerPool

  /// Copies what predictions need of a model.
  /// - Parameters:
  ///   - model: the model, compiled or not
  ///   - threads: how many threads work on one call; 1 unless given, since calls that come at the
  ///     same time already use several processors, each without waiting for another
  public init(_ model: Sequential, threads: Int = 1) {
    self.model = model.folded()
    self.model.threads = threads
    scorers = ScorerPool(self.model, layers: model.layers.count)
    scorersOfScores = ScorerPool(self.model, layers: self.model.layers(scores: true))
  }

  /// The shape of one sample of the input.
  public var inputShape: Shape { model.inputShape }

  /// The shape of one sample of the output.
  public var outputShape: Shape { model.outputShape }

  /// How many threads work on one call.
  public var threads: Int { model.threads }

  /// The outputs for samples: [samples, outputs].
  ///
  /// Throws ``ModelError`` where the samples do not have the shape that the model expects. It blocks
  /// the thread that calls it until all samples are scored.
  /// - Parameters:
  ///   - samples: the inputs
  ///   - scores: whether a last ``/Layers/Softmax`` or ``/Layers/Sigmoid`` is left out, so that the
  ///     result is its scores (logits)
  public func predict(_ samples: some SampleSource, scores: Bool = false) throws(ModelError)
    -> Tensor
  {
    try model.checkShape(of: samples)
    return model.outputs(samples.sampleCount) { outputs in
      pool(scores).lend { $0.write(samples, to: outputs) }
    }
  }

  /// The outputs for samples in memory of the caller's, into memory of the caller's.
  ///
  /// With one thread per call it allocates nothing, but for the first call and for the first time
  /// that so many calls come at once.
  ///
  /// It blocks the thread that calls it until all samples are scored. Traps where the inputs are not
  /// whole rows, or the outputs not as many rows.
  /// - Parameters:
  ///   - inputs: [samples, inputs], scaled as in training
  ///   - outputs: receives [samples, outputs]
  ///   - scores: whether a last ``/Layers/Softmax`` or ``/Layers/Sigmoid`` is left out
  public func predict(
    _ inputs: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>,
    scores: Bool = false
  ) {
    let (columns, outputColumns) = (model.inputShape.count, model.outputShape.count)
    let count = columns == 0 ? 0 : inputs.count / columns
    require(
      inputs.count == count * columns,
      "Predictor.predict: expected rows of \(columns) inputs, got \(inputs.count) values")
    require(
      outputs.count == count * outputColumns,
      "Predictor.predict: expected room for \(count) rows of \(outputColumns) outputs, got \(outputs.count) values"
    )
    guard let first = inputs.baseAddress, let target = outputs.baseAddress else { return }
    let rows = Rows(
      first: first, sampleCount: count, sampleShape: model.inputShape, columns: columns)
    pool(scores).lend {
      $0.write(rows, to: MatrixView(target, rows: count, columns: outputColumns))
    }
  }

  private func pool(_ scores: Bool) -> ScorerPool { scores ? scorersOfScores : scorers }
}

/// Samples in memory of a caller, while the call lasts.
private struct Rows: SampleSource, @unchecked Sendable {
  let first: UnsafePointer<Float>
  let sampleCount: Int
  let sampleShape: Shape
  let columns: Int

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    guard let indices = indices.baseAddress else { return }
    maru_gather_floats(
      first + columns.lowerBound, self.columns, indices, batch.rows, columns.count,
      batch.baseAddress, batch.stride)
  }
}

/// Scorers of one model, lent to one call each.
private final class ScorerPool: Sendable {
  /// Whoever holds a scorer has it to himself.
  private struct Free: @unchecked Sendable { var scorers: [Scorer] = [] }

  private nonisolated(unsafe) let model: Sequential
  private let layers: Int
  private let free = Mutex(Free())

  init(_ model: Sequential, layers: Int) {
    self.model = model
    self.layers = layers
  }

  func lend(_ body: (Scorer) -> Void) {
    let scorer = free.withLock { $0.scorers.popLast() } ?? Scorer(model: model, layers: layers)
    body(scorer)
    free.withLock { $0.scorers.append(scorer) }
  }
}
