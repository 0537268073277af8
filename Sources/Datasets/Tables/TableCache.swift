import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The samples of a table that is large for the memory, in a file of the cache that they are gathered from.
///
/// The file is made once for a table's bytes and how they become samples, from which its name follows, and
/// takes its name when it is whole: the line `maru table 1`; eight bytes each of where a ``Record`` begins,
/// and of how long it is; samples, labels or numbers to predict of both parts, each from a whole page on;
/// the record, as JSON. Numbers are little-endian.
struct TableCache {
  private let text: TableText
  private let settings: TableSettings
  private let path: String

  private static let magic = Array("maru table 1\n\n\n\n".utf8)
  private static let page = 4096

  /// What is known of the samples.
  private struct Record: Codable {
    let preparation: Preparation
    let rows: Int
    let separator: TableOptions.Separator
    let hasHeader: Bool
    let ranges: [ClosedRange<Float>]
    let leftOut: [TableFindings.LeftOut]
    let lines, warnings: [String]
    let train, test: Part
  }

  private struct Part: Codable {
    let samples: Int
    /// Where the samples begin, and their labels or numbers to predict.
    let inputs, goals: Int
  }

  init(
    _ text: TableText, _ settings: TableSettings, in folder: ScratchFolder
  ) throws(DatasetError) {
    (self.text, self.settings) = (text, settings)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let json = try? encoder.encode(settings) else { fatalError("TableCache: no JSON") }
    var key = Array(json) + Array("\(text.checksum) \(text.bytes.count)".utf8)
    if let file = settings.testFile {
      let other = try MappedFile(file)
      key += Array(" \(CRC32.of(other.bytes)) \(other.bytes.count)".utf8)
      withExtendedLifetime(other) {}
    }
    path = DatasetFolder.join(folder.path, sha256(key[...]).prefix(32) + ".rows")
  }

  /// The data set, as the file has it, or as it is made now, and in the file from then on.
  func dataset() throws(DatasetError) -> Dataset {
    if let found = read("its rows are in \(path), where they were converted before") {
      return found
    }
    let made = try Dataset(of: Table(text, settings.options), settings)
    do throws(DatasetError) {
      try write(made)
    } catch {
      // What was converted is there, and goes with the process.
      return made.noting(
        "its rows are large for the memory, and have to be converted anew: \(error)")
    }
    guard let kept = read("its rows are large for the memory: converted once, to \(path)") else {
      throw DatasetError(.inputOutput, path: path, "is not what was written to it")
    }
    return kept
  }

  // MARK: Reading

  /// Nil where there is no whole file.
  private func read(_ note: String) -> Dataset? {
    guard let file = try? MappedFile(path), file.bytes.count > Self.page,
      file.bytes.starts(with: Self.magic)
    else { return nil }
    let place = (0...1).map {
      Int(
        clamping: file.bytes.loadUnaligned(
          fromByteOffset: Self.magic.count + 8 * $0, as: UInt64.self))
    }
    guard place[0] >= Self.page, place[0] <= file.bytes.count,
      place[1] == file.bytes.count - place[0],
      let record = try? JSONDecoder().decode(
        Record.self, from: Data(file.bytes[place[0]...])),
      let train = part(record.train, of: file, record.preparation, end: place[0]),
      let test = part(record.test, of: file, record.preparation, end: place[0])
    else { return nil }
    var findings = TableFindings()
    (findings.lines, findings.warnings) = (record.lines, record.warnings)
    (findings.rows, findings.separator) = (record.rows, record.separator)
    (findings.hasHeader, findings.ranges) = (record.hasHeader, record.ranges)
    findings.leftOut = record.leftOut
    (findings.label, findings.features) = (
      record.preparation.label, record.preparation.columns.map(\.name)
    )
    return Dataset(
      name: text.path, classNames: record.preparation.label.classes, train: train, test: test,
      preparation: record.preparation, findings: findings, notes: [note])
  }

  private func part(
    _ part: Part, of file: MappedFile, _ preparation: Preparation, end: Int
  ) -> LabelledImages? {
    let (inputs, outputs) = (preparation.inputs, preparation.label.targets.count)
    let format = preparation.isOfBytes ? NumberFormat.uint8 : .float32
    let range = 0...end
    guard 1...Int(Int32.max) ~= part.samples, inputs > 0, range ~= part.inputs,
      range ~= part.goals, range ~= part.inputs + part.samples * inputs * format.byteCount,
      range ~= part.goals + part.samples * outputs * 4
    else { return nil }
    let samples = FileSamples(
      file, offset: part.inputs, format, shape: [part.samples, inputs])
    let images = Images(
      samples, shape: [inputs], blockShuffle: text.memory.shuffle(of: samples))
    let goals = UnsafeRawBufferPointer(rebasing: file.bytes[part.goals...])
    if preparation.label.task == .regression {
      return LabelledImages(
        images: images,
        targets: Tensor(shape: [part.samples, outputs]) { targets in
          for index in targets.indices {
            targets[index] = goals.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
          }
        })
    }
    let labels = (0..<part.samples).map {
      Int(goals.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
    }
    guard labels.allSatisfy(preparation.label.classes.indices.contains) else { return nil }
    return LabelledImages(images: images, labels: labels)
  }

  // MARK: Writing

  private func write(_ dataset: Dataset) throws(DatasetError) {
    guard let preparation = dataset.preparation, let findings = dataset.findings else {
      fatalError("TableCache: expected a table")
    }
    let file = try CacheFile(path)
    try file.write(Self.magic)
    func add(_ part: LabelledImages) throws(DatasetError) -> Part {
      let inputs = file.startPage(Self.page)
      try part.images.forEachStretch { (bytes) throws(DatasetError) in try file.write(bytes) }
      let goals = file.startPage(Self.page)
      if let targets = part.targets {
        try targets.withUnsafeBufferPointer { (floats) throws(DatasetError) in
          try file.write(UnsafeRawBufferPointer(floats))
        }
      } else {
        try file.write(part.labels.map { Int32($0) })
      }
      return Part(samples: part.count, inputs: inputs, goals: goals)
    }
    let record = Record(
      preparation: preparation, rows: findings.rows, separator: findings.separator,
      hasHeader: findings.hasHeader, ranges: findings.ranges, leftOut: findings.leftOut,
      lines: findings.lines, warnings: findings.warnings,
      train: try add(dataset.train), test: try add(dataset.test))
    guard let json = try? JSONEncoder().encode(record) else { fatalError("TableCache: no JSON") }
    let place = [UInt64(file.startPage(Self.page)), UInt64(json.count)]
    try file.write(Array(json))
    try file.write(place, at: Self.magic.count)
    try text.check()
    try file.finish()
  }
}

/// A file of the cache that gets its name when it is whole, and goes where it does not become so.
private final class CacheFile {
  private let path, temporary: String
  private let file: Int32
  private var end = 0
  private var isWhole = false

  init(_ path: String) throws(DatasetError) {
    self.path = path
    Self.removeAbandoned(beside: path)
    while true {
      var name = Array((path + ".XXXXXX").utf8CString)
      let file = mkstemp(&name)
      let temporary = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard file >= 0 else {
        throw DatasetError(
          .inputOutput, path: path, "cannot be written: \(FileAccess.reason(errno))")
      }
      _ = fcntl(file, F_SETFD, FD_CLOEXEC)
      // Whoever finds it held knows that it is being written; until then, another process may have taken it
      // for abandoned.
      let isTaken = flock(file, LOCK_EX | LOCK_NB) != 0
      var status = stat()
      if !isTaken && fstat(file, &status) == 0 && status.st_nlink > 0 {
        (self.file, self.temporary) = (file, temporary)
        return
      }
      close(file)
    }
  }

  deinit {
    if !isWhole { unlink(temporary) }
    close(file)
  }

  /// Removes what a process left that was ended while it wrote.
  private static func removeAbandoned(beside path: String) {
    let folder = folder(of: path)
    for name in PictureFolder.entries(of: folder) where name.contains(".rows.") {
      let other = DatasetFolder.join(folder, name)
      let file = open(other, O_RDONLY | O_CLOEXEC)
      if file < 0 { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink(other) }
      close(file)
    }
  }

  private static func folder(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  private func failure(_ code: Int32) -> DatasetError {
    DatasetError(.inputOutput, path: path, "cannot be written: \(FileAccess.reason(code))")
  }

  /// Goes to the next whole page, and tells where that is.
  func startPage(_ size: Int) -> Int {
    end = (end + size - 1) / size * size
    return end
  }

  func write(_ elements: [some BitwiseCopyable]) throws(DatasetError) {
    try elements.withUnsafeBufferPointer { (elements) throws(DatasetError) in
      try write(UnsafeRawBufferPointer(elements))
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(DatasetError) {
    try write(bytes, at: end)
    end += bytes.count
  }

  func write(_ elements: [some BitwiseCopyable], at place: Int) throws(DatasetError) {
    try elements.withUnsafeBufferPointer { (elements) throws(DatasetError) in
      try write(UnsafeRawBufferPointer(elements), at: place)
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(DatasetError) {
    var written = 0
    while written < bytes.count {
      let count = pwrite(
        file, bytes.baseAddress! + written, bytes.count - written, off_t(place + written))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(errno) }
      written += count
    }
  }

  /// Gives the file its name, once the disk has all of it.
  func finish() throws(DatasetError) {
    guard fsync(file) == 0, rename(temporary, path) == 0 else { throw failure(errno) }
    isWhole = true
    let folder = open(Self.folder(of: path), O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }
}
