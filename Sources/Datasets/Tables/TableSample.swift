import Tensors

/// The first rows of a text, divided by one separator.
struct TableSample {
  let separator: TableOptions.Separator
  let comment: UInt8?
  private(set) var rows: [[TableField]] = []
  /// What is wrong with the row behind the last one, if anything.
  private(set) var problem: TableProblem?
  let text: TableText

  private static let mostRows = 64
  /// In bytes; two rows are looked at in any case.
  private static let mostBytes = 1 << 18

  init(_ text: TableText, _ separator: TableOptions.Separator, comment: UInt8?) {
    (self.text, self.separator, self.comment) = (text, separator, comment)
    var collector = Collector(
      end: text.range.lowerBound + Self.mostBytes, mostRows: Self.mostRows,
      mostFields: max(1000, text.range.count / 10))
    var failure: TableProblem?
    text.bytes.withUnsafeBufferPointer { bytes in
      let scanner = RowScanner(
        numbers: FieldNumber(bytes: bytes.baseAddress!, decimal: UInt8(ascii: ".")),
        separator: separator.byte, comment: comment)
      do throws(TableProblem) {
        try scanner.scan(text.range, &collector)
      } catch { failure = error }
    }
    (rows, problem) = (collector.rows, failure)
  }

  private struct Collector: FieldVisitor {
    let end: Int
    let mostRows: Int
    let mostFields: Int
    var rows: [[TableField]] = []
    var row: [TableField] = []

    mutating func number(_ column: Int, _ field: TableField, _ number: DecimalNumber) {
      self.field(column, field)
    }

    mutating func field(_ column: Int, _ field: TableField) {
      if row.count <= mostFields { row.append(field) }
    }

    mutating func endRow(
      at start: Int, columns: Int, last: TableField
    ) throws(TableProblem) -> Bool {
      guard columns <= mostFields else {
        throw TableProblem(
          offset: start, expected: "at most \(mostFields) fields in a file of its size",
          found: "more")
      }
      rows.append(row)
      row = []
      return rows.count < 2 || rows.count < mostRows && last.end < end
    }
  }

  // MARK: Which separator

  /// How well a separator divides the rows, to be compared by its parts.
  struct Score: Comparable {
    let isEven: Bool
    let numbers: Int

    static func < (a: Score, b: Score) -> Bool {
      (a.isEven ? 1 : 0, a.numbers) < (b.isEven ? 1 : 0, b.numbers)
    }
  }

  /// The number of fields of most rows; of two that are as many, that of the first row.
  var width: Int {
    let counts = Dictionary(rows.map { ($0.count, 1) }, uniquingKeysWith: +)
    let first = rows.first?.count ?? 0
    let most = counts.values.max() ?? 0
    return counts[first] == most ? first : counts.filter { $0.value == most }.keys.max() ?? 0
  }

  /// Whether all rows have as many fields, two or more.
  var isOfOneWidth: Bool { problem == nil && width >= 2 && rows.allSatisfy { $0.count == width } }

  /// Nil where the rows are not divided.
  var score: Score? {
    let width = width
    guard width >= 2, problem == nil || rows.count > 2 else { return nil }
    let body = rows.count > 1 ? rows.dropFirst() : rows[...]
    let even = body.count { abs($0.count - width) <= ($0.last.map(isEmpty) == true ? 1 : 0) }
    let fields = body.prefix(16).flatMap { $0.prefix(1000) }
    let numbers = fields.count { number($0) }
    // In twentieths, so that a field or two among many do not decide.
    return Score(isEven: 10 * even >= 9 * body.count, numbers: 20 * numbers / max(1, fields.count))
  }

  func isEmpty(_ field: TableField) -> Bool { field.start == field.end && !field.isQuoted }

  /// Whether a field is a number with either decimal mark.
  func number(_ field: TableField) -> Bool {
    TableOptions.Decimal.allCases.contains { number(field, $0) != nil }
  }

  func number(_ field: TableField, _ decimal: TableOptions.Decimal) -> Float? {
    text.bytes.withUnsafeBufferPointer {
      FieldNumber(bytes: $0.baseAddress!, decimal: decimal.byte).value(field)
    }
  }

  func isMissing(_ field: TableField) -> Bool {
    text.bytes.withUnsafeBufferPointer {
      FieldKind.isMissing(UnsafeBufferPointer(rebasing: $0[field.start..<field.end]))
    }
  }

  // MARK: Which decimal mark

  /// A comma where some number has one that cannot stand between thousands, and none has a point; with
  /// semicolons between fields, also where it might.
  var decimal: TableOptions.Decimal {
    if separator == .comma { return .point }
    var (commas, thousands) = (0, 0)
    for field in rows.joined() {
      let bytes = text.bytes[field.start..<field.end]
      let hasComma = bytes.contains(UInt8(ascii: ","))
      if !hasComma {
        // A point that can only stand before decimals.
        if bytes.contains(UInt8(ascii: ".")), number(field, .point) != nil,
          number(field, .comma) == nil
        {
          return .point
        }
      } else if number(field, .comma) != nil {
        if number(field, .point) == nil { commas += 1 } else { thousands += 1 }
      }
    }
    return commas > 0 || separator == .semicolon && thousands > 0 ? .comma : .point
  }
}
