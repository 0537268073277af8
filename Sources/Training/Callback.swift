/// What a callback wants to happen next.
public enum Decision: Sendable, Equatable {
  /// Training goes on.
  case proceed
  /// Training rests after this step or epoch, every callback is told
  /// (``Callback/trainingDidPause(_:model:)``), and then it goes on.
  case pause
  /// Training ends after this step or epoch, for the reason given in a few words.
  case stop(String)
}

/// Something that watches training, and may end it.
///
/// All calls come one after the other on the thread that trains, which is the one that called `fit`, or
/// that of an epoch of a ``TrainingSequence``. What a callback throws ends training and is thrown there.
/// A callback need not be `Sendable`, and those of this package are not: each belongs to one
/// training.
public protocol Callback: AnyObject {
  /// What it has to remember for training to go on later as if it had never stopped; nil for nothing.
  var memory: CallbackMemory? { get }

  /// Training is about to start.
  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws
  /// Training is about to go on after an interruption; `trainingWillBegin` has been called.
  /// - Parameters:
  ///   - history: the epochs that are complete
  ///   - memory: what ``memory`` was then
  func trainingWillResume(_ history: History, memory: CallbackMemory?) throws
  /// A step is done. Other threads may wait meanwhile, so be brief.
  func stepDidEnd(_ progress: TrainingProgress) -> Decision
  /// An epoch is done, its validation included.
  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision
  /// Training rests, since a callback asked for it or its task was cancelled.
  ///
  /// The state is all that is needed to go on from here later. To end training now, throw.
  func trainingDidPause(_ state: TrainingState, model: Sequential) throws
  /// Training is over; the history is complete.
  func trainingDidEnd(_ history: History, model: Sequential) throws
}

extension Callback {
  /// Nil: nothing to remember.
  public var memory: CallbackMemory? { nil }
  /// Does nothing unless implemented.
  public func trainingWillResume(_ history: History, memory: CallbackMemory?) throws {}
  /// Does nothing unless implemented.
  public func trainingDidPause(_ state: TrainingState, model: Sequential) throws {}
  /// Does nothing unless implemented.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {}
  /// Lets training proceed.
  public func stepDidEnd(_ progress: TrainingProgress) -> Decision { .proceed }
  /// Lets training proceed.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision { .proceed }
  /// Does nothing unless implemented.
  public func trainingDidEnd(_ history: History, model: Sequential) throws {}
}

/// How far training has come: one object, updated in place step by step.
///
/// Not `Sendable`: it changes on the thread that trains, and is read there by callbacks.
public final class TrainingProgress {
  /// The number of the running epoch, from 1.
  public internal(set) var epoch = 1
  /// The last epoch, if nothing ends training before.
  public let epochs: Int
  /// The steps done in this epoch.
  public internal(set) var step = 0
  /// The steps of an epoch.
  public let steps: Int
  /// What the metrics have noted of the samples of the epoch.
  let notes: MetricNotes
  /// The names of the figures that every epoch reports, those of the validation included.
  public internal(set) var figureNames: [String] = []
  /// The loss of the last step's batch: the mean of its samples, and penalties.
  public internal(set) var batchLoss = 0.0
  var sums: EpochSums

  init(epochs: Int, steps: Int, notes: MetricNotes) {
    self.epochs = epochs
    self.steps = steps
    self.notes = notes
    sums = EpochSums()
  }

  /// The reported metrics.
  public var metrics: [any Metric] { notes.metrics }

  /// The mean loss over the samples of this epoch so far.
  public var loss: Double { sums.loss / Double(sums.samples) }

  /// The value of a metric, by its place in ``metrics``, over the samples of this epoch so far.
  ///
  /// It is computed at each call, from what was noted of all these samples.
  public func metric(_ index: Int) -> Double { notes.value(index, samples: sums.samples) }

  func startEpoch(_ number: Int) {
    (epoch, step, batchLoss) = (number, 0, 0)
    sums = EpochSums()
  }

  func resume(from state: TrainingState) {
    (epoch, step, sums) = (state.epoch, state.step, state.sums)
    notes.restore(state.notes)
  }
}

@available(*, unavailable, message: "It changes as training goes on; read it in a callback.")
extension TrainingProgress: Sendable {}
