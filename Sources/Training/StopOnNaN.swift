/// Ends training at the first step whose loss is NaN or infinite, since nothing good can follow.
///
/// The history's ``History/stopReason`` then names the step, and the layer whose output left the
/// range first. The loss is computed before the step's update; the parameters are lost by then all
/// the same. Keras's `TerminateOnNaN`. Not `Sendable`: it belongs to one training.
public final class StopOnNaN: Callback {
  /// Whether it has ended training.
  public private(set) var hasStopped = false

  /// Creates the callback.
  public init() {}

  /// Forgets earlier training.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    hasStopped = false
  }

  /// Looks at the loss of the step.
  public func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    if progress.batchLoss.isFinite { return .proceed }
    hasStopped = true
    let what = progress.batchLoss.isNaN ? "NaN" : "infinite"
    return .stop("the loss became \(what) in epoch \(progress.epoch), step \(progress.step)")
  }
}

@available(*, unavailable, message: "A callback belongs to one training.")
extension StopOnNaN: Sendable {}
