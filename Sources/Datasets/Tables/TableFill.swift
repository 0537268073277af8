/// Where the values of a column are kept: which block, and which place in each row of it.
struct ColumnPlace: Sendable, Equatable {
  enum Block: Sendable { case bytes, floats, codes }

  let block: Block
  let place: Int
}

/// Where the values of all columns are kept, and how many are in each block.
struct TableLayout: Sendable {
  let places: [ColumnPlace]
  let widths: (bytes: Int, floats: Int, codes: Int)

  init(_ blocks: [ColumnPlace.Block]) {
    var counts: [ColumnPlace.Block: Int] = [:]
    places = blocks.map { block in
      defer { counts[block, default: 0] += 1 }
      return ColumnPlace(block: block, place: counts[block, default: 0])
    }
    widths = (
      counts[.bytes, default: 0], counts[.floats, default: 0], counts[.codes, default: 0]
    )
  }
}

/// Writes the fields of some rows to blocks, each of one type and with rows of one width, and surveys
/// them, so that it is known later whether all had their place there.
struct TableFill: FieldVisitor {
  private let numbers: FieldNumber
  private let places: UnsafeBufferPointer<ColumnPlace>
  // The row that is being read, in each block.
  private var bytes: UnsafeMutablePointer<UInt8>
  private var floats: UnsafeMutablePointer<Float>
  private var codes: UnsafeMutablePointer<Int32>
  private let widths: (bytes: Int, floats: Int, codes: Int)
  private(set) var survey: TableSurvey
  /// The texts of each column of codes.
  private(set) var texts: [TextCodes]

  init(
    _ numbers: FieldNumber, _ places: UnsafeBufferPointer<ColumnPlace>,
    widths: (bytes: Int, floats: Int, codes: Int), bytes: UnsafeMutablePointer<UInt8>,
    floats: UnsafeMutablePointer<Float>, codes: UnsafeMutablePointer<Int32>
  ) {
    (self.numbers, self.places, self.widths) = (numbers, places, widths)
    (self.bytes, self.floats, self.codes) = (bytes, floats, codes)
    survey = TableSurvey(columns: places.count, numbers)
    texts = [TextCodes](repeating: TextCodes(), count: widths.codes)
  }

  @inline(__always)
  mutating func number(_ column: Int, _ field: TableField, _ number: DecimalNumber) {
    if column >= places.count { return }
    let place = places[column]
    switch place.block {
    case .bytes:
      if let byte = WholeByte(number) {
        bytes[place.place] = byte.value
      } else {
        survey.noteOtherNumber(column)
      }
    case .floats: floats[place.place] = numbers.value(number, field)
    case .codes: write(field, place.place)
    }
  }

  @inline(never)
  private mutating func write(_ text: TableField, _ place: Int) {
    codes[place] = texts[place].code(text, numbers.bytes)
  }

  mutating func field(_ column: Int, _ field: TableField) {
    if column >= places.count { return }
    survey.field(column, field)
    let place = places[column]
    switch place.block {
    case .bytes: break
    case .floats: floats[place.place] = numbers.value(field) ?? .nan
    case .codes:
      let text = UnsafeBufferPointer(
        start: numbers.bytes + field.start, count: field.end - field.start)
      if FieldKind.isMissing(text) { codes[place.place] = -1 } else { write(field, place.place) }
    }
  }

  @inline(__always)
  mutating func endRow(
    at start: Int, columns: Int, last: TableField
  ) throws(TableProblem) -> Bool {
    bytes += widths.bytes
    floats += widths.floats
    codes += widths.codes
    return try survey.endRow(at: start, columns: columns, last: last)
  }

  mutating func emptyRow() { survey.emptyRow() }
}
