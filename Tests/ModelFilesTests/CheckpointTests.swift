import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

struct CheckpointTests {
  /// The state after some steps, a checkpoint of which has every kind of section.
  private static func state(after updates: Int = 5) throws -> TrainingState {
    let pauser = Pauser(updates)
    try train(callbacks: [pauser])
    return try #require(pauser.state)
  }

  @discardableResult
  private static func train(
    callbacks: [any Callback] = [], resuming state: TrainingState? = nil
  ) throws -> Sequential {
    let model = try Sequential(inputShape: [3], [Dense(4), Tanh(), Dense(2), Softmax()], seed: 1)
    model.threads = 1
    model.compile(optimizer: .adam(learningRate: 0.1), loss: .softmaxCrossEntropy)
    let samples = Tensor((0..<60).map { Float($0 % 7) - 3 }, shape: [20, 3])
    try model.fit(
      samples, (0..<20).map { $0 % 2 }, epochs: 4, batchSize: 4, validation: .last(0.4),
      callbacks: [EarlyStopping(patience: 9), ReduceOnPlateau(), CSVLogger("/dev/null")]
        + callbacks, resuming: state)
    return model
  }

  @Test(arguments: [1, 3, 5, 11])
  func trainingGoesOnFromTheFile(updates: Int) throws {
    let folder = try TemporaryFolder()
    let state = try Self.state(after: updates)
    try Checkpoint(state, settings: "a text, \"quoted\" é").write(to: folder["c.maru"])
    #expect(folder.contents == ["c.maru"])
    let read = try Checkpoint(contentsOf: folder["c.maru"])
    #expect(read.settings == "a text, \"quoted\" é")
    #expect(read.state.updates == updates && read.state.history == state.history)
    let whole = try Self.train()
    #expect(bits(try Self.train(resuming: read.state)) == bits(whole))
  }

  @Test func figuresThatAreNotFiniteAreKept() throws {
    let folder = try TemporaryFolder()
    var state = try Self.state()
    state.seconds = .infinity
    state.sums.loss = -.infinity
    state.memories[0].memory.numbers["best"] = .nan
    state.history = History(
      epochs: [EpochRecord(epoch: 1, values: [("loss", .nan), ("a", 0.1)], seconds: 1e-300)])
    try Checkpoint(state).write(to: folder["c"])
    let read = try Checkpoint(contentsOf: folder["c"]).state
    #expect(read.seconds == .infinity && read.sums.loss == -.infinity)
    #expect(read.memories[0].memory.numbers["best"]?.isNaN == true)
    #expect(read.history == state.history)
  }

  @Test(arguments: [
    ("runs/checkpoint.maru", "runs/checkpoint.previous.maru"), ("c.maru", "c.previous.maru"),
    ("/c", "/c.previous"), ("/a.b/c", "/a.b/c.previous"), ("x", "x.previous"),
    ("./a", "./a.previous"),
  ])
  func theOneBeforeLiesBeside(_ path: String, _ previous: String) {
    #expect(Checkpoint.previousPath(of: path) == previous)
  }

  @Test func theOneBeforeIsKept() throws {
    let folder = try TemporaryFolder()
    for updates in 1...3 {
      try Checkpoint(try Self.state(after: updates)).write(to: folder["c.maru"])
    }
    #expect(folder.contents == ["c.maru", "c.previous.maru"])
    #expect(try Checkpoint(contentsOf: folder["c.maru"]).state.updates == 3)
    #expect(try Checkpoint(contentsOf: folder["c.previous.maru"]).state.updates == 2)
  }

  /// Where the new file cannot be written, both stay.
  @Test func whatCannotBeWrittenReplacesNothing() throws {
    let folder = try TemporaryFolder()
    try Checkpoint(try Self.state(after: 1)).write(to: folder["c.maru"])
    try FileManager.default.createDirectory(
      atPath: folder["c.previous.maru/in the way"], withIntermediateDirectories: true)
    let error = #expect(throws: ModelFileError.self) {
      try Checkpoint(try Self.state(after: 2)).write(to: folder["c.maru"])
    }
    #expect(error?.kind == .inputOutput)
    #expect(try Checkpoint(contentsOf: folder["c.maru"]).state.updates == 1)
    #expect(folder.contents == ["c.maru", "c.previous.maru", "c.previous.maru/in the way"])
  }

  @Test func everyDamageIsFound() throws {
    let folder = try TemporaryFolder()
    let path = folder["c"]
    let whole = Array(Checkpoint(try Self.state()).contents)
    func expectRefusal(_ bytes: some Sequence<UInt8>, _ comment: Comment) throws {
      try folder.write(bytes, to: "c")
      let error = #expect(throws: ModelFileError.self, comment) {
        try Checkpoint(contentsOf: path)
      }
      #expect(error?.kind == .malformed, comment)
      #expect(error?.description.hasPrefix("\(path): not a whole checkpoint: ") == true, comment)
    }
    for count in 0..<whole.count { try expectRefusal(whole[..<count], "the first \(count) bytes") }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 1 << (place % 8)
      try expectRefusal(bytes, "a bit of byte \(place) is wrong")
    }
    try expectRefusal(whole + [0], "a byte too many")
    try expectRefusal(whole + section("order", []), "two sections of a name")
    try expectRefusal(whole + section("more", [1]), "an unknown section")
    try expectRefusal(whole + section("slot.2", [1, 2, 3]), "a slot of three bytes")
  }

  /// A length that no file has must not be allocated, nor overflow.
  @Test(arguments: [UInt64.max, UInt64(Int64.max), 1 << 40])
  func hugeLengthsAreRefused(_ length: UInt64) throws {
    let folder = try TemporaryFolder()
    var bytes = Array("maru checkpoint 1\n".utf8) + [UInt8](repeating: 255, count: 8)
    withUnsafeBytes(of: length.littleEndian) { bytes += $0 }
    try folder.write(bytes, to: "c")
    let error = #expect(throws: ModelFileError.self) { try Checkpoint(contentsOf: folder["c"]) }
    #expect(
      error?.description == "\(folder["c"]): not a whole checkpoint: it ends within a section")
  }

  @Test func aMissingFileIsSaidToBeMissing() throws {
    let error = #expect(throws: ModelFileError.self) { try Checkpoint(contentsOf: "/none/c") }
    #expect(error?.kind == .missing)
  }

  /// A section as the format has it, with a checksum that is right.
  private func section(_ name: String, _ body: [UInt8]) -> [UInt8] {
    var file = Data()
    CheckpointSections.append(name, Data(body), to: &file)
    return Array(file)
  }

  // MARK: The callback

  @Test func statesAreSavedEveryFewSteps() throws {
    let folder = try TemporaryFolder()
    let observer = FileObserver(folder["c"])
    // Twelve samples to train on make three steps an epoch.
    try Self.train(callbacks: [Checkpoints(folder["c"], every: .steps(5), settings: "s"), observer])
    #expect(observer.updates == [nil, nil, nil, nil, 5, 5, 5, 5, 5, 10, 10, 10])
    #expect(try Checkpoint(contentsOf: folder["c"]).settings == "s")
  }

  @Test func statesAreSavedEachEpoch() throws {
    let folder = try TemporaryFolder()
    let observer = FileObserver(folder["c"])
    try Self.train(callbacks: [Checkpoints(folder["c"], every: .epochs), observer])
    #expect(observer.updates == [nil, nil, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12])
    #expect(try Checkpoint(contentsOf: folder["c"]).state.epoch == 5)
  }

  @Test func lostWeightsAreNotSaved() throws {
    let folder = try TemporaryFolder()
    let checkpoints = Checkpoints(folder["c"], every: .steps(2))
    try Self.train(callbacks: [Poisoner(atUpdate: 7), checkpoints])
    // That of the rest in which they are lost is the last good one.
    #expect(try Checkpoint(contentsOf: folder["c"]).state.updates == 7)
  }
}

private func bits(_ model: Sequential) -> [UInt32] {
  model.weights.flatMap { $0.withUnsafeBufferPointer { $0.map(\.bitPattern) } }
}

private final class Pauser: Callback {
  private let updates: Int
  private(set) var state: TrainingState?

  init(_ updates: Int) { self.updates = updates }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    (progress.epoch - 1) * progress.steps + progress.step == updates ? .pause : .proceed
  }
  func trainingDidPause(_ state: TrainingState, model: Sequential) { self.state = state }
}

/// Notes after each step the updates of the state in a file; a rest comes after the step.
private final class FileObserver: Callback {
  private let path: String
  private(set) var updates: [Int?] = []

  init(_ path: String) { self.path = path }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    if !updates.isEmpty { updates[updates.count - 1] = updatesInFile }
    updates.append(nil)
    return .proceed
  }
  func trainingDidEnd(_ history: History, model: Sequential) {
    updates[updates.count - 1] = updatesInFile
  }
  private var updatesInFile: Int? { try? Checkpoint(contentsOf: path).state.updates }
}

/// Makes a weight infinite in a rest.
private final class Poisoner: Callback {
  private let update: Int
  private var count = 0

  init(atUpdate update: Int) { self.update = update }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    count += 1
    return count == update ? .pause : .proceed
  }
  func trainingDidPause(_ state: TrainingState, model: Sequential) {
    if state.updates == update { model.weights[0][0, 0] = .infinity }
  }
}
