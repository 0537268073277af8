import Maru

/// Ends training when a time is over.
final class TimeLimit: Callback {
  /// How long training may take.
  let limit: Duration
  private var deadline: ContinuousClock.Instant?

  init(_ limit: Duration) { self.limit = limit }

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {
    deadline = .now + limit
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    guard let deadline, .now > deadline else { return .proceed }
    return .stop("the time is over in epoch \(progress.epoch)")
  }
}

/// Saves the model whenever its validation loss is the lowest so far.
final class BestModel: Callback {
  private let path: String
  private var lowest = Double.infinity

  init(path: String) { self.path = path }

  /// What is needed to go on after an interruption.
  var memory: CallbackMemory? { CallbackMemory(numbers: ["lowest": lowest]) }

  func trainingWillResume(_ history: History, memory: CallbackMemory?) {
    lowest = memory?.numbers["lowest"] ?? .infinity
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    guard let loss = record["val_loss"], loss < lowest else { return .proceed }
    lowest = loss
    try ModelFile(model).write(to: path)
    return .proceed
  }
}

func trainWithOwnCallbacks(
  _ model: Sequential, _ data: LabelledImages, path: String, limit: Duration
) throws -> History {
  let history = try model.fit(
    data.images, data.labels, epochs: 100, validation: .last(0.1),
    callbacks: [TimeLimit(limit), BestModel(path: path)])
  print(history.stopReason ?? "all epochs were trained")
  return history
}
