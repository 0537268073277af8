import Tensors

/// The names of the columns, where the first row, or a comment before it, has them.
struct TableHeader {
  let isThere: Bool
  /// Whether the first row is the header, and not a comment.
  let isInRows: Bool
  private let sample: TableSample
  private let comment: [String]?

  /// Looks whether there is a header, unless that is known.
  init(_ sample: TableSample, _ decimal: TableOptions.Decimal, isGiven: Bool?) {
    self.sample = sample
    comment = isGiven == false || sample.comment == nil ? nil : Self.comment(sample)
    isInRows = comment == nil && (isGiven ?? Self.isHeader(sample, decimal))
    isThere = isInRows || comment != nil
  }

  /// A first row is a header where it has a usual name of a label; where none of its fields is a
  /// number, unless they come up again below; where it has texts above most columns of numbers; and
  /// where its numbers are such as name columns, and most rows below have others in their place.
  private static func isHeader(_ sample: TableSample, _ decimal: TableOptions.Decimal) -> Bool {
    let text = sample.text
    let first = sample.rows[0]
    let names = first.map { text.string($0) }
    if names.contains(where: { UsualLabels.isCertain($0) }) { return true }
    let numbers = first.map { sample.number($0, decimal) }
    let body = sample.rows.dropFirst()
    if numbers.allSatisfy({ $0 == nil }) {
      if first.allSatisfy(sample.isMissing) { return false }
      return !comesUpAgain(names, in: body, text)
    }
    let hasText = first.indices.filter { column in
      body.count > 1
        && body.allSatisfy {
          $0.indices.contains(column) && sample.number($0[column], decimal) != nil
        }
    }.map { numbers[$0] == nil && !sample.isMissing(first[$0]) }
    if 2 * hasText.count(where: { $0 }) > hasText.count { return true }
    let texts = first.indices.filter { numbers[$0] == nil && !sample.isMissing(first[$0]) }
    if texts.contains(where: { comesUpAgain(names, at: $0, in: body, text) }) { return false }
    let named = first.indices.filter { numbers[$0] != nil }
    let alike = body.count { row in
      areNames(
        named.compactMap { row.indices.contains($0) ? sample.number(row[$0], decimal) : nil })
    }
    return areNames(numbers.compactMap { $0 }) && 2 * alike < body.count
  }

  /// Whether most fields of a row are values of their columns below.
  private static func comesUpAgain(
    _ names: [String], in body: ArraySlice<[TableField]>, _ text: TableText
  ) -> Bool {
    let named = names.indices.filter { names[$0] != "" }
    let again = named.count { comesUpAgain(names, at: $0, in: body, text) }
    return 2 * again >= named.count
  }

  private static func comesUpAgain(
    _ names: [String], at column: Int, in body: ArraySlice<[TableField]>, _ text: TableText
  ) -> Bool {
    body.contains { $0.indices.contains(column) && text.string($0[column]) == names[column] }
  }

  private static let years: ClosedRange<Float> = 1500...2100

  /// Whether numbers rise or fall as the names of columns do: three or more that count by one, four or
  /// more whole ones in equal steps, two years or more, or eight of any kind or more.
  ///
  /// By chance, fewer than one row of values in a hundred is so, of years none that has others below.
  private static func areNames(_ numbers: [Float]) -> Bool {
    let steps = zip(numbers, numbers.dropFirst()).map { $1 - $0 }
    guard let step = steps.first, steps.allSatisfy({ step > 0 ? $0 > 0 : $0 < 0 }) else {
      return false
    }
    if numbers.count >= 8 { return true }
    guard numbers.allSatisfy({ $0 == $0.rounded() }) else { return false }
    if numbers.allSatisfy(years.contains) { return true }
    return steps.allSatisfy { $0 == step } && (steps.count >= 3 || steps.count == 2 && step == 1)
  }

  /// The names in the comment right before the first row, where it has as many fields.
  private static func comment(_ sample: TableSample) -> [String]? {
    let text = sample.text
    guard let first = sample.rows.first?.first else { return nil }
    let before = text.bytes[text.range.lowerBound..<first.start]
    let lines = before.split(whereSeparator: {
      $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
    })
    guard let line = lines.last(where: { $0.first == sample.comment }) else { return nil }
    let content = String(decoding: line.drop { $0 == sample.comment }, as: UTF8.self)
    let fields =
      sample.separator == .blank
      ? content.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      : content.split(
        separator: Character(sample.separator.rawValue), omittingEmptySubsequences: false
      )
      .map { String($0.drop { $0 == " " }) }
    return fields.count == sample.width && fields.contains { Float($0) == nil } ? fields : nil
  }

  /// A name without the blanks that quotes kept.
  private func trimmed(_ name: String) -> String {
    String(name.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }

  /// The names by column, which are as many as most rows have fields.
  func names() throws(DatasetError) -> [String] {
    let width = sample.rows.count > (isInRows ? 1 : 0) ? sample.width : sample.rows[0].count
    let body = sample.rows.dropFirst(isInRows ? 1 : 0)
    // A separator behind the last field of each row makes no column.
    let isTrailed =
      width > 1 && !body.isEmpty
      && body.allSatisfy { row in
        row.count < width || row.last.map(sample.isEmpty) == true
      }
    guard isThere else { return (1...(isTrailed ? width - 1 : width)).map(String.init) }
    var names = comment ?? sample.rows[0].map { trimmed(sample.text.string($0)) }
    if names.count == width + 1 && names.last == "" && !body.isEmpty { names.removeLast() }
    if names.count == width && names.last == "" && isTrailed { names.removeLast() }
    if names.count == width - 1 && !isTrailed {
      // As R writes it: the names of the rows have no name.
      names.insert("", at: 0)
    }
    let expected = isTrailed && names.count == width - 1 ? width - 1 : width
    guard names.count == expected || body.isEmpty else {
      throw .malformed(
        sample.text.path, expected: "as many names in the header as fields in a row, \(expected)",
        found: "\(names.count)")
    }
    return names
  }
}

/// The names that columns of labels usually have.
enum UsualLabels {
  /// In the order in which they are looked for.
  static let names = [
    "label", "labels", "target", "class", "species", "diagnosis", "outcome", "y", "survived",
    "churn", "exited", "attrition", "saleprice", "medv", "median_house_value", "medhouseval",
  ]

  /// Whether a name, in letters of any case, is that of a label, and is no word for a value.
  static func isCertain(_ name: String) -> Bool {
    name.count > 1 && names.contains(name.lowercased())
  }
}
