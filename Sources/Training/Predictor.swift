import Layers
import Synchronization

/// A model's predictions for any number of threads at once: the layers and a copy of the weights.
///
/// Nothing in it changes, so a server makes one and lets every request use it. What it predicts is
/// what the model predicted when it was made, bit by bit, however many calls run at the same time;
/// further training of the model does not show. A call takes memory for at most 128 samples a
/// thread beside its result, and computes until that is there: it blocks the thread that makes it.
public struct Predictor: Sendable {
  /// Read only, from any thread, and known to nobody else.
  private nonisolated(unsafe) let model: Sequential

  /// Copies what predictions need of a model.
  /// - Parameters:
  ///   - model: the model, compiled or not
  ///   - threads: how many threads work on one call; 1 unless given, since calls that come at the
  ///     same time already use several processors, each without waiting for another
  public init(_ model: Sequential, threads: Int = 1) {
    self.model = Sequential(copying: model)
    self.model.threads = threads
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
    try model.predict(samples, scores: scores)
  }
}
