import Tensors

/// How the text of a table is written: as it was asked for, or as its first rows show.
struct TableFormat: Sendable {
  let separator: TableOptions.Separator
  /// Of all rows it is only known whether they have this one once they are read.
  private(set) var decimal: TableOptions.Decimal
  let hasHeader: Bool
  /// What lines begin with that are comments.
  let comment: UInt8?
  /// By column; without a header their numbers from 1.
  var names: [String]
  /// Where the rows of values begin.
  let start: Int

  /// Looks at the first rows.
  /// - Parameter names: of the columns of a text that goes on where another ended, without a header
  init(_ text: TableText, _ options: TableOptions, names: [String]? = nil) throws(DatasetError) {
    comment = Self.comment(text)
    let sample = try Self.sample(text, options, comment: comment)
    guard !sample.rows.isEmpty else {
      if let problem = sample.problem { throw text.error(problem) }
      throw .malformed(text.path, expected: "rows of values", found: "an empty file")
    }
    separator = sample.separator
    decimal = options.decimal ?? sample.decimal
    guard separator != .comma || decimal == .point else {
      throw .malformed(
        text.path, expected: "a decimal comma with another separator than commas",
        found: "commas between fields")
    }
    let header = TableHeader(sample, decimal, isGiven: names != nil ? false : options.hasHeader)
    if let problem = sample.problem, sample.rows.count < 2 { throw text.error(problem) }
    hasHeader = header.isThere
    start =
      header.isInRows && sample.rows.count > 1
      ? Self.start(of: sample.rows[1], text)
      : header.isInRows
        ? text.range.upperBound
        : text.range.lowerBound
    if let names { self.names = names } else { self.names = try header.names() }
  }

  /// The same with the other decimal mark.
  var withOtherDecimal: TableFormat {
    var format = self
    format.decimal = decimal.other
    return format
  }

  /// The first bytes of a row may be blanks or a quote before its first field.
  private static func start(of row: [TableField], _ text: TableText) -> Int {
    var start = row[0].start
    while start > text.range.lowerBound && text.bytes[start - 1] != UInt8(ascii: "\n")
      && text.bytes[start - 1] != UInt8(ascii: "\r")
    {
      start -= 1
    }
    return start
  }

  private static func sample(
    _ text: TableText, _ options: TableOptions, comment: UInt8?
  ) throws(DatasetError) -> TableSample {
    if let separator = options.separator {
      return TableSample(text, separator, comment: comment)
    }
    let samples = TableOptions.Separator.allCases.map {
      TableSample(text, $0, comment: comment)
    }
    var best = samples[0]
    var bestScore = best.score
    for sample in samples.dropFirst() {
      guard let score = sample.score else { continue }
      if sample.separator == .blank, let bestScore, bestScore.isEven {
        // Texts have blanks in them too. Columns that blanks align may have tabs among these.
        if best.separator == .tab && sample.isOfOneWidth
          && (bestScore < score || !best.isOfOneWidth)
        {
          best = sample
        }
        continue
      }
      if bestScore.map({ $0 < score }) ?? true { (best, bestScore) = (sample, score) }
    }
    return best
  }

  /// What lines begin with that are comments: # or |, where the first line does so, and not all of the
  /// first lines.
  private static func comment(_ text: TableText) -> UInt8? {
    let start = text.bytes[text.range].prefix(1 << 16)
    guard let mark = start.first,
      mark == UInt8(ascii: "#") || mark == TableOptions.Separator.bar.byte
    else { return nil }
    let lines = start.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    // A column may be called #, and the first one of rows with bars between may have no name.
    if lines.count > 1, let second = lines.first?.dropFirst().first,
      TableOptions.Separator.allCases.contains(where: { $0.byte == second && $0 != .blank })
    {
      return nil
    }
    let rows = lines.drop { $0.first == mark }
    let isSeparator = mark != UInt8(ascii: "#") && rows.first?.contains(mark) == true
    return rows.isEmpty || isSeparator ? nil : mark
  }
}
