import BLAS
import Synchronization

extension Table {
  /// The values of all columns, row by row, in blocks of one type each.
  struct Values: Sendable {
    /// The number of columns in each block.
    let widths: (bytes: Int, floats: Int, codes: Int)
    /// Whole numbers from 0 to 255.
    let bytes: [UInt8]
    /// Numbers; NaN where they are missing.
    let floats: [Float]
    /// Numbers of texts; -1 where they are missing.
    private(set) var codes: [Int32]
    /// By column of codes, where each text stands first.
    private(set) var texts: [[TableField]]
  }
}

/// Memory that threads write to, each to places of its own.
struct SharedMemory<Element>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>
}

extension Table.Values {
  /// Reads the rows of a text into blocks.
  init(
    _ text: TableText, _ format: TableFormat, _ columns: [Table.Column],
    blocks: [(range: Range<Int>, firstRow: Int)], rows: Int
  ) {
    let places = columns.map(\.place)
    let count = { (block: ColumnPlace.Block) in places.count { $0.block == block } }
    let widths = (bytes: count(.bytes), floats: count(.floats), codes: count(.codes))
    var found: [[TextCodes]] = []
    var (floats, codes): ([Float], [Int32]) = ([], [])
    // Uninitialised: each row has a value for every column, and all rows are read.
    bytes = Self.filled(rows * widths.bytes) { bytes in
      floats = Self.filled(rows * widths.floats) { floats in
        codes = Self.filled(rows * widths.codes) { codes in
          found = inParallel(blocks.count) { index in
            let row = blocks[index].firstRow
            return text.bytes.withUnsafeBufferPointer { source in
              places.withUnsafeBufferPointer { places in
                var fill = TableFill(
                  FieldNumber(bytes: source.baseAddress!, decimal: format.decimal.byte), places,
                  widths: widths, bytes: bytes.start + row * widths.bytes,
                  floats: floats.start + row * widths.floats,
                  codes: codes.start + row * widths.codes)
                _ = try? format.scanner(source).scan(blocks[index].range, &fill)
                return fill.texts
              }
            }
          }
        }
      }
    }
    (self.widths, self.floats, self.codes) = (widths, floats, codes)
    texts = []
    join(found, firstRows: blocks.map(\.firstRow) + [rows], text)
  }

  private static func filled<Element>(
    _ count: Int, _ fill: (SharedMemory<Element>) -> Void
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      // An empty buffer has an address too, to which nothing is written.
      fill(SharedMemory(start: buffer.baseAddress!))
      initialized = count
    }
  }

  /// Gives the texts of all blocks common numbers, in the order in which they come up in the file.
  private mutating func join(_ found: [[TextCodes]], firstRows: [Int], _ text: TableText) {
    let width = widths.codes
    if width == 0 { return }
    var common = [TextCodes](repeating: TextCodes(), count: width)
    let maps = text.bytes.withUnsafeBufferPointer { bytes in
      found.map { block in
        block.indices.map { column in
          block[column].fields.map { common[column].code($0, bytes.baseAddress!) }
        }
      }
    }
    texts = common.map(\.fields)
    if found.count == 1 { return }
    codes.withUnsafeMutableBufferPointer { codes in
      let memory = SharedMemory(start: codes.baseAddress!)
      Threads.forEach(found.count) { block in
        for row in firstRows[block]..<firstRows[block + 1] {
          for column in 0..<width {
            let place = memory.start + row * width + column
            if place.pointee >= 0 { place.pointee = maps[block][column][Int(place.pointee)] }
          }
        }
      }
    }
  }
}

extension Table {
  /// The number in a row of a column of numbers; NaN where it is missing.
  func number(_ row: Int, _ place: ColumnPlace) -> Float {
    switch place.block {
    case .bytes: Float(values.bytes[row * values.widths.bytes + place.place])
    case .floats: values.floats[row * values.widths.floats + place.place]
    case .codes: .nan
    }
  }

  /// The number of the text in a row of a column of texts; -1 where it is missing.
  func code(_ row: Int, _ place: ColumnPlace) -> Int {
    Int(values.codes[row * values.widths.codes + place.place])
  }

  /// The texts of a column by their numbers.
  func texts(_ place: ColumnPlace) -> [String] { values.texts[place.place].map { text.string($0) } }

  /// The value of a row as text; nil where it is missing.
  public func text(_ row: Int, of column: Column) -> String? {
    require(
      0 <= row && row < rowCount, "Table: expected a row below \(rowCount), got \(row)")
    if column.place.block == .codes {
      let code = code(row, column.place)
      return code < 0 ? nil : text.string(values.texts[column.place.place][code])
    }
    let value = number(row, column.place)
    return value.isNaN ? nil : Self.text(value)
  }

  /// A number as text, a whole one without a point.
  static func text(_ value: Float) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
