/// What `fit` runs, epoch by epoch.
protocol TrainingProgram: AnyObject {
  var progress: TrainingProgress { get }
  /// Asked after every step.
  var stepDidEnd: (TrainingProgress) -> Decision { get set }
  /// The samples to train on, in the order of the epoch where they have one.
  var samples: [Int32] { get set }
  /// How an epoch goes through the samples in blocks; nil for an order of all of them.
  var blockShuffle: BlockShuffle? { get }
  /// The parts that a step is cut into.
  var parts: Int { get }
  /// What it has to remember, beside the model and its slots, to go on later; nil for nothing.
  var memory: CallbackMemory? { get }
  /// Goes on from what was remembered.
  func resume(_ memory: CallbackMemory) throws(ModelError)
  /// Puts the samples in a new order, where they have one.
  func shuffle()
  /// Runs the steps that are left of the epoch, or until one of them is to be the last for now, and
  /// tells why it was.
  func run() -> Decision
  /// Where values first left the range of floats in the last step, if its loss did and it is known.
  func outOfRange(_ layerNames: [String]) -> String?
  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int)
}

extension TrainingProgram {
  var blockShuffle: BlockShuffle? { nil }
  var memory: CallbackMemory? { nil }
  func resume(_ memory: CallbackMemory) {}

  /// The mean loss of the epoch, penalties included, and the metrics.
  var figures: Figures {
    Figures([("loss", progress.loss)] + progress.notes.figures(samples: progress.sums.samples))
  }
}
