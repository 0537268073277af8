import Tensors

/// The header of a NumPy file: a Python dictionary of three entries as text, such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
///
/// A parser of its own takes what Python would call the same dictionary of a text, a truth and a
/// tuple of integers, and nothing else: no other literal, and certainly no expression.
struct NumPyHeader {
  /// The type of the elements as NumPy writes it: byte order, kind and size, as `<f4`.
  let type: String
  let isFortranOrder: Bool
  let sizes: [Int]

  /// What is wrong with a header.
  struct Problem: Error {
    let expected: String
    let found: String
  }

  /// Reads the text, which may end in blanks.
  init(_ text: ArraySlice<UInt8>) throws(Problem) {
    var parser = NumPyHeaderParser(text)
    var type: String?
    var isFortranOrder: Bool?
    var sizes: [Int]?
    try parser.take("{")
    while !parser.takes("}") {
      let key = try parser.string()
      try parser.take(":")
      switch key {
      case "descr" where type == nil: type = try parser.string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try parser.truth()
      case "shape" where sizes == nil: sizes = try parser.tuple()
      default:
        throw Problem(
          expected: "descr, fortran_order and shape, once each", found: "the key '\(key)'")
      }
      if !parser.takes(",") {
        try parser.take("}")
        break
      }
    }
    try parser.end()
    guard let type, let isFortranOrder, let sizes else {
      throw Problem(expected: "descr, fortran_order and shape", found: "not all of them")
    }
    (self.type, self.isFortranOrder, self.sizes) = (type, isFortranOrder, sizes)
  }
}

/// A cursor over the few Python literals that a header consists of.
private struct NumPyHeaderParser {
  typealias Problem = NumPyHeader.Problem

  private var rest: ArraySlice<UInt8>

  init(_ text: ArraySlice<UInt8>) { rest = text }

  private func problem(_ expected: String) -> Problem {
    let found = rest.first.map { "'\(Unicode.Scalar($0).escaped(asASCII: true))'" } ?? "its end"
    return Problem(expected: "\(expected) in the header", found: found)
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == 0x20 || 0x09...0x0D ~= $0 } }

  /// Takes a character if it is the next after blanks.
  mutating func takes(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func take(_ character: Unicode.Scalar) throws(Problem) {
    guard takes(character) else { throw problem("'\(character)'") }
  }

  mutating func end() throws(Problem) {
    skipBlanks()
    guard rest.isEmpty else { throw problem("its end") }
  }

  /// Reads a text in quotes of either kind; one with an escape has no meaning here.
  mutating func string() throws(Problem) -> String {
    let quote: Unicode.Scalar = takes("\"") ? "\"" : "'"
    if quote == "'" { guard takes("'") else { throw problem("a text in quotes") } }
    let text = rest.prefix { $0 != UInt8(ascii: quote) && 0x20...0x7E ~= $0 && $0 != 0x5C }
    rest = rest.dropFirst(text.count)
    guard rest.first == UInt8(ascii: quote) else { throw problem("a quote") }
    rest.removeFirst()
    return String(decoding: text, as: UTF8.self)
  }

  mutating func truth() throws(Problem) -> Bool {
    skipBlanks()
    for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
      rest = rest.dropFirst(word.utf8.count)
      return value
    }
    throw problem("True or False")
  }

  /// Reads integers from 0 in parentheses; one alone is followed by a comma.
  mutating func tuple() throws(Problem) -> [Int] {
    try take("(")
    var numbers: [Int] = []
    while !takes(")") {
      let digits = rest.prefix { 0x30...0x39 ~= $0 }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
        throw problem("an integer from 0 below 2⁶³")
      }
      rest = rest.dropFirst(digits.count)
      // Python 2 marked its long integers.
      _ = takes("L")
      numbers.append(number)
      if takes(",") { continue }
      guard numbers.count > 1 else { throw problem("','") }
      try take(")")
      break
    }
    return numbers
  }
}
