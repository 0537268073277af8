/// Where the values of a column are kept: which block, and which place in each row of it.
struct ColumnPlace: Sendable {
  enum Block: UInt8, Sendable { case bytes, floats, codes }

  let block: Block
  let place: Int
}

/// Writes the fields of some rows to blocks, each of one type and with rows of one width.
struct TableFill: FieldVisitor {
  private let numbers: FieldNumber
  private let places: UnsafeBufferPointer<ColumnPlace>
  private let widths: (bytes: Int, floats: Int, codes: Int)
  // The row that is being read, in each block.
  private var bytes: UnsafeMutablePointer<UInt8>
  private var floats: UnsafeMutablePointer<Float>
  private var codes: UnsafeMutablePointer<Int32>
  /// The texts of each column of codes.
  private(set) var texts: [TextCodes]

  init(
    _ numbers: FieldNumber, _ places: UnsafeBufferPointer<ColumnPlace>,
    widths: (bytes: Int, floats: Int, codes: Int), bytes: UnsafeMutablePointer<UInt8>,
    floats: UnsafeMutablePointer<Float>, codes: UnsafeMutablePointer<Int32>
  ) {
    (self.numbers, self.places, self.widths) = (numbers, places, widths)
    (self.bytes, self.floats, self.codes) = (bytes, floats, codes)
    texts = [TextCodes](repeating: TextCodes(), count: widths.codes)
  }

  @inline(__always)
  mutating func number(
    _ column: Int, _ field: TableField, mantissa: UInt64, fraction: Int, isNegative: Bool
  ) {
    if column >= places.count { return }
    let place = places[column]
    switch place.block {
    case .bytes:
      bytes[place.place] =
        fraction == 0
        ? UInt8(truncatingIfNeeded: mantissa)
        : WholeByte(mantissa: mantissa, fraction: fraction, isNegative: isNegative)?.value ?? 0
    case .floats:
      floats[place.place] = numbers.value(
        field, mantissa: mantissa, fraction: fraction, isNegative: isNegative)
    case .codes: write(field, place.place)
    }
  }

  @inline(never)
  private mutating func write(_ text: TableField, _ place: Int) {
    codes[place] = texts[place].code(text, numbers.bytes)
  }

  mutating func field(_ column: Int, _ field: TableField) {
    if column >= places.count { return }
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
  mutating func endRow(at start: Int, columns: Int, last: TableField) -> Bool {
    bytes += widths.bytes
    floats += widths.floats
    codes += widths.codes
    return true
  }
}
