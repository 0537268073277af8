/// The rows of a CSV file (RFC 4180), one at a time.
///
/// Fields are separated by commas, rows by LF, CR LF or CR; a field in quotes may hold all of them,
/// and a quote doubled. Blanks around a field without quotes, and a byte order mark before the first,
/// are dropped. The last row may end without a line break.
struct CSVRows {
  private let bytes: [UInt8]
  private let path: String
  private let mostFields: Int
  /// Where the first null byte is, which ends a text to C, or where the text ends.
  private let firstNull: Int
  private var position: Int
  private var lineAtPosition = 1
  /// The line at which the row read last begins, counted from 1.
  private(set) var line = 0

  /// Starts at the first row of a text in UTF-8; errors call it `path`. A row of more than
  /// `mostFields` is refused, since each takes memory even where it is empty.
  init(_ bytes: [UInt8], path: String, mostFields: Int) throws(DatasetError) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .malformed(path, expected: "text in UTF-8", found: "other bytes")
    }
    (self.bytes, self.path, self.mostFields) = (bytes, path, mostFields)
    firstNull = bytes.firstIndex(of: 0) ?? bytes.count
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// An error about the row read last.
  func malformed(expected: String, found: String) -> DatasetError {
    DatasetError(.malformed, path: path, "line \(line): expected \(expected), found \(found)")
  }

  /// Reads the next row, each field's bytes without its quotes; nil at the end of the text.
  mutating func next() throws(DatasetError) -> [ArraySlice<UInt8>]? {
    guard position < bytes.count else { return nil }
    line = lineAtPosition
    var fields: [ArraySlice<UInt8>] = []
    while true {
      guard fields.count < mostFields else {
        throw malformed(
          expected: "at most \(mostFields) fields in a file of its size", found: "more")
      }
      fields.append(try field())
      guard position <= firstNull else {
        throw malformed(expected: "text in column \(fields.count)", found: "a null byte")
      }
      guard position < bytes.count else { return fields }
      let separator = bytes[position]
      position += 1
      if separator != UInt8(ascii: ",") {
        let isPair = separator == UInt8(ascii: "\r") && position < bytes.count
        if isPair, bytes[position] == UInt8(ascii: "\n") { position += 1 }
        lineAtPosition += 1
        return fields
      }
    }
  }

  /// Reads a field up to the comma, the line break or the end behind it.
  private mutating func field() throws(DatasetError) -> ArraySlice<UInt8> {
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quoted() }
    let start = position
    while position < bytes.count, !isEnd(bytes[position]) {
      guard bytes[position] != UInt8(ascii: "\"") else {
        throw malformed(expected: "quotes around a whole field", found: "one within")
      }
      position += 1
    }
    var field = bytes[start..<position]
    while let last = field.last, isBlank(last) { field.removeLast() }
    return field.drop(while: isBlank)
  }

  private mutating func quoted() throws(DatasetError) -> ArraySlice<UInt8> {
    var field: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { lineAtPosition += 1 }
      guard byte == UInt8(ascii: "\"") else {
        field.append(byte)
        continue
      }
      if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
        field.append(byte)
        position += 1
        continue
      }
      guard position == bytes.count || isEnd(bytes[position]) else {
        throw malformed(expected: "a comma behind a closing quote", found: "something else")
      }
      return field[...]
    }
    throw malformed(expected: "a closing quote", found: "the end of the file")
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
