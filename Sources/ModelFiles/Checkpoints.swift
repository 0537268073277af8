import Training

/// Saves the state of training in one file as it goes, so that a run that is killed can go on.
///
/// ```swift
/// let path = "runs/a/checkpoint.maru"
/// try model.fit(images, labels, epochs: 30, callbacks: [Checkpoints(path, every: .epochs)])
/// // In another process, with a model that was made and compiled in the same way:
/// let state = try Checkpoint(contentsOf: path).state
/// try model.fit(images, labels, epochs: 30, callbacks: […], resuming: state)
/// ```
///
/// The finished model is the same, bit by bit, as that of a run that was never interrupted. The file
/// is also written when training rests for another reason, such as the cancellation of its task. A
/// state whose weights are not finite is not saved: the file stays the last good one. What the
/// system refuses ends training (``ModelFileError``). Keras's `BackupAndRestore`, except that the
/// file stays. Not `Sendable`: it belongs to one training.
public final class Checkpoints: Callback {
  /// How often the state is saved.
  public enum Interval: Sendable, Equatable {
    /// After every so many steps, counted over all epochs.
    case steps(Int)
    /// After each epoch.
    case epochs
  }

  /// Where the file is.
  public let path: String
  /// How often it is written.
  public let interval: Interval
  private let settings: String

  /// Creates the callback.
  /// - Parameters:
  ///   - path: the file; the one before it is kept beside (``Checkpoint/previousPath(of:)``)
  ///   - interval: how often it is written
  ///   - settings: a text to be stored with each state
  public init(_ path: String, every interval: Interval, settings: String = "") {
    if case .steps(let steps) = interval {
      require(steps >= 1, "Checkpoints: expected at least 1 step, got \(steps)")
    }
    self.path = path
    self.interval = interval
    self.settings = settings
  }

  /// Rests where a checkpoint is due.
  public func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    guard case .steps(let steps) = interval else { return .proceed }
    let done = (progress.epoch - 1) * progress.steps + progress.step
    return done.isMultiple(of: steps) ? .pause : .proceed
  }

  /// Rests where a checkpoint is due.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    interval == .epochs ? .pause : .proceed
  }

  /// Writes the file.
  public func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    guard state.hasFiniteWeights else { return }
    try Checkpoint(state, settings: settings).write(to: path)
  }
}

@available(*, unavailable, message: "A callback belongs to one training.")
extension Checkpoints: Sendable {}
