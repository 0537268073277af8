import BLAS

/// What the fields of a column are, counted over all rows.
struct ColumnSurvey: Sendable {
  /// Numbers that are not whole ones from 0 to 255; those are what is left of the rows.
  var otherNumbers = 0
  var missing = 0
  var booleans = 0
  var dates = 0
  var texts = 0
  /// The first field that is no number and is not missing, and the first that is missing.
  var firstText: TableField?
  var firstMissing: TableField?
  /// The first number with marks between thousands.
  var firstGrouped: TableField?

  mutating func add(_ other: ColumnSurvey) {
    otherNumbers += other.otherNumbers
    missing += other.missing
    booleans += other.booleans
    dates += other.dates
    texts += other.texts
    firstText = firstText ?? other.firstText
    firstMissing = firstMissing ?? other.firstMissing
    firstGrouped = firstGrouped ?? other.firstGrouped
  }
}

/// Counts what the fields of some rows are, and refuses rows that have not as many as there are columns.
struct TableSurvey: FieldVisitor, Sendable {
  private(set) var rows = 0
  private(set) var columns: [ColumnSurvey]
  private let numbers: FieldNumber

  init(columns count: Int, _ numbers: FieldNumber) {
    columns = [ColumnSurvey](repeating: ColumnSurvey(), count: count)
    self.numbers = numbers
  }

  @inline(__always)
  mutating func number(
    _ column: Int, _ field: TableField, mantissa: UInt64, fraction: Int, isNegative: Bool
  ) {
    if mantissa <= 255 && fraction == 0 && !isNegative || column >= columns.count { return }
    if WholeByte(mantissa: mantissa, fraction: fraction, isNegative: isNegative) == nil {
      columns[column].otherNumbers += 1
    }
  }

  mutating func field(_ column: Int, _ field: TableField) {
    guard column < columns.count else { return }
    let kind = FieldKind(field, numbers, mayBeDate: columns[column].texts == 0)
    switch kind {
    case .number:
      columns[column].otherNumbers += 1
      if columns[column].firstGrouped == nil && numbers.isGrouped(field) {
        columns[column].firstGrouped = field
      }
      return
    case .missing:
      columns[column].missing += 1
      columns[column].firstMissing = columns[column].firstMissing ?? field
      return
    case .boolean: columns[column].booleans += 1
    case .date: columns[column].dates += 1
    case .text: columns[column].texts += 1
    }
    columns[column].firstText = columns[column].firstText ?? field
  }

  @inline(__always)
  mutating func endRow(
    at start: Int, columns count: Int, last: TableField
  ) throws(TableProblem) -> Bool {
    rows += 1
    if count == columns.count { return true }
    // A separator behind the last field.
    if count == columns.count + 1 && last.start == last.end && !last.isQuoted { return true }
    throw TableProblem(offset: start, expected: "\(columns.count) fields", found: "\(count)")
  }

  mutating func add(_ other: TableSurvey) {
    rows += other.rows
    for column in columns.indices { columns[column].add(other.columns[column]) }
  }
}

/// A whole number from 0 to 255, also where it is written as 7.0.
struct WholeByte {
  let value: UInt8

  @inline(__always)
  init?(mantissa: UInt64, fraction: Int, isNegative: Bool) {
    if isNegative { return nil }
    if fraction == 0 && mantissa <= 255 {
      value = UInt8(truncatingIfNeeded: mantissa)
      return
    }
    var mantissa = mantissa
    for _ in 0..<fraction {
      guard mantissa.isMultiple(of: 10) else { return nil }
      mantissa /= 10
    }
    guard mantissa <= 255 else { return nil }
    value = UInt8(mantissa)
  }
}
