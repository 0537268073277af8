/// Ends training at the first step whose loss is NaN or infinite, since nothing good can follow.
///
/// The loss is computed before the step's update; the parameters are lost by then all the same.
/// Keras's `TerminateOnNaN`.
public final class StopOnNaN: Callback {
  /// Creates the callback.
  public init() {}

  /// Looks at the loss of the step.
  public func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    if progress.batchLoss.isFinite { return .proceed }
    let what = progress.batchLoss.isNaN ? "NaN" : "infinite"
    return .stop("the loss became \(what) in epoch \(progress.epoch), step \(progress.step)")
  }
}
