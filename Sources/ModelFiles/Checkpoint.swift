import Foundation
import Training

/// The state of an interrupted training in one file, from which it goes on to the same bytes.
///
/// The file is the line `maru checkpoint 1`, then sections, each with a checksum: eight bytes of the
/// length of its name and the CRC-32 of name and contents, eight of the length of its contents, its
/// name, its contents; all numbers are little-endian. `run` and `history` are JSON; `settings` is a
/// text; `parameters`, `slot.0`…, `untrained`, `notes.0`… (of the metrics) and `memory.0`… are Float,
/// `order` is Int32. Files of earlier versions have no `untrained`, and of each metric only the sum of
/// one note per sample.
public struct Checkpoint: Sendable {
  /// Where training was.
  public let state: TrainingState
  /// What else the program that saved it needs to go on, in a form of its own.
  public let settings: String

  /// Prepares a state to be written.
  public init(_ state: TrainingState, settings: String = "") {
    self.state = state
    self.settings = settings
  }

  /// Writes the file, by a temporary one beside it, flushed and renamed.
  ///
  /// The one that was at `path` before is kept as ``previousPath(of:)``. Whenever the process or the
  /// machine stops, one of the two is whole. Throws where the system refuses; both stay then.
  public func write(to path: String) throws(ModelFileError) {
    try AtomicFile.write(contents, to: path, keepingPreviousAt: Self.previousPath(of: path))
  }

  /// Where the checkpoint before the one at `path` is kept: `checkpoint.previous.maru` beside
  /// `checkpoint.maru`.
  public static func previousPath(of path: String) -> String {
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    let end = name.lastIndex(of: ".") ?? path.endIndex
    return path[..<end] + ".previous" + path[end...]
  }

  /// The contents of the file.
  package var contents: Data {
    var file = Data(CheckpointSections.magic)
    func add(_ name: String, _ contents: Data) {
      CheckpointSections.append(name, contents, to: &file)
    }
    add("settings", Data(settings.utf8))
    add("run", CheckpointRecord(state).encoded)
    add("history", HistoryRecord(state.history).encoded)
    add("order", state.order.withUnsafeBytes { Data($0) })
    add("parameters", Data(state.parameters))
    for (index, slot) in state.slots.enumerated() { add("slot.\(index)", Data(slot)) }
    if let untrained = state.untrained { add("untrained", Data(untrained)) }
    for (index, notes) in state.notes.enumerated() { add("notes.\(index)", Data(notes)) }
    for (index, tensor) in state.memories.flatMap(\.memory.tensors).enumerated() {
      add("memory.\(index)", tensor.withUnsafeBufferPointer { Data(buffer: $0) })
    }
    return file
  }
}

extension Checkpoint {
  /// Reads a file.
  ///
  /// Throws where there is none, and where any of its bytes are not what was written.
  public init(contentsOf path: String) throws(ModelFileError) {
    let file = try WholeFile.read(path, expected: "a checkpoint")
    do throws(CheckpointSections.Problem) {
      self = try Self(CheckpointSections(file))
    } catch {
      throw ModelFileError(.malformed, path: path, "not a whole checkpoint: \(error.reason)")
    }
  }

  private init(_ given: CheckpointSections) throws(CheckpointSections.Problem) {
    var sections = given
    settings = String(decoding: try sections.take("settings"), as: UTF8.self)
    let record = try CheckpointRecord(decoding: try sections.take("run"))
    let history = try HistoryRecord(decoding: try sections.take("history"))
    let order: [Int32] = try sections.take("order").numbers()
    let parameters = AlignedBuffer(try sections.take("parameters").numbers())
    let slots = try sections.takeBuffers("slot")
    let untrained: AlignedBuffer? =
      sections.contains("untrained")
      ? AlignedBuffer(try sections.take("untrained").numbers()) : nil
    let notes =
      if let sums = record.metricSums {
        try record.notes(sums: sums, mostSamples: order.count)
      } else {
        try sections.takeBuffers("notes")
      }
    var memories: [(callback: String, memory: CallbackMemory)] = []
    var count = 0
    for memory in record.memories {
      var tensors: [Tensor] = []
      for sizes in memory.shapes {
        let floats: [Float] = try sections.take("memory.\(count)").numbers()
        guard sizes.elementCount(of: MemoryLayout<Float>.stride) == floats.count else {
          throw CheckpointSections.Problem("memory.\(count) has no shape \(sizes)")
        }
        tensors.append(Tensor(floats, shape: Shape(sizes)))
        count += 1
      }
      memories.append(
        (memory.callback, CallbackMemory(numbers: memory.numbers, tensors: tensors)))
    }
    if let name = sections.names.first {
      throw CheckpointSections.Problem("an unknown section \(name)")
    }
    state = TrainingState(
      epoch: record.epoch, step: record.step, updates: record.updates,
      history: try history.history, identity: record.identity, parameters: parameters, slots: slots,
      untrained: untrained, parts: record.parts,
      rateFactor: record.rateFactor, shuffling: RandomGenerator(state: record.shuffling),
      order: order, blockShuffle: record.blockShuffle,
      sums: EpochSums(samples: record.samples, loss: record.lossSum), notes: notes,
      seconds: record.seconds, memories: memories)
  }
}

/// The numbers of a state as they are stored.
private struct CheckpointRecord: Codable {
  let epoch, step, updates: Int
  let parts: Int?
  let seconds: Double
  let rateFactor: Float
  let shuffling: [UInt64]
  /// Nil where an epoch mixes all samples.
  let blockShuffle: BlockShuffle?
  let samples: Int
  let lossSum: Double
  /// Of each metric the sum of its notes, in files of earlier versions; nil in those of this one.
  let metricSums: [Double]?
  let identity: RunIdentity
  let memories: [MemoryRecord]

  /// More than any machine has processors.
  static let mostParts = 1 << 16
  /// More than anybody asked for metrics.
  static let mostSums = 64

  struct MemoryRecord: Codable {
    let callback: String
    let numbers: [String: Double]
    /// Those of its tensors, which are sections of their own.
    let shapes: [[Int]]
  }

  init(_ state: TrainingState) {
    (epoch, step, updates) = (state.epoch, state.step, state.updates)
    parts = state.parts
    (seconds, rateFactor) = (state.seconds, state.rateFactor)
    (shuffling, blockShuffle) = (state.shuffling.state, state.blockShuffle)
    (samples, lossSum, metricSums) = (state.sums.samples, state.sums.loss, nil)
    identity = state.identity
    memories = state.memories.map { callback, memory in
      MemoryRecord(
        callback: callback, numbers: memory.numbers, shapes: memory.tensors.map(\.shape.sizes))
    }
  }

  init(decoding data: Data) throws(CheckpointSections.Problem) {
    self = try CheckpointJSON.decode(data, "run")
    guard epoch >= 1, step >= 0, updates >= 0, 1...CheckpointRecord.mostParts ~= parts ?? 1,
      samples >= 0, blockShuffle?.isValid ?? true, shuffling.count == 4,
      shuffling.contains(where: { $0 != 0 })
    else { throw CheckpointSections.Problem("the run's numbers are not those of a training") }
  }

  var encoded: Data { CheckpointJSON.encode(self) }

  /// Notes that have the sums of an earlier version: each sample's was from 0 to 1, and which sample
  /// had which is not known.
  func notes(
    sums: [Double], mostSamples: Int
  ) throws(CheckpointSections.Problem) -> [AlignedBuffer] {
    guard samples <= mostSamples, sums.count <= Self.mostSums,
      sums.allSatisfy({ 0...Double(samples) ~= $0 })
    else {
      throw CheckpointSections.Problem("the sums of the metrics are not those of its samples")
    }
    return sums.map { sum in
      AlignedBuffer((0..<samples).map { Float(min(max(sum - Double($0), 0), 1)) })
    }
  }
}

/// The epochs of a history as they are stored.
private struct HistoryRecord: Codable {
  let names: [String]
  /// By epoch, the figures by name.
  let values: [[Double]]
  let seconds: [Double]

  init(_ history: History) {
    names = history.names
    values = history.epochs.map { $0.values.map(\.value) }
    seconds = history.seconds
  }

  init(decoding data: Data) throws(CheckpointSections.Problem) {
    self = try CheckpointJSON.decode(data, "history")
  }

  var encoded: Data { CheckpointJSON.encode(self) }

  var history: History {
    get throws(CheckpointSections.Problem) {
      guard values.count == seconds.count, values.allSatisfy({ $0.count == names.count }) else {
        throw CheckpointSections.Problem("the history has figures without a name or an epoch")
      }
      return History(
        epochs: values.indices.map { index in
          EpochRecord(
            epoch: index + 1, values: zip(names, values[index]).map { (name: $0, value: $1) },
            seconds: seconds[index])
        })
    }
  }
}

/// JSON in which numbers that are not finite are texts.
private enum CheckpointJSON {
  static func encode(_ value: some Encodable) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return try encoder.encode(value) } catch { fatalError("Checkpoint: \(error)") }
  }

  static func decode<Value: Decodable>(
    _ data: Data, _ name: String
  ) throws(CheckpointSections.Problem) -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return try decoder.decode(Value.self, from: data) } catch {
      throw CheckpointSections.Problem("\(name) is not what it should be")
    }
  }
}

extension Data {
  fileprivate init(_ buffer: AlignedBuffer) {
    self.init(buffer: UnsafeBufferPointer(start: buffer.floats, count: buffer.count))
  }

  /// The contents as numbers of four bytes.
  fileprivate func numbers<Number: BitwiseCopyable>()
    throws(CheckpointSections.Problem) -> [Number]
  {
    let size = MemoryLayout<Number>.stride
    guard count.isMultiple(of: size) else {
      throw CheckpointSections.Problem("\(count) bytes where numbers of \(size) were expected")
    }
    return withUnsafeBytes { bytes in
      (0..<count / size).map { bytes.loadUnaligned(fromByteOffset: $0 * size, as: Number.self) }
    }
  }
}

extension CheckpointSections {
  /// Takes out the sections `name.0`, `name.1`… of floats.
  fileprivate mutating func takeBuffers(_ name: String) throws(Problem) -> [AlignedBuffer] {
    var buffers: [AlignedBuffer] = []
    while contains("\(name).\(buffers.count)") {
      buffers.append(AlignedBuffer(try take("\(name).\(buffers.count)").numbers()))
    }
    return buffers
  }
}

extension AlignedBuffer {
  fileprivate convenience init(_ numbers: [Float]) {
    self.init(uninitialized: numbers.count)
    floats.update(from: numbers, count: numbers.count)
  }
}
