import Tensors

/// Which column has the labels, or which have the numbers to predict, and what shows it.
struct LabelChoice {
  let columns: [Int]
  /// Why it was chosen; nil where it was asked for.
  let reason: String?
  /// Other columns with the same name, which are left out.
  let namesakes: [Int]

  /// Finds the columns asked for, or one with a usual name, or by its place and values.
  /// - Parameter ignored: columns that are none in any case
  init(_ table: Table, asked: [String], ignoring ignored: [String]) throws(DatasetError) {
    if !asked.isEmpty {
      columns = try table.indices(of: asked, option: "--label")
      (reason, namesakes) = (nil, [])
      guard Set(columns).count == columns.count else {
        throw .malformed(
          table.text.path, expected: "different columns for --label",
          found: TableFindings.list(columns.map { "'\(table.columns[$0].name)'" }))
      }
      return
    }
    let left = Set(try table.indices(of: ignored, option: "--ignore"))
    let names = table.format.names.enumerated().map { left.contains($0) ? "" : $1.lowercased() }
    if table.format.hasHeader,
      let name = UsualLabels.names.first(where: { name in
        names.contains(name) && !(name == "y" && names.contains("x") && names.count > 2)
      })
    {
      let places = names.indices.filter { names[$0] == name }
      columns = [places[0]]
      reason = "by its name"
      namesakes = Array(places.dropFirst())
      return
    }
    namesakes = []
    guard table.columns.count > 1 else {
      throw .malformed(
        table.text.path, expected: "two columns or more",
        found: "one; --separator tells what stands between fields")
    }
    guard let place = LabelPlace(table, ignoring: left) else {
      throw .malformed(
        table.text.path, expected: "a column of labels; name it by --label NAME|NUMBER",
        found: "none by a usual name or place among \(table.columns.count)")
    }
    (columns, reason) = ([place.column], place.reason)
  }
}

/// What the values of a column look like, from the rows that have one.
struct ValueProfile {
  enum Form { case text, whole, fraction }

  let form: Form
  /// The number of values that differ; of fractions, that of the rows.
  let distinct: Int
  private let rows: Int
  /// Whether whole numbers leave out less than half of those between the least and the greatest.
  let isDense: Bool
  private let counts: Bool

  /// Whole numbers of more values are no classes, unless they are named so.
  private static let mostClasses = 100
  private static let fewValues = 20

  /// - Parameter form: of its numbers, where that is known
  init(_ table: Table, _ index: Int, form known: NumberForm? = nil) {
    let column = table.columns[index]
    rows = table.rowCount - column.missing
    guard column.place.block != .codes else {
      form = .text
      distinct = table.values.texts[column.place.place].count
      (isDense, counts) = (true, false)
      return
    }
    let found = known ?? table.summaries(of: [column], rows: Array(0..<table.rowCount))[0]
    let (isWhole, least, greatest) = (found.isWhole, found.least, found.greatest)
    form = isWhole ? .whole : .fraction
    distinct =
      least >= greatest
      ? (rows == 0 ? 0 : 1)
      : isWhole ? Self.distinct(table, column.place, least, greatest) : rows
    isDense = greatest - least < 2 * Float(distinct)
    counts = found.counts && isWhole && distinct > 2
  }

  /// How many whole numbers there are between these.
  private static func distinct(
    _ table: Table, _ place: ColumnPlace, _ least: Float, _ greatest: Float
  ) -> Int {
    let values = (0..<table.rowCount).lazy.map { table.number($0, place) }.filter { !$0.isNaN }
    guard greatest - least < 8 * Float(table.rowCount) + 1000 else { return Set(values).count }
    var isThere = [Bool](repeating: false, count: Int(greatest - least) + 1)
    for value in values { isThere[Int(value - least)] = true }
    return isThere.count { $0 }
  }

  /// Whether the values look like those of classes: texts or whole numbers that come up again.
  var isOfClasses: Bool {
    guard distinct >= 2, form != .fraction else { return false }
    if distinct == 2 { return true }
    if form == .text { return 2 * distinct <= rows }
    return distinct <= Self.mostClasses && 3 * distinct <= rows
      && (distinct <= Self.fewValues || isDense)
  }

  /// Whether each row has a value of its own that says nothing: a number that counts, or a text.
  var isOfItsOwn: Bool {
    rows > 2 && (counts || form == .text && 10 * distinct > 9 * rows)
  }

  /// Whether nearly all rows have whole numbers that differ; large ones may be alike as floats.
  var isOfDifferentNumbers: Bool { rows > 2 && form == .whole && 10 * distinct > 9 * rows }

  /// Whether the values tell rows apart and nothing else; in the first column, numbers without order may.
  func isIdentifier(isFirst: Bool) -> Bool { isOfItsOwn || isFirst && isOfDifferentNumbers }
}

extension Table {
  /// The places of columns: each text is one by its name or number, or several with commas between.
  ///
  /// A text is tried as one name first, since a name may have commas.
  func indices(of texts: [String], option: String) throws(DatasetError) -> [Int] {
    var indices: [Int] = []
    for text in texts {
      if let index = index(of: text) {
        indices.append(index)
        continue
      }
      for name in text.split(separator: ",") {
        indices.append(try index(of: String(name), option: option))
      }
      if text.allSatisfy({ $0 == "," }) { _ = try index(of: text, option: option) }
    }
    return indices
  }

  /// The place of a column by its name, in letters of any case, or by its number from 1.
  private func index(of name: String) -> Int? {
    if let index = columns.firstIndex(where: { $0.name == name }) { return index }
    let same = columns.indices.filter { columns[$0].name.lowercased() == name.lowercased() }
    if same.count == 1 { return same[0] }
    if let number = Int(name), columns.indices.contains(number - 1) { return number - 1 }
    return nil
  }

  /// The place of a column, which must be there.
  func index(of name: String, option: String) throws(DatasetError) -> Int {
    if let index = index(of: name) { return index }
    let names = columns.prefix(20).map(\.name).joined(separator: ", ")
    throw .malformed(
      text.path, expected: "a column '\(name)' for \(option)",
      found: format.hasHeader
        ? "the columns \(names)\(columns.count > 20 ? ", …" : "")"
        : "\(columns.count) columns without names, numbered from 1")
  }
}
