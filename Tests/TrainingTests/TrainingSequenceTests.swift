import Foundation
import Synchronization
import Testing
import TestSupport
import Training

/// Training from tasks: epoch by epoch, cancelled, and two models at once.
struct TrainingSequenceTests {
  private static func model(seed: UInt64 = 5) throws -> Sequential {
    let model = try Sequential(
      inputShape: [20], [Dense(140), ReLU(), Dropout(0.2), Dense(4), Softmax()], seed: seed)
    model.threads = 2
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    return model
  }
  private static let samples = randomSamples([90, 20], seed: 1)
  private static let labels = randomLabels(90, classes: 4, seed: 2)

  private static func fitted() throws -> (weights: [Float], history: History) {
    let model = try model()
    let history = try model.fit(samples, labels, epochs: 4, validation: .last(0.2))
    return (model.flatWeights, history)
  }

  @Test func epochsComeAsTheyEnd() async throws {
    let (weights, history) = try Self.fitted()
    let model = try Self.model()
    let training = try model.training(
      Self.samples, Self.labels, epochs: 4, validation: .last(0.2))
    var records: [EpochRecord] = []
    for try await record in training {
      records.append(record)
      #expect(training.history.epochs.count == records.count)
    }
    #expect(records.map(\.epoch) == [1, 2, 3, 4])
    #expect(records.map(\.values) == history.epochs.map(\.values))
    #expect(firstDifference(model.flatWeights, weights) == nil)
  }

  @Test func aLoopThatIsLeftCanGoOn() async throws {
    let (weights, _) = try Self.fitted()
    let model = try Self.model()
    let training = try model.training(
      Self.samples, Self.labels, epochs: 4, validation: .last(0.2))
    for try await record in training where record.epoch == 2 { break }
    #expect(training.history.epochs.count == 2)
    for try await _ in training {}
    #expect(training.history.epochs.count == 4)
    #expect(firstDifference(model.flatWeights, weights) == nil)
  }

  @Test func errorsOfCallbacksArrive() async throws {
    let model = try Self.model()
    let training = try model.training(
      Self.samples, Self.labels, epochs: 4, callbacks: [Failing()])
    await #expect(throws: Failing.Failure.self) { for try await _ in training {} }
  }

  /// The task is cancelled while its first epoch of very many steps is running.
  @Test(arguments: [false, true])
  func aCancelledTaskEndsTrainingAfterTheStep(synchronous: Bool) async throws {
    let watcher = Watcher()
    let task = Task {
      let model = try Self.model()
      if synchronous {
        try model.fit(
          Self.samples, Self.labels, epochs: 1_000_000, batchSize: 1, callbacks: [watcher])
      } else {
        let training = try model.training(
          Self.samples, Self.labels, epochs: 1_000_000, batchSize: 1, callbacks: [watcher])
        for try await _ in training {}
      }
    }
    while watcher.steps.load(ordering: .relaxed) < 200 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // Every callback got the state to go on from, and nothing runs any more.
    #expect(watcher.pausedAt.load(ordering: .relaxed) == watcher.steps.load(ordering: .relaxed))
  }

  @Test func aTaskThatIsCancelledBeforeDoesNotTrain() async throws {
    let watcher = Watcher()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      let model = try Self.model()
      for try await _ in try model.training(Self.samples, Self.labels, callbacks: [watcher]) {}
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(watcher.steps.load(ordering: .relaxed) <= 1)
  }

  /// More trainings than the pool has threads are in their epochs at the same time.
  @Test func trainingTakesNoThreadOfThePool() async throws {
    let meeting = Meeting(of: ProcessInfo.processInfo.activeProcessorCount + 2)
    try await withThrowingTaskGroup { group in
      for _ in 0..<meeting.count {
        group.addTask {
          let model = try Self.model()
          for try await _ in try model.training(
            Self.samples, Self.labels, callbacks: [meeting])
          {}
        }
      }
      try await group.waitForAll()
    }
  }

  /// Keeps the thread that trains until all have come.
  private final class Meeting: Callback, Sendable {
    struct Incomplete: Error {}
    let count: Int
    private let arrived = Atomic(0)
    private let allAreHere = DispatchSemaphore(value: 0)

    init(of count: Int) { self.count = count }

    func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
      if arrived.add(1, ordering: .relaxed).newValue == count {
        for _ in 0..<count { allAreHere.signal() }
      }
      // Only a failure takes that long.
      guard allAreHere.wait(timeout: .now() + 60) == .success else { throw Incomplete() }
      return .proceed
    }
  }

  private final class Failing: Callback {
    struct Failure: Error {}
    func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
      throw Failure()
    }
  }

  private final class Watcher: Callback, Sendable {
    let steps = Atomic(0)
    let pausedAt = Atomic(-1)
    func stepDidEnd(_ progress: TrainingProgress) -> Decision {
      steps.add(1, ordering: .relaxed)
      return .proceed
    }
    func trainingDidPause(_ state: TrainingState, model: Sequential) {
      pausedAt.store(state.updates, ordering: .relaxed)
    }
  }
}
