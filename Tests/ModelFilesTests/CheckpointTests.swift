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

  @Test func howSamplesAreMixedIsKept() throws {
    let folder = try TemporaryFolder()
    var state = try Self.state()
    state.blockShuffle = BlockShuffle(samples: 3, mixed: 2)
    try Checkpoint(state).write(to: folder["c"])
    #expect(try Checkpoint(contentsOf: folder["c"]).state.blockShuffle == state.blockShuffle)
    for text in [#"{"samples": 0, "mixed": 2}"#, #"{"samples": 3, "mixed": 4294967296}"#] {
      state.blockShuffle = try JSONDecoder().decode(BlockShuffle.self, from: Data(text.utf8))
      try Checkpoint(state).write(to: folder["c"])
      let error = #expect(throws: ModelFileError.self) { try Checkpoint(contentsOf: folder["c"]) }
      #expect(error?.kind == .malformed)
    }
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
    func expectProblem(_ bytes: some Sequence<UInt8>, _ comment: Comment) throws {
      try folder.write(bytes, to: "c")
      let error = expectRefusal(of: path, by: ModelFileError.self, comment) {
        try Checkpoint(contentsOf: path)
      }
      #expect(error?.kind == .malformed, comment)
      #expect(error?.description.hasPrefix("\(path): not a whole checkpoint: ") == true, comment)
    }
    for count in 0..<whole.count { try expectProblem(whole[..<count], "the first \(count) bytes") }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 1 << (place % 8)
      try expectProblem(bytes, "a bit of byte \(place) is wrong")
    }
    try expectProblem(whole + [0], "a byte too many")
    try expectProblem(whole + section("order", []), "two sections of a name")
    try expectProblem(whole + section("more", [1]), "an unknown section")
    try expectProblem(whole + section("slot.2", [1, 2, 3]), "a slot of three bytes")
  }

  /// A length that no file has must not be allocated, nor overflow.
  @Test(arguments: [UInt64.max, UInt64(Int64.max), 1 << 40])
  func hugeLengthsAreRefused(_ length: UInt64) throws {
    let folder = try TemporaryFolder()
    var bytes = Array("maru checkpoint 1\n".utf8) + [UInt8](repeating: 255, count: 8)
    withUnsafeBytes(of: length.littleEndian) { bytes += $0 }
    try folder.write(bytes, to: "c")
    let error = expectRefusal(of: folder["c"], by: ModelFileError.self) {
      try Checkpoint(contentsOf: folder["c"])
    }
    #expect(
      error?.description == "\(folder["c"]): not a whole checkpoint: it ends within a section")
  }

  /// Sections whose checksums are right and whose contents are not, some of them large.
  @Test func wrongSectionsAreRefused() throws {
    let folder = try TemporaryFolder()
    let whole = Array(Checkpoint(try Self.state()).contents)
    let numbers = "[" + String(repeating: "1,", count: 500_000) + "1]"
    let figures = String(repeating: "[1],", count: 100_000)
    let cases: [(section: String, contents: String, problem: String)] = [
      ("run", "", "run is not what it should be"),
      ("run", "{}", "run is not what it should be"),
      ("run", numbers, "run is not what it should be"),
      ("run", String(repeating: "[", count: 1 << 20), "run is not what it should be"),
      (
        "run", #"{"epoch":""# + String(repeating: "1", count: 1 << 20),
        "run is not what it should be"
      ),
      ("history", numbers, "history is not what it should be"),
      (
        "history", #"{"names":[],"seconds":[1],"values":[\#(figures)[1]]}"#,
        "the history has figures without a name or an epoch"
      ),
      (
        "history", #"{"names":[],"seconds":\#(numbers),"values":[]}"#,
        "the history has figures without a name or an epoch"
      ),
      ("order", "a", "1 bytes where numbers of 4 were expected"),
      (
        "parameters", String(repeating: "a", count: 1 << 20 + 1),
        "1048577 bytes where numbers of 4 were expected"
      ),
      ("memory.0", String(repeating: "a", count: 1 << 20), "memory.0 has no shape"),
    ]
    for (name, contents, problem) in cases {
      let bytes = replacing(name, by: contents, in: whole)
      try expectProblem(bytes, to: folder, problem, "\(name), \(contents.utf8.count) bytes")
    }
    let many = (0..<20_000).flatMap { section("\($0)", []) }
    try expectProblem(whole + many, to: folder, "an unknown section 0", "20,000 sections")
    let slots = (2..<5_000).flatMap { section("slot.\($0)", [0, 0, 0, 0]) }
    try expectProblem(
      whole + slots + section("x", []), to: folder, "an unknown section x", "5,000 slots")
  }

  private func expectProblem(
    _ bytes: [UInt8], to folder: TemporaryFolder, _ problem: String, _ comment: Comment
  ) throws {
    let path = try folder.write(bytes, to: "c")
    let error = expectRefusal(
      of: path, bytesForOne: RefusalBounds.bytesForOneOfJSON, by: ModelFileError.self, comment
    ) {
      try Checkpoint(contentsOf: path)
    }
    #expect(error?.kind == .malformed, comment)
    #expect(
      error?.description.hasPrefix("\(path): not a whole checkpoint: \(problem)") == true, comment)
  }

  /// The file with other contents in a section.
  private func replacing(_ name: String, by contents: String, in file: [UInt8]) -> [UInt8] {
    let magic = file.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    var (result, rest) = (Array(file[..<magic]), file[magic...])
    while !rest.isEmpty {
      let number = { (start: Int, count: Int) in
        rest.dropFirst(start).prefix(count).reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      let (nameCount, count) = (number(0, 4), number(8, 8))
      let isNamed = rest.dropFirst(16).prefix(nameCount).elementsEqual(name.utf8)
      let end = 16 + nameCount + count
      result += isNamed ? section(name, Array(contents.utf8)) : Array(rest.prefix(end))
      rest = rest.dropFirst(end)
    }
    return result
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
    // Twelve samples to train on make three steps per epoch.
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
