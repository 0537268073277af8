import BLAS
import Tensors

/// A table read from a text file (CSV and its kin): its columns by name, each of one kind.
///
/// ```swift
/// let table = try Table(contentsOf: "penguins.csv")
/// for column in table.columns { print(column.name, column.kind, column.missing) }
/// ```
///
/// Separator, decimal mark and header are found out where ``TableOptions`` leave them open. The file's
/// bytes are kept as they are; the values lie beside them as bytes where a column has whole numbers from
/// 0 to 255, else as floats, or as codes of texts. Words such as `NA` and `?` stand for what is missing.
public struct Table: Sendable {
  /// The columns, in the order of the file.
  public private(set) var columns: [Column]
  /// The number of rows, without the header.
  public let rowCount: Int
  /// How many lines hold separators alone, and are no rows.
  let emptyRows: Int
  /// How the text is written.
  let format: TableFormat
  let text: TableText
  let values: Values
  private let blocks: [(range: Range<Int>, firstRow: Int)]

  /// A column of a table.
  public struct Column: Sendable {
    /// Its name in the header; without a header, its number from 1.
    public let name: String
    /// What its values are.
    public fileprivate(set) var kind: Kind
    /// The number of rows without a value.
    public var missing: Int { survey.missing }
    /// The texts among numbers, if there are some, which most likely are mistakes.
    var oddTexts: Int { kind == .number ? survey.booleans + survey.dates + survey.texts : 0 }
    let survey: ColumnSurvey
    let place: ColumnPlace
  }

  /// Reads a file: plain or compressed by gzip, in UTF-8 or UTF-16.
  ///
  /// Throws where it cannot be read, and where a row has not as many fields as there are columns.
  public init(
    contentsOf path: String, _ options: TableOptions = TableOptions()
  ) throws(DatasetError) {
    try self.init(TableText(contentsOf: path), options)
  }

  /// Reads a text.
  /// - Parameters:
  ///   - names: of the columns, where the text goes on with a table that is written alike
  ///   - kinds: by name, the kind that a column has in any case; numbers or categories
  ///   - preparation: what knows the names of columns without a header
  init(
    _ text: TableText, _ options: TableOptions, names: [String]? = nil,
    kinds: [String: Column.Kind] = [:], expecting preparation: Preparation? = nil
  ) throws(DatasetError) {
    var format = try TableFormat(text, options, names: names)
    if let preparation, names == nil {
      format.names = try preparation.names(for: format, path: text.path)
    }
    try self.init(text, format, kinds)
    // Rows behind the first may have the other decimal mark: then it is that which makes more numbers.
    if options.decimal == nil && format.separator != .comma
      && columns.contains(where: { $0.survey.firstOtherDecimal != nil }),
      case let other = try Table(text, format.withOtherDecimal, kinds), other.textCount < textCount
    {
      self = other
    }
  }

  private init(
    _ text: TableText, _ format: TableFormat, _ kinds: [String: Column.Kind]
  ) throws(DatasetError) {
    let cut = TableBlocks(text, from: format.start)
    do {
      try self.init(text, format, cut, kinds)
    } catch {
      // A quote within a comment or a field may have misled the cutting.
      guard cut.blocks.count > 1, cut.contents.hasQuotes else { throw error }
      try self.init(text, format, cut.joined, kinds)
    }
  }

  private init(
    _ text: TableText, _ format: TableFormat, _ cut: TableBlocks, _ kinds: [String: Column.Kind]
  ) throws(DatasetError) {
    try Self.checkHeader(text, before: format.start)
    let names = Self.distinct(format.names)
    let guess = Self.guess(text, format, cut)
    let layout = Self.layout(Self.kinds(names, guess, kinds), guess)
    var reading = try TableReading(text, format, cut, layout)
    var survey = reading.survey
    survey.noteOtherNumbers(of: guess)
    guard survey.rows <= Int(Int32.max) else {
      throw .malformed(text.path, expected: "at most \(Int32.max) rows", found: "\(survey.rows)")
    }
    let found = Self.kinds(names, survey, kinds)
    let needed = Self.layout(found, survey)
    if needed.places != layout.places {
      // Later rows have something else in some column, which is so in few files: all is read again.
      reading.dropValues()
      reading = try TableReading(text, format, cut, needed)
    }
    columns = names.indices.map {
      Column(
        name: names[$0], kind: found[$0], survey: survey.columns[$0], place: needed.places[$0])
    }
    (rowCount, emptyRows) = (survey.rows, survey.emptyRows)
    (self.format, self.text, blocks, values) = (format, text, reading.blocks, reading.values)
    for index in columns.indices where kinds[columns[index].name] == nil && isOfFewTexts(index) {
      columns[index].kind = .category
    }
  }

  private static let mostTexts = 20
  /// Mistakes are fewer, and each is another.
  private static let fewestOddTexts = (share: 0.05, ofEach: 3)

  /// Whether a column of numbers has texts among few values that come up again: 2, 3, 4, 5more.
  private func isOfFewTexts(_ index: Int) -> Bool {
    let column = columns[index]
    guard column.oddTexts > 0, values.texts[column.place.place].count <= Self.mostTexts else {
      return false
    }
    let texts = texts(column.place).count { Float($0) == nil }
    return texts > 0 && column.oddTexts >= Self.fewestOddTexts.ofEach * texts
      && Double(column.oddTexts) >= Self.fewestOddTexts.share * Double(rowCount - column.missing)
  }

  /// The names, of which a later one that has come up gets its number behind a point, as in pandas.
  private static func distinct(_ names: [String]) -> [String] {
    var counts: [String: Int] = [:]
    return names.map { name in
      let count = counts[name, default: 0]
      counts[name] = count + 1
      return count == 0 ? name : "\(name).\(count)"
    }
  }

  private static func checkHeader(_ text: TableText, before start: Int) throws(DatasetError) {
    let range = text.range.lowerBound..<start
    do throws(TableProblem) {
      try text.bytes.withUnsafeBufferPointer { (bytes) throws(TableProblem) in
        try TableText.check(bytes, range, ByteContents(bytes, range))
      }
    } catch { throw text.error(error) }
  }

  /// Of each block, so many rows tell what most likely is in the columns.
  private static let rowsToGuess = 16

  /// Surveys the first rows of each block.
  private static func guess(
    _ text: TableText, _ format: TableFormat, _ cut: TableBlocks
  ) -> TableSurvey {
    let surveys = inParallel(cut.blocks.count) { index in
      text.bytes.withUnsafeBufferPointer { bytes in
        var survey = TableSurvey(
          columns: format.names.count, format.numbers(bytes), mostRows: rowsToGuess)
        // What is wrong is told by whoever reads all rows.
        _ = try? format.scanner(bytes).scan(cut.blocks[index].range, &survey)
        return survey
      }
    }
    return surveys.dropFirst().reduce(into: surveys[0]) { $0.add($1) }
  }

  private static func kinds(
    _ names: [String], _ survey: TableSurvey, _ given: [String: Column.Kind]
  ) -> [Column.Kind] {
    zip(names, survey.columns).map { given[$0] ?? $1.kind(of: survey.rows) }
  }

  private static func layout(_ kinds: [Column.Kind], _ survey: TableSurvey) -> TableLayout {
    TableLayout(
      zip(kinds, survey.columns).map { kind, column in
        let hasTexts = column.booleans + column.dates + column.texts > 0
        return switch kind {
        case .number where !column.hasOtherNumbers && column.missing == 0 && !hasTexts: .bytes
        case .number where !hasTexts, .empty: .floats
        default: .codes
        }
      })
  }

  /// The number of fields that are texts.
  private var textCount: Int { columns.reduce(0) { $0 + $1.survey.texts } }

  // MARK: Places

  /// The number of the line in which a row begins, from 1.
  func line(ofRow row: Int) -> Int {
    let block = blocks.last { $0.firstRow <= row } ?? blocks[0]
    var finder = RowFinder(rowsBefore: row - block.firstRow)
    text.bytes.withUnsafeBufferPointer {
      _ = try? format.scanner($0).scan(block.range, &finder)
    }
    return text.line(at: finder.start)
  }

  private struct RowFinder: FieldVisitor {
    var rowsBefore: Int
    var start = 0

    mutating func number(_ column: Int, _ field: TableField, _ number: DecimalNumber) {}
    mutating func field(_ column: Int, _ field: TableField) {}
    mutating func endRow(at start: Int, columns: Int, last: TableField) -> Bool {
      self.start = start
      rowsBefore -= 1
      return rowsBefore >= 0
    }
  }
}

extension TableFormat {
  func scanner(_ bytes: UnsafeBufferPointer<UInt8>) -> RowScanner {
    RowScanner(
      numbers: numbers(bytes), separator: separator.byte, comment: comment)
  }

  func numbers(_ bytes: UnsafeBufferPointer<UInt8>) -> FieldNumber {
    FieldNumber(bytes: bytes.baseAddress!, decimal: decimal.byte)
  }
}

extension ColumnSurvey {
  /// What the values are: of one kind, or what most of them are.
  func kind(of rows: Int) -> Table.Column.Kind {
    let filled = rows - missing
    let others = booleans + dates + texts
    if filled == 0 { return .empty }
    if 2 * (filled - others) >= filled { return .number }
    if booleans == filled { return .boolean }
    return dates == filled ? .date : .category
  }
}

extension TableText {
  /// Throws where some rows are not UTF-8, or have a null byte, which ends a text to C.
  static func check(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ contents: ByteContents
  ) throws(TableProblem) {
    if contents.hasNull, let offset = range.first(where: { bytes[$0] == 0 }) {
      throw TableProblem(offset: offset, expected: "text", found: "a null byte")
    }
    let part = UnsafeBufferPointer(rebasing: bytes[range])
    if !contents.hasOthers || String(validating: part, as: UTF8.self) != nil { return }
    throw TableProblem(
      offset: firstOther(bytes, range),
      expected: "text in UTF-8, as `iconv -f WINDOWS-1252 -t UTF-8` makes it of that of Excel",
      found: "other bytes")
  }

  /// The first line that is not UTF-8.
  private static func firstOther(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      while end < range.upperBound && bytes[end] != UInt8(ascii: "\n") { end += 1 }
      let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
      if String(validating: line, as: UTF8.self) == nil { return start }
      start = end + 1
    }
    return range.lowerBound
  }
}

extension Table.Column {
  /// What the values of a column are.
  public enum Kind: String, Sendable, Codable {
    /// Numbers, also as percents, with marks between thousands, and with a currency's sign.
    case number
    /// Words such as `true` and `no`.
    case boolean
    /// Texts of any other kind.
    case category
    /// Days and times.
    case date
    /// Nothing in any row.
    case empty
  }
}
