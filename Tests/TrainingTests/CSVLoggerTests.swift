import Foundation
import Testing
import Training

@Suite struct CSVLoggerTests {
  private func compiledModel() throws -> Sequential {
    let model = try Problem.model()
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }

  private func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "maru-\(UUID()).csv").path
  }

  @Test func theFileIsTheHistory() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "an older file, longer than the new one will be\n\n\n\n\n\n\n\n\n\n\n"
      .write(toFile: path, atomically: false, encoding: .utf8)
    let history = try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 3, validation: .last(0.25),
      callbacks: [CSVLogger(path)])
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text == history.csv)
    #expect(text.hasPrefix("epoch,loss,accuracy,val_loss,val_accuracy,seconds\n1,"))
    #expect(text.count { $0 == "\n" } == 4)
  }

  @Test func eachLineIsThereAsTheEpochEnds() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let reader = LineCounter(path)
    try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 3, callbacks: [CSVLogger(path), reader])
    #expect(reader.counts == [1, 2, 3, 4])
  }

  /// A callback after the logger ends training in its second epoch.
  @Test func anInterruptedTrainingLeavesTheWholeHistory() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ender = StateKeeper()
    #expect(throws: StateKeeper.End.self) {
      try compiledModel().fit(
        Problem.samples, Problem.labels, epochs: 3, callbacks: [CSVLogger(path), ender])
    }
    let state = try #require(ender.state)
    let history = try compiledModel().fit(
      Problem.samples, Problem.labels, epochs: 3, callbacks: [CSVLogger(path)], resuming: state)
    #expect(history.epochs.count == 3)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == history.csv)
  }

  @Test func aFileThatCannotBeOpenedIsAnErrorBeforeTraining() throws {
    let model = try compiledModel()
    let before = model.flatWeights
    let path = "/nowhere/at/all.csv"
    let error = #expect(throws: CSVLogger.WriteError.self) {
      try model.fit(Problem.samples, Problem.labels, callbacks: [CSVLogger(path)])
    }
    #expect(error?.path == path)
    #expect(error?.description == "cannot write /nowhere/at/all.csv: No such file or directory")
    #expect(firstDifference(model.flatWeights, before) == nil)
  }

  #if os(Linux)
    @Test func aFullDiskIsAnError() throws {
      let error = #expect(throws: CSVLogger.WriteError.self) {
        try compiledModel().fit(
          Problem.samples, Problem.labels, callbacks: [CSVLogger("/dev/full")])
      }
      #expect(error?.description == "cannot write /dev/full: No space left on device")
    }
  #endif
}

/// Counts the lines of a file at the start and after each epoch.
private final class LineCounter: Callback {
  private let path: String
  private(set) var counts: [Int] = []

  init(_ path: String) { self.path = path }

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws { try count() }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    try count()
    return .proceed
  }

  private func count() throws {
    counts.append(try String(contentsOfFile: path, encoding: .utf8).count { $0 == "\n" })
  }
}

/// Ends training with its state, after the first step of the second epoch.
private final class StateKeeper: Callback {
  struct End: Error {}
  private(set) var state: TrainingState?

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    progress.epoch == 2 ? .pause : .proceed
  }
  func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    self.state = state
    throw End()
  }
}
