/// What wants to know of the fields of a table, row by row.
protocol FieldVisitor {
  /// A plain number.
  mutating func number(_ column: Int, _ field: TableField, _ number: DecimalNumber)
  /// Anything else.
  mutating func field(_ column: Int, _ field: TableField)
  /// The end of a row; says whether to go on.
  mutating func endRow(at start: Int, columns: Int, last: TableField) throws(TableProblem) -> Bool
  /// A row of separators alone, which is passed over as blank lines are.
  mutating func emptyRow()
}

extension FieldVisitor {
  mutating func emptyRow() {}
}

/// Goes through the rows of a text, field by field, and copies nothing (RFC 4180, and what people do
/// beside it).
///
/// Rows end with LF, CR LF or CR; rows without a character, comments, and rows of separators alone are
/// passed over. A field in quotes may hold separators, line breaks, and a quote doubled. Blanks around a
/// field are dropped.
struct RowScanner {
  let numbers: FieldNumber
  let separator: UInt8
  /// What lines begin with that are comments.
  let comment: UInt8?

  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let quote = UInt8(ascii: "\"")
  static let blank = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")

  private var bytes: UnsafePointer<UInt8> { numbers.bytes }
  /// Whether fields are separated by any number of blanks.
  private var isSeparatedByBlanks: Bool { separator == Self.blank }

  /// Calls `visitor` with the rows in a range of bytes, which begins and ends with a row; behind it
  /// stand eight bytes at least.
  ///
  /// As long as it may: the loop that goes over each byte of a file stays in one piece.
  @inline(never)
  func scan(_ range: Range<Int>, _ visitor: inout some FieldVisitor) throws(TableProblem) {
    var position = range.lowerBound
    while position < range.upperBound {
      let start = position
      position = skipped(position)
      if isBreak(bytes[position]) {
        position += 1
        continue
      }
      if bytes[position] == comment {
        while !isBreak(bytes[position]) { position += 1 }
        continue
      }
      if bytes[position] == separator, let end = endOfSeparators(position) {
        position = end
        visitor.emptyRow()
        continue
      }
      var column = 0
      var last = TableField(start: position, end: position)
      while true {
        var next: Int
        if let (number, end, behind) = numbers.plain(at: position),
          behind == separator || isBreak(behind)
        {
          (last, next) = (TableField(start: position, end: end), end)
          visitor.number(column, last, number)
        } else {
          (last, next) = try field(at: position, before: range.upperBound)
          visitor.field(column, last)
        }
        column += 1
        if isSeparatedByBlanks { next = skippedAll(next) }
        if isBreak(bytes[next]) {
          position = next + 1
          if bytes[next] == Self.carriageReturn && bytes[position] == Self.newline { position += 1 }
          break
        }
        position = isSeparatedByBlanks ? next : next + 1
      }
      guard try visitor.endRow(at: start, columns: column, last: last) else { return }
    }
  }

  /// Any field up to the separator or line break behind it, whose place is given beside.
  private func field(
    at position: Int, before end: Int
  ) throws(TableProblem) -> (TableField, next: Int) {
    let start = skipped(position)
    if bytes[start] == Self.quote { return try quoted(from: start + 1, before: end) }
    var next = start
    while !isEnd(bytes[next]) {
      guard bytes[next] != Self.quote else {
        throw TableProblem(
          offset: next, expected: "quotes around a whole field", found: "one within")
      }
      next += 1
    }
    var last = next
    while last > start && isBlank(bytes[last - 1]) { last -= 1 }
    return (TableField(start: start, end: last), next)
  }

  private func quoted(
    from start: Int, before end: Int
  ) throws(TableProblem) -> (TableField, next: Int) {
    var last = start
    while last < end {
      if bytes[last] == Self.quote {
        if bytes[last + 1] != Self.quote { break }
        last += 1
      }
      last += 1
    }
    guard last < end else {
      throw TableProblem(
        offset: start - 1, expected: "a closing quote", found: "the end of the file")
    }
    let next = skipped(last + 1)
    guard isEnd(bytes[next]) else {
      throw TableProblem(
        offset: last, expected: "a separator behind a closing quote", found: "something else")
    }
    return (TableField(start: start, end: last, isQuoted: true), next)
  }

  /// The place behind blanks that separate nothing.
  @inline(__always)
  private func skipped(_ position: Int) -> Int {
    var position = position
    while isBlank(bytes[position]) { position += 1 }
    return position
  }

  /// The line break behind separators and blanks; nil where anything else is between.
  @inline(never)
  private func endOfSeparators(_ start: Int) -> Int? {
    var position = start
    while bytes[position] == separator || isBlank(bytes[position]) { position += 1 }
    return isBreak(bytes[position]) ? position : nil
  }

  @inline(__always)
  private func skippedAll(_ position: Int) -> Int {
    var position = position
    while bytes[position] == Self.blank || bytes[position] == Self.tab { position += 1 }
    return position
  }

  @inline(__always)
  private func isBlank(_ byte: UInt8) -> Bool {
    byte == Self.blank || byte == Self.tab && separator != Self.tab
  }

  @inline(__always)
  private func isBreak(_ byte: UInt8) -> Bool {
    byte == Self.newline || byte == Self.carriageReturn
  }

  @inline(__always)
  private func isEnd(_ byte: UInt8) -> Bool {
    byte == separator || isBreak(byte) || isSeparatedByBlanks && byte == Self.tab
  }
}
