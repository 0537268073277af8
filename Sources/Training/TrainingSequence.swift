import Layers
import Synchronization

extension Sequential {
  /// Trains epoch by epoch as its epochs are asked for, on a thread of its own.
  ///
  /// ```swift
  /// let training = try model.training(images, labels, epochs: 30)
  /// for try await epoch in training { print(epoch.values.loss) }
  /// ```
  ///
  /// The parameters are those of `fit`, and so is the model afterwards, bit by bit; callbacks are called on the training's thread.
  /// - Throws: ``ModelError`` where data and model do not fit, before any change, and what a callback
  ///   throws.
  public func training(
    _ samples: some SampleSource, _ labels: [Int], epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    resuming state: TrainingState? = nil
  ) throws -> TrainingSequence {
    try training(
      samples, .classes(labels), epochs: epochs, batchSize: batchSize, validation: validation,
      shuffle: shuffle, callbacks: callbacks, resuming: state)
  }

  /// Trains on samples with targets of either kind; otherwise as
  /// ``training(_:_:epochs:batchSize:validation:shuffle:callbacks:resuming:)-(_,[Int],_,_,_,_,_,_)``.
  public func training(
    _ samples: some SampleSource, _ targets: Targets, epochs: Int = 1, batchSize: Int? = nil,
    validation: Validation = .none, shuffle: Bool = true, callbacks: [any Callback] = [],
    resuming state: TrainingState? = nil
  ) throws -> TrainingSequence {
    TrainingSequence(
      try FitRun(
        self, samples, targets, epochs: epochs, batchSize: batchSize, validation: validation,
        shuffle: shuffle, callbacks: callbacks, profile: nil, state: state))
  }
}

/// A training whose epochs are an asynchronous sequence, made by `training` of a ``Sequential``.
///
/// An epoch runs while the next record is awaited, on a thread that is not of the cooperative pool,
/// and at no other time: between two records the model is at rest, to be scored or saved, and who
/// leaves the loop has ended training, though callbacks are not told so
/// (``Callback/trainingDidEnd(_:model:)``). Every iterator goes on where the last one was. Once a task
/// that waits is cancelled, training ends after the step that is running, every callback's
/// ``Callback/trainingDidPause(_:model:)`` having been called, and `CancellationError` is thrown, by
/// later calls too. Neither it nor its iterator is `Sendable`, as the model that it trains is not.
public final class TrainingSequence: AsyncSequence {
  /// The figures of an epoch.
  public typealias Element = EpochRecord

  private let run: FitRun
  private let isCancelled = Flag()

  init(_ run: FitRun) {
    self.run = run
    run.isCancelled = { [isCancelled] in isCancelled.value.load(ordering: .relaxed) }
  }

  /// The figures of the epochs so far.
  public var history: History { run.history }

  /// The iterator, which goes on where the last one was.
  public func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }

  /// Trains for an epoch at a time.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let sequence: TrainingSequence

    /// Trains for an epoch; nil when training is over.
    public mutating func next() async throws -> EpochRecord? {
      try await next(isolation: nil)
    }

    /// Trains for an epoch; nil when training is over.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws -> EpochRecord? {
      try await sequence.next(isolation: actor)
    }
  }

  private func next(isolation actor: isolated (any Actor)?) async throws -> EpochRecord? {
    // Nobody else has the run while this call waits for its thread.
    nonisolated(unsafe) let run = run
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation(isolation: actor) { continuation in
        Threads.detach { continuation.resume(with: Result { try run.next() }) }
      }
    } onCancel: { [isCancelled] in
      isCancelled.value.store(true, ordering: .relaxed)
    }
  }

  private final class Flag: Sendable { let value = Atomic<Bool>(false) }
}

@available(*, unavailable, message: "It is used by one task at a time, as its model is.")
extension TrainingSequence: Sendable {}

@available(*, unavailable, message: "It is used by one task at a time, as its model is.")
extension TrainingSequence.Iterator: Sendable {}
