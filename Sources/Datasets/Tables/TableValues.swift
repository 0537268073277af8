import BLAS

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Table {
  /// The values of all columns, row by row, in blocks of one type each.
  struct Values: Sendable {
    /// The number of columns in each block.
    let widths: (bytes: Int, floats: Int, codes: Int)
    /// Whole numbers from 0 to 255.
    let bytes: LargeArray<UInt8>
    /// Numbers; NaN where they are missing.
    let floats: LargeArray<Float>
    /// Numbers of texts; -1 where they are missing.
    let codes: LargeArray<Int32>
    /// By column of codes, where each text stands first.
    private(set) var texts: [[TableField]]
  }
}

/// The rows of a text, read into blocks of values, and what was found on the way.
struct TableReading {
  private(set) var values: Table.Values
  let survey: TableSurvey
  let blocks: [(range: Range<Int>, firstRow: Int)]

  /// What a thread finds in a block of a text.
  private struct Found: Sendable {
    let survey: TableSurvey
    let texts: [TextCodes]
  }

  /// Rows of a block, and where they have to be moved to, since before them were fewer than there could
  /// have been.
  private struct Run {
    let source, target, count: Int

    func elements(of width: Int) -> (source: Int, target: Int, count: Int) {
      (source * width, target * width, count * width)
    }
  }

  /// Reads the rows of a text; values that have no place in the layout, as texts among numbers, are only
  /// counted.
  init(
    _ text: TableText, _ format: TableFormat, _ cut: TableBlocks, _ layout: TableLayout
  ) throws(DatasetError) {
    let mostRows = cut.blocks.map { $0.mostRows(of: layout.places.count) }
    let starts = mostRows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let (most, widths) = (starts[mostRows.count], layout.widths)
    // Not cleared: each row has a value for every column, and all rows are read.
    let bytes = try LargeArray<UInt8>(capacity: most * widths.bytes, in: text.scratch)
    let floats = try LargeArray<Float>(capacity: most * widths.floats, in: text.scratch)
    let codes = try LargeArray<Int32>(capacity: most * widths.codes, in: text.scratch)
    let memory = (bytes: bytes.memory, floats: floats.memory, codes: codes.memory)
    let found = inParallel(mostRows.count) { index in
      Self.read(
        text, format, cut.blocks[index].range, cut.contents, layout, bytes: memory.bytes,
        floats: memory.floats, codes: memory.codes, from: starts[index])
    }
    var (all, runs): ([Found], [Run]) = ([], [])
    var rows = 0
    for (start, result) in zip(starts, found) {
      switch result {
      case .success(let found):
        all.append(found)
        runs.append(Run(source: start, target: rows, count: found.survey.rows))
        rows += found.survey.rows
      case .failure(let problem): throw text.error(problem)
      }
    }
    bytes.join(runs.map { $0.elements(of: widths.bytes) })
    floats.join(runs.map { $0.elements(of: widths.floats) })
    codes.join(runs.map { $0.elements(of: widths.codes) })
    blocks = zip(cut.blocks, runs).map { ($0.range, $1.target) }
    survey = all.dropFirst().reduce(into: all[0].survey) { $0.add($1.survey) }
    var values = Table.Values(widths: widths, bytes: bytes, floats: floats, codes: codes)
    values.join(
      all.map(\.texts), firstRows: runs.map(\.target) + [survey.rows], text)
    self.values = values
  }

  private static func read(
    _ text: TableText, _ format: TableFormat, _ range: Range<Int>, _ contents: ByteContents,
    _ layout: TableLayout, bytes: SharedMemory<UInt8>, floats: SharedMemory<Float>,
    codes: SharedMemory<Int32>, from row: Int
  ) -> Result<Found, TableProblem> {
    text.bytes.withUnsafeBufferPointer { source in
      layout.places.withUnsafeBufferPointer { places in
        let widths = layout.widths
        var fill = TableFill(
          format.numbers(source), places, widths: widths, bytes: bytes.start + row * widths.bytes,
          floats: floats.start + row * widths.floats, codes: codes.start + row * widths.codes)
        do throws(TableProblem) {
          try TableText.check(source, range, contents)
          try format.scanner(source).scan(range, &fill)
          return .success(Found(survey: fill.survey, texts: fill.texts))
        } catch { return .failure(error) }
      }
    }
  }

  /// Frees the memory of the values.
  mutating func dropValues() {
    values = Table.Values(
      widths: (0, 0, 0), bytes: LargeArray(), floats: LargeArray(), codes: LargeArray())
  }
}

extension Table.Values {
  init(
    widths: (bytes: Int, floats: Int, codes: Int), bytes: LargeArray<UInt8>,
    floats: LargeArray<Float>, codes: LargeArray<Int32>
  ) {
    (self.widths, self.bytes, self.floats, self.codes) = (widths, bytes, floats, codes)
    texts = []
  }

  /// Gives the texts of all blocks common numbers, in the order in which they come up in the file.
  fileprivate mutating func join(_ found: [[TextCodes]], firstRows: [Int], _ text: TableText) {
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
    let memory = codes.memory
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
