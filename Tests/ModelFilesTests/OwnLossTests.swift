import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

/// The error `|x − t|^1.5`, which this package does not have.
private struct PowerError: Loss {
  var outputKind: OutputKind { .values }

  func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    for row in 0..<outputs.rows {
      losses[row] = 0
      for column in 0..<outputs.columns {
        let error = outputs[row, column] - targets[row, column]
        let root = abs(error).squareRoot()
        losses[row] += abs(error) * root
        gradient[row, column] = scale * 1.5 * (error < 0 ? -root : root)
      }
    }
  }
}

/// The median of the absolute errors, which no sums tell.
private struct MedianError: Metric {
  var name: String { "median_error" }
  var isHigherBetter: Bool { false }

  func noteCount(for outputs: Outputs) throws(ModelError) -> Int { outputs.count }

  func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    for row in 0..<scores.rows {
      for column in 0..<scores.columns {
        notes[row, column] = abs(scores[row, column] - targets[row, column])
      }
    }
  }

  func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    let all = (0..<notes.rows).flatMap { row in (0..<notes.columns).map { notes[row, $0] } }
    return Double(all.sorted()[all.count / 2])
  }
}

/// A loss and a metric that this package does not know train, validate, pause in a file and go on.
struct OwnLossTests {
  private struct Outcome: Equatable {
    var weights: [Float]
    var figures: [Figures]
  }

  private static let samples = Tensor(
    (0..<120).map { (index: Int) -> Float in Float((index * 7 + index * index) % 11) / 8 },
    shape: [40, 3])
  private static let targets = Tensor(
    (0..<80).map { (index: Int) -> Float in Float((index * 5) % 13) / 4 }, shape: [40, 2])

  private func train(
    batchSize: Int? = 8, callbacks: [any Callback] = [], resuming state: TrainingState? = nil
  ) throws -> Outcome {
    let model = try Sequential(inputShape: [3], [Dense(5), Tanh(), Dense(2)], seed: 1)
    (model.threads, model.fixedParts) = (2, 2)
    let metrics: [any Metric] = [MedianError(), .r2, .meanAbsoluteError]
    if batchSize == nil {
      model.compile(optimizer: .lbfgs(), loss: PowerError(), metrics: metrics)
    } else {
      model.compile(optimizer: .adam(learningRate: 0.05), loss: PowerError(), metrics: metrics)
    }
    let stopping = EarlyStopping(monitor: "val_median_error", patience: 9)
    let history = try model.fit(
      Self.samples, .values(Self.targets), epochs: 4, batchSize: batchSize, validation: .last(0.2),
      callbacks: [stopping] + callbacks, resuming: state)
    let weights = model.weights.flatMap { $0.elements }
    return Outcome(weights: weights, figures: history.epochs.map { $0.values })
  }

  @Test(arguments: [8, nil] as [Int?])
  func theyTrain(batchSize: Int?) throws {
    let outcome = try train(batchSize: batchSize)
    let names = ["loss", "median_error", "r2", "mae"]
    #expect(outcome.figures[0].names == names + names.map { "val_" + $0 })
    #expect(outcome.figures[3].loss < outcome.figures[0].loss)
  }

  /// After a step within an epoch the notes of its samples are in the file.
  @Test(arguments: [(8, 3), (8, 4), (8, 6), (nil, 2)] as [(Int?, Int)])
  func theyGoOnFromAFile(batchSize: Int?, updates: Int) throws {
    let folder = try TemporaryFolder()
    let whole = try train(batchSize: batchSize)
    let pauser = FilePauser(folder["c.maru"], updates)
    _ = try train(batchSize: batchSize, callbacks: [pauser])
    let state = try Checkpoint(contentsOf: folder["c.maru"]).state
    #expect(state.updates == updates && state.step > 0)
    #expect(try train(batchSize: batchSize, resuming: state) == whole)
  }

  @Test func notesOfAnotherSizeAreRefused() throws {
    let folder = try TemporaryFolder()
    _ = try train(callbacks: [FilePauser(folder["c.maru"], 3)])
    var state = try Checkpoint(contentsOf: folder["c.maru"]).state
    #expect(state.notes.map(\.count) == [24 * 2, 24 * 4, 24])
    state.notes.removeLast()
    #expect(throws: ModelError.self) { try train(resuming: state) }
    state.notes.append(AlignedBuffer(zeros: 23))
    #expect(throws: ModelError.self) { try train(resuming: state) }
  }
}

/// Writes a file after so many updates.
private final class FilePauser: Callback {
  private let path: String
  private let updates: Int

  init(_ path: String, _ updates: Int) { (self.path, self.updates) = (path, updates) }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    (progress.epoch - 1) * progress.steps + progress.step == updates ? .pause : .proceed
  }
  func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    try Checkpoint(state).write(to: path)
  }
}
