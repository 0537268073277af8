/// The header of a safetensors file, as its JSON says it.
///
/// Read by a parser of its own that knows this one grammar: Foundation's reads `1.5` and `true` as
/// integers where they are asked for, keeps one of two equal keys, and builds trees of whatever
/// nonsense a file of 100 MB can hold, where this one stops at the first wrong byte.
struct SafetensorsHeader {
  /// One tensor's entry.
  struct Entry {
    let name: String
    let type: String
    let shape: [Int]
    let start, end: Int
  }

  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]

  /// What is wrong with a header, and where.
  struct Problem: Error {
    let reason: String
  }

  /// Reads the whole text, which must begin with `{`, and may end in blanks.
  ///
  /// Keys that are the same text to Unicode, byte for byte or not, are the same key.
  init(_ text: String) throws(Problem) {
    var parser = HeaderParser(text)
    guard parser.next == UInt8(ascii: "{") else {
      throw Problem(reason: "the header does not begin with {")
    }
    var (metadata, entries, names) = ([String: String](), [Entry](), Set<String>())
    var hasMetadata = false
    try parser.object { (parser, name) throws(Problem) in
      if name == "__metadata__" {
        guard !hasMetadata else { throw Self.twice(name) }
        hasMetadata = true
        try parser.object { (parser, key) throws(Problem) in
          guard metadata.updateValue(try parser.string(), forKey: key) == nil else {
            throw Self.twice(key)
          }
        }
      } else {
        guard names.insert(name).inserted else { throw Self.twice(name) }
        entries.append(try Self.entry(name, &parser))
      }
    }
    try parser.end()
    (self.metadata, self.entries) = (metadata, entries)
  }

  private static func twice(_ key: String) -> Problem {
    Problem(reason: "the key \(key) occurs twice")
  }

  private static func entry(
    _ name: String, _ parser: inout HeaderParser
  ) throws(Problem) -> Entry {
    var type: String?
    var (shape, offsets): ([Int]?, [Int]?)
    try parser.object { (parser, key) throws(Problem) in
      switch key {
      case "dtype" where type == nil: type = try parser.string()
      case "shape" where shape == nil: shape = try parser.integers()
      case "data_offsets" where offsets == nil: offsets = try parser.integers()
      case "dtype", "shape", "data_offsets": throw twice(key)
      default: throw Problem(reason: "\(name) has a field \(key), which the format does not know")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw Problem(reason: "\(name) lacks dtype, shape or data_offsets")
    }
    return Entry(name: name, type: type, shape: shape, start: offsets[0], end: offsets[1])
  }
}

/// A cursor over the few forms of JSON that a header consists of.
private struct HeaderParser {
  typealias Problem = SafetensorsHeader.Problem

  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The byte at the cursor, or nil at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func problem(_ expected: String) -> Problem {
    let found = next.map { "'\(Unicode.Scalar($0).escaped(asASCII: true))'" } ?? "the end"
    return Problem(reason: "header byte \(position): expected \(expected), found \(found)")
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      position += 1
    }
  }

  /// Takes a character if it is the next after blanks.
  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) throws(Problem) {
    guard takes(character) else { throw problem("'\(character)'") }
  }

  mutating func end() throws(Problem) {
    skipBlanks()
    guard next == nil else { throw problem("the end") }
  }

  /// Reads an object; `value` reads what belongs to a key, and sees to it that none occurs twice.
  mutating func object(
    _ value: (inout HeaderParser, _ key: String) throws(Problem) -> Void
  ) throws(Problem) {
    try take("{")
    if takes("}") { return }
    repeat {
      let key = try string()
      try take(":")
      try value(&self, key)
    } while takes(",")
    try take("}")
  }

  /// Reads an array of integers from 0, each below 2⁶³.
  mutating func integers() throws(Problem) -> [Int] {
    try take("[")
    if takes("]") { return [] }
    var numbers: [Int] = []
    repeat { numbers.append(try integer()) } while takes(",")
    try take("]")
    return numbers
  }

  private mutating func integer() throws(Problem) -> Int {
    skipBlanks()
    let start = position
    var (number, overflows) = (0, false)
    while let byte = next, 0x30...0x39 ~= byte {
      let (tens, first) = number.multipliedReportingOverflow(by: 10)
      let (sum, second) = tens.addingReportingOverflow(Int(byte) - 0x30)
      (number, overflows) = (sum, overflows || first || second)
      position += 1
    }
    let count = position - start
    // What comes behind, as in 1.5 or 1e3, is no comma and no bracket, and ends the array wrongly.
    guard count > 0, !overflows, count == 1 || bytes[start] != UInt8(ascii: "0") else {
      position = start
      throw problem("an integer from 0 below 2⁶³")
    }
    return number
  }

  /// Reads a string, its escapes resolved.
  mutating func string() throws(Problem) -> String {
    try take("\"")
    var text = ""
    while true {
      let start = position
      while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        position += 1
      }
      text += String(decoding: bytes[start..<position], as: UTF8.self)
      guard let byte = next, byte >= 0x20 else { throw problem("a string") }
      position += 1
      if byte == UInt8(ascii: "\"") { return text }
      text.unicodeScalars.append(try escaped())
    }
  }

  private mutating func escaped() throws(Problem) -> Unicode.Scalar {
    guard let byte = next else { throw problem("an escape") }
    position += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": return Unicode.Scalar(byte)
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u": return try unicode()
    default:
      position -= 1
      throw problem("an escape")
    }
  }

  /// Reads what stands behind `\u`: a scalar, or the two halves of one.
  private mutating func unicode() throws(Problem) -> Unicode.Scalar {
    let unit = try fourDigits()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00, bytes[position...].starts(with: [0x5C, 0x75]) else {
      throw problem("the second half of a surrogate pair")
    }
    position += 2
    let low = try fourDigits()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw problem("the second half of a surrogate pair") }
    return scalar
  }

  private mutating func fourDigits() throws(Problem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw problem("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
