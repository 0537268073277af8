import Layers

/// Ends training when a figure has not improved for some epochs, and goes back to the weights of
/// the best one (Prechelt 1998, *Early stopping, but when?*).
///
/// A value improves on the best where it is lower for a loss, or what a metric says is better
/// (``Metric/isHigherBetter``), by more than `minimumDelta`; the first epoch always does. As in Keras,
/// the best weights are set however training ends, unless a callback throws. Only weights go back;
/// what the optimizer remembers stays. Training does not start where there is no such figure
/// (``ModelError``). Not `Sendable`: it belongs to one training.
public final class EarlyStopping: Callback {
  /// How many epochs in a row may pass without improvement.
  public let patience: Int
  /// Whether the weights of the best epoch are set at the end.
  public let restoresBestWeights: Bool
  /// The number of the best epoch, from 1; 0 before there is one.
  public private(set) var bestEpoch = 0
  /// The figure at the best epoch.
  public var best: Double? { monitor.best }

  private var monitor: Monitor
  private var epochsWithoutImprovement = 0
  private var bestWeights: [Tensor]?
  private var shapes: [Shape] = []

  /// Creates the callback.
  /// - Parameters:
  ///   - name: the figure to watch; the validation loss unless given
  ///   - patience: epochs without improvement; 0, the default as in Keras, ends at the first
  ///   - minimumDelta: what counts as an improvement; any, unless given
  ///   - restoresBestWeights: true unless given, unlike Keras: who stops late wants the best
  public init(
    monitor name: String = "val_loss", patience: Int = 0, minimumDelta: Double = 0,
    restoresBestWeights: Bool = true
  ) {
    require(patience >= 0, "EarlyStopping: expected a patience from 0, got \(patience)")
    require(
      minimumDelta >= 0, "EarlyStopping: expected a minimum delta from 0, got \(minimumDelta)")
    self.patience = patience
    self.restoresBestWeights = restoresBestWeights
    monitor = Monitor(name: name, minimumDelta: minimumDelta)
  }

  /// Forgets earlier training.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {
    try monitor.start(progress)
    (bestEpoch, epochsWithoutImprovement, bestWeights) = (0, 0, nil)
    shapes = model.allWeights.map(\.shape)
  }

  /// The best epoch, its figure and weights, and the epochs since.
  public var memory: CallbackMemory? {
    guard let best else { return nil }
    return CallbackMemory(
      numbers: [
        "best": best, "best_epoch": Double(bestEpoch),
        "epochs_without_improvement": Double(epochsWithoutImprovement),
      ], tensors: bestWeights ?? [])
  }

  /// Goes on from what was remembered; throws ``ModelError`` where that is of no such training.
  public func trainingWillResume(_ history: History, memory: CallbackMemory?) throws {
    guard let memory else { return }
    let epochs = history.epochs.count
    guard let best = memory.numbers["best"],
      let bestEpoch = memory.count("best_epoch", upTo: epochs),
      let others = memory.count("epochs_without_improvement", upTo: epochs),
      memory.tensors.isEmpty || memory.tensors.map(\.shape) == shapes
    else { throw ModelError.contradictoryState }
    monitor.best = best
    (self.bestEpoch, epochsWithoutImprovement) = (bestEpoch, others)
    bestWeights = memory.tensors.isEmpty ? nil : memory.tensors
  }

  /// Keeps the weights of a better epoch, or ends training.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    if monitor.improves(record) {
      (bestEpoch, epochsWithoutImprovement) = (record.epoch, 0)
      if restoresBestWeights { bestWeights = model.allWeights }
      return .proceed
    }
    epochsWithoutImprovement += 1
    guard epochsWithoutImprovement >= patience else { return .proceed }
    let epochs = epochsWithoutImprovement == 1 ? "1 epoch" : "\(epochsWithoutImprovement) epochs"
    return .stop("\(monitor.name) has not improved for \(epochs)")
  }

  /// Sets the weights of the best epoch.
  public func trainingDidEnd(_ history: History, model: Sequential) throws {
    if let bestWeights { model.allWeights = bestWeights }
    bestWeights = nil
  }
}

@available(*, unavailable, message: "A callback belongs to one training.")
extension EarlyStopping: Sendable {}
