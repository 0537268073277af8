import Foundation
import Tensors

/// The text of a table as bytes in UTF-8, with eight line breaks behind the last, which are not counted,
/// so that whoever looks for the end of a field, eight bytes at once, need not look for the end of the
/// text too.
final class TableText: Sendable {
  let path: String
  let bytes: TextBytes
  /// Where rows go that are large for the memory; nil where memory holds them.
  let scratch: ScratchFolder?
  let memory: MemoryBudget
  /// Of the rows: without a byte order mark.
  let range: Range<Int>
  /// The CRC-32 of the file as it was read, to know it again.
  let checksum: UInt32
  private let linesBefore: Int
  /// How many line breaks stand behind the last byte.
  private static let breaks = 8

  /// Reads a file, plain or compressed by gzip, in UTF-8 or UTF-16; a large one in plain UTF-8 where it
  /// lies.
  convenience init(
    contentsOf path: String, memory: MemoryBudget = MemoryBudget(),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) {
    if memory.isLargeTable(path),
      let (bytes, checksum) = try? Self.inPlace(path),
      let scratch = try ScratchFolder.find(environment, for: path, memory)
    {
      self.init(
        bytes, path: path, checksum: checksum, scratch: scratch, memory: memory)
      return
    }
    let limit = Self.largest
    var bytes = try FileAccess.read(path, limit: limit, spare: Self.breaks)
    let checksum = CRC32.of(bytes)
    if Gzip.isArchive(bytes) {
      bytes = try Gzip.inflate(bytes, limit: limit, path: path, told: nil)
    }
    try self.init(bytes, path: path, checksum: checksum)
  }

  /// A text in plain UTF-8 where it lies, and its checksum; nil for others, which have to be converted.
  private static func inPlace(
    _ path: String
  ) throws(DatasetError) -> (bytes: TextBytes, checksum: UInt32)? {
    let file = try MappedFile(path)
    if Gzip.isArchive(file.bytes.prefix(2)) || isUTF16(Array(file.bytes.prefix(64))) != nil {
      return nil
    }
    return (try TextBytes(file, breaks: breaks), CRC32.of(file.bytes))
  }

  /// Throws where the file that is read where it lies is no longer what it was.
  func check() throws(DatasetError) { try bytes.check() }

  /// Takes a text that somebody has read; errors call it `path`.
  convenience init(
    _ bytes: consuming [UInt8], path: String, checksum: UInt32 = 0, linesBefore: Int = 0
  ) throws(DatasetError) {
    if let isBigEndian = Self.isUTF16(bytes) {
      bytes = try Self.inUTF8(bytes, isBigEndian: isBigEndian, path: path)
    }
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "\n"), count: Self.breaks))
    self.init(
      TextBytes(bytes), path: path, checksum: checksum, scratch: nil, memory: MemoryBudget(),
      linesBefore: linesBefore)
  }

  private init(
    _ bytes: TextBytes, path: String, checksum: UInt32, scratch: ScratchFolder?,
    memory: MemoryBudget, linesBefore: Int = 0
  ) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    range = (bytes.starts(with: mark) ? mark.count : 0)..<bytes.count - Self.breaks
    (self.path, self.bytes, self.checksum) = (path, bytes, checksum)
    (self.scratch, self.memory, self.linesBefore) = (scratch, memory, linesBefore)
  }

  /// In bytes: what the machine's memory has room for beside the values.
  private static let largest = Int(clamping: ProcessInfo.processInfo.physicalMemory / 2)

  /// Whether text in UTF-16 has the higher byte first; nil where it is no such text.
  private static func isUTF16(_ bytes: [UInt8]) -> Bool? {
    if bytes.starts(with: [0xFF, 0xFE]) { return false }
    if bytes.starts(with: [0xFE, 0xFF]) { return true }
    // Without a mark, each second byte of plain text is null.
    let start = bytes.prefix(64)
    guard start.count >= 4, start.count.isMultiple(of: 2) else { return nil }
    let zeros = [0, 1].map { parity in
      stride(from: parity, to: start.count, by: 2).count { start[$0] == 0 }
    }
    return switch (zeros[0], zeros[1]) {
    case (0, start.count / 2): false
    case (start.count / 2, 0): true
    default: nil
    }
  }

  private static func inUTF8(
    _ bytes: [UInt8], isBigEndian: Bool, path: String
  ) throws(DatasetError) -> [UInt8] {
    let units = stride(from: 0, to: bytes.count - 1, by: 2).map { place in
      let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    guard bytes.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self) else {
      throw .malformed(path, expected: "text in UTF-16, as its first bytes tell", found: "others")
    }
    return Array(text.utf8)
  }

  // MARK: What errors tell

  /// The number of the line that holds a byte, from 1.
  func line(at offset: Int) -> Int {
    var line = linesBefore + 1
    for index in range.lowerBound..<min(offset, range.upperBound) {
      let isPair = bytes[index] == UInt8(ascii: "\r") && bytes[index + 1] == UInt8(ascii: "\n")
      if (bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r")) && !isPair {
        line += 1
      }
    }
    return line
  }

  /// The characters of a field, without its quotes.
  func string(_ field: TableField) -> String {
    let text = String(decoding: bytes[field.start..<field.end], as: UTF8.self)
    return field.isQuoted ? text.replacing("\"\"", with: "\"") : text
  }

  /// The beginning of a field, as errors show it.
  func shown(_ field: TableField) -> String {
    "'\(String(string(field).prefix(40)))'"
  }

  func error(_ problem: TableProblem) -> DatasetError {
    DatasetError(
      .malformed, path: path,
      "line \(line(at: problem.offset)): expected \(problem.expected), found \(problem.found)")
  }
}

/// Where the characters of a field are: without blanks and quotes around them.
struct TableField: Sendable {
  let start: Int
  let end: Int
  var isQuoted = false
}

/// What is wrong with a text, and at which byte.
struct TableProblem: Error {
  let offset: Int
  let expected: String
  let found: String
}
