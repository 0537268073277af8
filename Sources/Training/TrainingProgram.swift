/// What `fit` runs, epoch by epoch.
protocol TrainingProgram: AnyObject {
  var progress: TrainingProgress { get }
  /// Asked after every step.
  var stepDidEnd: (TrainingProgress) -> Decision { get set }
  /// Why training is to end before its last epoch.
  var stopReason: String? { get }
  /// Puts the samples in a new order, where they have one.
  func shuffle()
  /// Goes through the samples.
  func runEpoch(_ epoch: Int)
  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int)
}

extension TrainingProgram {
  /// The means of the epoch, penalties included.
  var figures: Figures {
    Figures(
      [("loss", progress.loss)]
        + progress.metrics.enumerated().map { ($1.description, progress.metric($0)) })
  }
}
