/// What a callback wants to happen next.
public enum Decision: Sendable, Equatable {
  /// Training goes on.
  case proceed
  /// Training ends after this step or epoch, for the reason given in a few words.
  case stop(String)
}

/// Something that watches training, and may end it.
///
/// All calls come one after the other on the thread that called `fit`. What a callback throws ends
/// training and is thrown by `fit`.
public protocol Callback: AnyObject {
  /// Training is about to start.
  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws
  /// A step is done. Other workers may wait meanwhile, so be brief.
  func stepDidEnd(_ progress: TrainingProgress) -> Decision
  /// An epoch is done, its validation included.
  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision
  /// Training is over; the history is complete.
  func trainingDidEnd(_ history: History, model: Sequential) throws
}

extension Callback {
  /// Nothing.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {}
  /// Goes on.
  public func stepDidEnd(_ progress: TrainingProgress) -> Decision { .proceed }
  /// Goes on.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision { .proceed }
  /// Nothing.
  public func trainingDidEnd(_ history: History, model: Sequential) throws {}
}

/// How far training has come: one object, updated in place step by step.
public final class TrainingProgress {
  /// The number of the running epoch, from 1.
  public internal(set) var epoch = 1
  /// The last epoch, if nothing ends training before.
  public let epochs: Int
  /// The steps done in this epoch.
  public internal(set) var step = 0
  /// The steps of an epoch.
  public let steps: Int
  /// The reported metrics.
  public let metrics: [Metric]
  /// The names of the figures that every epoch reports, those of the validation included.
  public internal(set) var figureNames: [String] = []
  /// The loss of the last step's batch: the mean of its samples, and penalties.
  public internal(set) var batchLoss = 0.0
  var samples = 0
  var lossSum = 0.0
  var metricSums: [Double]

  init(epochs: Int, steps: Int, metrics: [Metric]) {
    self.epochs = epochs
    self.steps = steps
    self.metrics = metrics
    metricSums = metrics.map { _ in 0 }
  }

  /// The mean loss over the samples of this epoch so far.
  public var loss: Double { lossSum / Double(samples) }

  /// The mean of a metric, by its place in ``metrics``, over the samples of this epoch so far.
  public func metric(_ index: Int) -> Double { metricSums[index] / Double(samples) }

  func startEpoch(_ number: Int) {
    (epoch, step, samples, lossSum, batchLoss) = (number, 0, 0, 0, 0)
    for index in metricSums.indices { metricSums[index] = 0 }
  }
}
