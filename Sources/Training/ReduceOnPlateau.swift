/// Lowers the learning rate when a figure has not improved for some epochs: `η ← max(factor·η, least)`.
///
/// Improvement is meant as for ``EarlyStopping``. After a reduction `cooldown` epochs are not
/// counted. As Keras's `ReduceLROnPlateau`; here it works through the model's
/// ``Sequential/learningRateFactor``, so beside a schedule, too. Training does not start where there
/// is no such figure (``ModelError``). Not `Sendable`: it belongs to one training.
public final class ReduceOnPlateau: Callback {
  /// What the rate is multiplied by.
  public let factor: Float
  /// How many epochs in a row may pass without improvement.
  public let patience: Int
  /// How many epochs after a reduction are not counted.
  public let cooldown: Int
  /// The rate below which it is not lowered.
  public let minimumRate: Float

  private var monitor: Monitor
  private var epochsWithoutImprovement = 0
  private var epochsToCool = 0

  /// Creates the callback; what is not given is as in Keras.
  /// - Parameters:
  ///   - name: the figure to watch
  ///   - factor: above 0 and below 1
  ///   - patience: epochs without improvement; 0 is as 1
  ///   - minimumDelta: by more than this a value must improve
  ///   - cooldown: epochs to wait after a reduction
  ///   - minimumRate: the least rate
  public init(
    monitor name: String = "val_loss", factor: Float = 0.1, patience: Int = 10,
    minimumDelta: Double = 1e-4, cooldown: Int = 0, minimumRate: Float = 0
  ) {
    require(
      0 < factor && factor < 1,
      "ReduceOnPlateau: expected a factor above 0 and below 1, got \(factor)")
    require(
      patience >= 0 && cooldown >= 0,
      "ReduceOnPlateau: expected patience and cooldown from 0, got \(patience) and \(cooldown)")
    require(
      minimumDelta >= 0 && minimumRate >= 0,
      "ReduceOnPlateau: expected a minimum delta and rate from 0, got \(minimumDelta) and \(minimumRate)"
    )
    self.factor = factor
    self.patience = patience
    self.cooldown = cooldown
    self.minimumRate = minimumRate
    monitor = Monitor(name: name, minimumDelta: minimumDelta)
  }

  /// Forgets earlier training; the rate stays as it is.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {
    guard case .steps = model.compiled("ReduceOnPlateau").method else {
      throw ModelError("ReduceOnPlateau lowers the learning rate, and L-BFGS has none")
    }
    try monitor.start(progress)
    (epochsWithoutImprovement, epochsToCool) = (0, 0)
  }

  /// The best figure, and the epochs since it and since the last reduction.
  public var memory: CallbackMemory? {
    guard let best = monitor.best else { return nil }
    return CallbackMemory(numbers: [
      "best": best, "epochs_without_improvement": Double(epochsWithoutImprovement),
      "epochs_to_cool": Double(epochsToCool),
    ])
  }

  /// Goes on from what was remembered; throws ``ModelError`` where that is of no such training.
  public func trainingWillResume(_ history: History, memory: CallbackMemory?) throws {
    guard let memory else { return }
    let epochs = history.epochs.count
    guard let best = memory.numbers["best"],
      let others = memory.count("epochs_without_improvement", upTo: epochs),
      let cooling = memory.count("epochs_to_cool")
    else { throw ModelError.contradictoryState }
    monitor.best = best
    (epochsWithoutImprovement, epochsToCool) = (others, cooling)
  }

  /// Lowers the rate where it is time.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    if epochsToCool > 0 {
      epochsToCool -= 1
      epochsWithoutImprovement = 0
    }
    if monitor.improves(record) {
      epochsWithoutImprovement = 0
    } else if epochsToCool == 0 {
      epochsWithoutImprovement += 1
      if epochsWithoutImprovement >= patience { reduce(model) }
    }
    return .proceed
  }

  private func reduce(_ model: Sequential) {
    let rate = model.learningRate
    guard rate > minimumRate else { return }
    model.learningRateFactor *= max(factor, minimumRate / rate)
    (epochsWithoutImprovement, epochsToCool) = (0, cooldown)
  }
}

@available(*, unavailable, message: "A callback belongs to one training.")
extension ReduceOnPlateau: Sendable {}
