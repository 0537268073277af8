import BLAS

/// What the fields of a column are, counted over all rows.
struct ColumnSurvey: Sendable {
  /// Whether there are numbers that are not whole ones from 0 to 255.
  var hasOtherNumbers = false
  var missing = 0
  var booleans = 0
  var dates = 0
  var texts = 0
  /// The first field that is no number and is not missing, and the first that is missing.
  var firstText: TableField?
  var firstMissing: TableField?
  /// The first number with marks between thousands, and the first text that is a number with the other
  /// decimal mark.
  var firstGrouped: TableField?
  var firstOtherDecimal: TableField?

  mutating func add(_ other: ColumnSurvey) {
    hasOtherNumbers = hasOtherNumbers || other.hasOtherNumbers
    missing += other.missing
    booleans += other.booleans
    dates += other.dates
    texts += other.texts
    firstText = firstText ?? other.firstText
    firstMissing = firstMissing ?? other.firstMissing
    firstGrouped = firstGrouped ?? other.firstGrouped
    firstOtherDecimal = firstOtherDecimal ?? other.firstOtherDecimal
  }
}

/// Counts what the fields of some rows are, and refuses rows that have not as many as there are columns.
struct TableSurvey: FieldVisitor, Sendable {
  private(set) var rows = 0
  private(set) var emptyRows = 0
  private(set) var columns: [ColumnSurvey]
  private let numbers: FieldNumber
  private let mostRows: Int

  /// - Parameter mostRows: behind so many rows it ends
  init(columns count: Int, _ numbers: FieldNumber, mostRows: Int = .max) {
    columns = [ColumnSurvey](repeating: ColumnSurvey(), count: count)
    (self.numbers, self.mostRows) = (numbers, mostRows)
  }

  @inline(__always)
  mutating func number(_ column: Int, _ field: TableField, _ number: DecimalNumber) {
    if column < columns.count && WholeByte(number) == nil { noteOtherNumber(column) }
  }

  /// Notes that a column has a number that is no whole one from 0 to 255.
  mutating func noteOtherNumber(_ column: Int) { columns[column].hasOtherNumbers = true }

  mutating func field(_ column: Int, _ field: TableField) {
    guard column < columns.count else { return }
    let kind = FieldKind(field, numbers, mayBeDate: columns[column].texts == 0)
    switch kind {
    case .number:
      columns[column].hasOtherNumbers = true
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
    case .text:
      columns[column].texts += 1
      if columns[column].firstOtherDecimal == nil && numbers.withOtherDecimal.value(field) != nil {
        columns[column].firstOtherDecimal = field
      }
    }
    columns[column].firstText = columns[column].firstText ?? field
  }

  @inline(__always)
  mutating func endRow(
    at start: Int, columns count: Int, last: TableField
  ) throws(TableProblem) -> Bool {
    rows += 1
    // A separator may stand behind the last field.
    guard
      count == columns.count
        || count == columns.count + 1 && last.start == last.end && !last.isQuoted
    else {
      throw TableProblem(offset: start, expected: "\(columns.count) fields", found: "\(count)")
    }
    return rows < mostRows
  }

  mutating func emptyRow() { emptyRows += 1 }

  /// Notes the other numbers of rows that were looked at before: columns whose values are kept as floats
  /// are not looked at for them again.
  mutating func noteOtherNumbers(of other: TableSurvey) {
    for column in columns.indices where other.columns[column].hasOtherNumbers {
      noteOtherNumber(column)
    }
  }

  mutating func add(_ other: TableSurvey) {
    rows += other.rows
    emptyRows += other.emptyRows
    for column in columns.indices { columns[column].add(other.columns[column]) }
  }
}

/// A whole number from 0 to 255, also where it is written as 7.0.
struct WholeByte {
  let value: UInt8

  @inline(__always)
  init?(_ number: DecimalNumber) {
    let mantissa = number.exponent == 0 ? number.mantissa : Self.unscaled(number)
    guard mantissa <= 255 && !number.isNegative else { return nil }
    value = UInt8(truncatingIfNeeded: mantissa)
  }

  /// The number where it is whole and small, else one that is no byte.
  @inline(never)
  private static func unscaled(_ number: DecimalNumber) -> UInt64 {
    var (mantissa, exponent) = (number.mantissa, number.exponent)
    while exponent < 0 && mantissa.isMultiple(of: 10) && mantissa > 0 {
      mantissa /= 10
      exponent += 1
    }
    while exponent > 0 && 1...255 ~= mantissa {
      mantissa *= 10
      exponent -= 1
    }
    return exponent == 0 || mantissa == 0 ? mantissa : .max
  }
}
