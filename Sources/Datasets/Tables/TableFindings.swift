import Tensors

/// What was found out about a table, in lines for people.
public struct TableFindings: Sendable {
  /// A column that does not go into the model, and why.
  public struct LeftOut: Sendable, Codable {
    /// The name of the column.
    public let column: String
    /// Why it is left out.
    public let reason: String
  }

  /// The number of rows.
  public internal(set) var rows = 0
  /// What stands between fields.
  public internal(set) var separator = TableOptions.Separator.comma
  /// Whether the columns have names.
  public internal(set) var hasHeader = true
  /// All columns.
  public internal(set) var columns: [Table.Column] = []
  /// The columns that go into the model.
  public internal(set) var features: [String] = []
  /// What is predicted; nil where no column says so.
  public internal(set) var label: Preparation.Label?
  /// The least and the greatest number of each target of a regression.
  public internal(set) var ranges: [ClosedRange<Float>] = []
  /// What does not go into the model.
  public internal(set) var leftOut: [LeftOut] = []
  /// What looks wrong, with what helps.
  public internal(set) var warnings: [String] = []
  /// What keeps the table from being trained on.
  public internal(set) var problem: DatasetError?
  /// What was guessed, in a line each.
  public internal(set) var lines: [String] = []
}

extension TableFindings {
  /// As many of some names as a line holds.
  static func list(_ names: [String], most: Int = 12) -> String {
    names.prefix(most).joined(separator: ", ")
      + (names.count > most ? ", … (\(names.count) in all)" : "")
  }

  /// What was found of the text itself.
  mutating func describe(_ table: Table) {
    (rows, separator, hasHeader) = (table.rowCount, table.format.separator, table.format.hasHeader)
    columns = table.columns
    let name =
      switch separator {
      case .comma: "commas"
      case .semicolon: "semicolons"
      case .tab: "tabs"
      case .bar: "bars"
      case .blank: "blanks"
      }
    let decimal = table.format.decimal == .comma ? ", decimal commas" : ""
    let header = hasHeader ? "a header" : "no header, so columns are numbered from 1"
    lines.append(
      "\(table.rowCount) rows of \(table.columns.count) columns, \(name) between"
        + "\(decimal), \(header)")
    if let comment = table.format.comment {
      lines.append("lines that begin with \(Character(Unicode.Scalar(comment))) are comments")
    }
    if let note = table.noteOnEmptyRows { lines.append(note) }
    let kinds = Dictionary(grouping: columns) { $0.kind }
    let order: [(Table.Column.Kind, String)] = [
      (.number, "numbers"), (.boolean, "booleans"), (.category, "categories"), (.date, "dates"),
      (.empty, "empty"),
    ]
    let missing = columns.filter { $0.missing > 0 && $0.kind != .empty }
    lines.append(
      "columns: "
        + order.compactMap { kind, name in kinds[kind].map { "\($0.count) \(name)" } }
        .joined(separator: ", ")
        + (missing.isEmpty
          ? ""
          : "; values missing in "
            + Self.list(missing.map { "\($0.name) (\($0.missing))" })))
    for (name, count) in Dictionary(table.format.names.map { ($0, 1) }, uniquingKeysWith: +)
      .filter({ $0.value > 1 && $0.key != "" }).sorted(by: { $0.key < $1.key })
    {
      let places = table.format.names.indices.filter { table.format.names[$0] == name }
      warnings.append(
        "\(count) columns are named '\(name)': "
          + Self.list(places.map { "\($0 + 1)" })
          + "; choose by number: --label N, --ignore N")
    }
    if let (column, field) = columns.lazy.compactMap({ column in
      column.survey.firstGrouped.map { (column, $0) }
    }).first, table.format.decimal == .point, table.format.separator != .comma {
      warnings.append(
        "column '\(column.name)': \(table.text.shown(field)) is read with a mark between thousands; "
          + "--decimal , takes it for decimals")
    }
    for column in columns where column.kind == .category {
      guard let field = column.survey.firstOtherDecimal else { continue }
      let other = table.format.decimal.other.rawValue
      let help =
        separator.rawValue == other
        ? "a file with other separators can have such decimals" : "--decimal \(other)"
      warnings.append(
        "column '\(column.name)': \(table.text.shown(field)) is a text, and a number only with "
          + "'\(other)' before the decimals; \(help)")
    }
  }
}

extension Table {
  /// That rows without a value were passed over, if some were.
  var noteOnEmptyRows: String? {
    switch emptyRows {
    case 0: nil
    case 1: "1 line of separators alone is skipped"
    default: "\(emptyRows) lines of separators alone are skipped"
    }
  }
}
