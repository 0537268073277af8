import Tensors

/// The columns of a table that are to go into a model, and what is learned of each from some rows.
struct ColumnsToLearn {
  private let table: Table
  private let settings: TableSettings
  private let rows: [Int]
  private let leavesOut: Bool
  private var columns: [Int]
  private(set) var features: [Preparation.Column] = []
  private(set) var leftOut: [TableFindings.LeftOut] = []
  private(set) var warnings: [String] = []
  private(set) var scale: Preparation.Scale
  /// Whether all are bytes, which are divided by 255.
  var areOfBytes: Bool {
    scale == .pixels && columns.allSatisfy { table.columns[$0].place.block == .bytes }
  }

  /// A table of so many columns of bytes is one of pixels.
  private static let fewestPixels = 64
  /// Pixels reach further than the levels of a small scale.
  private static let darkest: Float = 16

  init(
    _ table: Table, _ settings: TableSettings, _ choice: LabelChoice, rows: [Int], leavesOut: Bool
  ) throws(DatasetError) {
    (self.table, self.settings, self.rows) = (table, settings, rows)
    self.leavesOut = leavesOut
    let ignored = Set(try table.indices(of: settings.ignored, option: "--ignore"))
    if let column = choice.columns.first(where: ignored.contains) {
      throw .malformed(
        table.text.path, expected: "a label that is not left out",
        found: "'\(table.columns[column].name)' in both --label and --ignore")
    }
    columns = table.columns.indices.filter { index in
      !choice.columns.contains(index) && !ignored.contains(index)
        && !choice.namesakes.contains(index)
    }
    leftOut =
      ignored.sorted().map { .init(column: table.columns[$0].name, reason: "as asked") }
      + choice.namesakes.map {
        .init(column: table.columns[$0].name, reason: "named like the label")
      }
    let isOfPixels = Self.areOfPixels(table, columns)
    scale = settings.scale ?? (isOfPixels ? .pixels : .standard)
    if !isOfPixels || settings.scale != nil && settings.scale != .pixels { try leaveOut() }
    guard !columns.isEmpty else {
      throw .malformed(
        table.text.path, expected: "two columns or more",
        found: "none beside the label to learn from"
          + leftOut.map { "; '\($0.column)' is left out: \($0.reason)" }.joined()
      )
    }
  }

  /// Whether all columns are whole numbers from 0 to 255, and enough for a picture.
  private static func areOfPixels(_ table: Table, _ columns: [Int]) -> Bool {
    columns.count >= fewestPixels
      && columns.allSatisfy { table.columns[$0].place.block == .bytes }
      && table.values.bytes.withUnsafeBufferPointer { $0.contains { Float($0) > darkest } }
  }

  /// Leaves out what says nothing, and refuses what a model can't learn from.
  private mutating func leaveOut() throws(DatasetError) {
    var kept: [Int] = []
    let forms = leavesOut ? forms() : [:]
    for index in columns {
      let column = table.columns[index]
      if let reason = try reasonAgainst(index, column, forms[index]) {
        leftOut.append(.init(column: column.name, reason: reason))
      } else {
        kept.append(index)
        warnAbout(index)
      }
    }
    columns = kept
  }

  /// All columns of dates, as an option takes them.
  private var dates: String {
    columns.map { table.columns[$0] }.filter { $0.kind == .date }.map(\.name).joined(separator: ",")
  }

  /// Without a name, a first column of numbers that differ may identify or measure.
  private mutating func warnAbout(_ index: Int) {
    guard leavesOut, index == columns.first, !table.format.hasHeader,
      ValueProfile(table, index).isOfDifferentNumbers
    else { return }
    let name = table.columns[index].name
    warnings.append(
      "column '\(name)' has a whole number of its own in nearly each row, as identifiers are; "
        + "--ignore \(name)")
  }

  /// The forms of the columns of numbers: of those that show fractions at once there is no more to know.
  private func forms() -> [Int: NumberForm] {
    var forms: [Int: NumberForm] = [:]
    var columns = columns.filter { table.columns[$0].place.block != .codes }
    for count in [min(Table.summaryBlock, table.rowCount), table.rowCount] {
      let found: [NumberForm] = table.summaries(
        of: columns.map { table.columns[$0] }, rows: Array(0..<count))
      for (column, form) in zip(columns, found) { forms[column] = form }
      columns = columns.filter { forms[$0]?.isOfFractions == false }
    }
    return forms
  }

  private func reasonAgainst(
    _ index: Int, _ column: Table.Column, _ form: NumberForm?
  ) throws(DatasetError) -> String? {
    switch column.kind {
    case .empty: return "without values"
    case .date:
      throw table.problem(
        column, column.survey.firstText, expected: "numbers or categories in",
        option: "dates can't be learned from: --ignore \(dates)")
    case .number where column.oddTexts > 0:
      throw table.problem(
        column, column.survey.firstText, expected: "a finite number in",
        option: "correct it, or leave the column out: --ignore \(column.name)",
        more: column.oddTexts - 1)
    default: break
    }
    if settings.missing == .refuse && column.missing > 0 {
      throw table.problem(
        column, column.survey.firstMissing, expected: "a value in",
        option: "--missing mean takes the mean in its place", more: column.missing - 1)
    }
    guard leavesOut else { return nil }
    let profile = ValueProfile(table, index, form: form)
    let isConstant = column.missing == 0 && self.isConstant(column)
    if isConstant { return "the same in all rows" }
    let name = column.name.lowercased()
    let isNamedSo =
      name == "" || name == "id" || name.hasSuffix("_id") || name.hasSuffix(" id")
      || column.name.hasSuffix("Id") || column.name.hasSuffix("ID") || name.hasPrefix("unnamed")
      || name == "index"
    if profile.isOfItsOwn && profile.form != .text { return "which only counts the rows" }
    if isNamedSo && profile.isOfDifferentNumbers { return "a number of its own in each row" }
    return column.kind == .category && profile.isOfItsOwn ? "a text of its own in each row" : nil
  }

  /// Whether all rows to learn from have one value.
  private func isConstant(_ column: Table.Column) -> Bool {
    guard rows.count > 1, let first = rows.first else { return false }
    if column.place.block == .codes {
      let code = table.code(first, column.place)
      return rows.allSatisfy { table.code($0, column.place) == code }
    }
    let value = table.number(first, column.place)
    return rows.allSatisfy { table.number($0, column.place) == value }
  }

  // MARK: Learning

  mutating func learn() {
    let numbers = columns.filter { table.columns[$0].kind != .category }
    let sources = numbers.map { table.columns[$0] }
    let moments: [NumberMoments] = areOfBytes ? [] : table.summaries(of: sources, rows: rows)
    let ranges: [NumberRange] = scale == .minmax ? table.summaries(of: sources, rows: rows) : []
    let momentsOf = Dictionary(uniqueKeysWithValues: zip(numbers, moments))
    let rangeOf = Dictionary(uniqueKeysWithValues: zip(numbers, ranges))
    features = columns.map { index in
      let column = table.columns[index]
      return column.kind == .category
        ? category(column)
        : number(column, momentsOf[index] ?? NumberMoments(), rangeOf[index] ?? NumberRange())
    }
    if scale == .none { warnUnscaled() }
  }

  /// Whether some row to learn from has no value: else an indicator would have nothing to learn.
  private func hasMissing(_ column: Table.Column) -> Bool {
    column.missing > 0
      && rows.contains { row in
        column.place.block == .codes
          ? table.code(row, column.place) < 0 : table.number(row, column.place).isNaN
      }
  }

  private func number(
    _ column: Table.Column, _ moments: NumberMoments, _ range: NumberRange
  ) -> Preparation.Column {
    var learned = Preparation.Column(name: column.name, kind: column.kind)
    learned.hasIndicator = hasMissing(column)
    if scale == .pixels && !learned.hasIndicator {
      learned.factor = 1 / 255
      return learned
    }
    if moments.count == 0 { return learned }
    learned.mean = Float(moments.mean)
    switch scale {
    case .standard:
      learned.offset = Float(moments.mean)
      learned.factor = moments.deviation > 0 ? Float(1 / moments.deviation) : 1
    case .minmax:
      let (least, greatest) = (range.least, range.greatest)
      learned.offset = least
      learned.factor = greatest > least ? Float(1 / (Double(greatest) - Double(least))) : 1
    case .pixels: learned.factor = 1 / 255
    case .none: break
    }
    return learned
  }

  /// Of fewer rows than this part, and than this number, a category shares its input with others.
  private static let rareShare = 0.01
  private static let rareCount = 10
  private static let mostCategories = 100

  private func category(_ column: Table.Column) -> Preparation.Column {
    var learned = Preparation.Column(name: column.name, kind: .category)
    learned.hasIndicator = hasMissing(column)
    let texts = table.texts(column.place)
    var counts = [Int](repeating: 0, count: texts.count)
    for row in rows {
      let code = table.code(row, column.place)
      if code >= 0 { counts[code] += 1 }
    }
    let fewest = max(1, min(Self.rareCount, Int(Self.rareShare * Double(rows.count))))
    let frequent = texts.indices.filter { counts[$0] >= fewest }
    let ranked = frequent.sorted { (a: Int, b: Int) in (counts[b], texts[a]) < (counts[a], texts[b])
    }
    let common = ranked.prefix(Self.mostCategories)
    learned.categories = common.map { texts[$0] }.sorted()
    let seen = counts.count(where: { $0 > 0 })
    learned.hasOthers = seen > common.count
    return learned
  }

  /// Without a scale, columns a thousand times as large as others drown them.
  private mutating func warnUnscaled() {
    let numbers = columns.map { table.columns[$0] }.filter { $0.kind == .number }
    let sizes = numbers.map { column -> (name: String, size: Float) in
      let values = table.numbers(column, rows)
      return (column.name, values.reduce(Float(0)) { $1.isNaN ? $0 : max($0, abs($1)) })
    }.filter { $0.size > 0 }
    guard let least = sizes.min(by: { $0.size < $1.size }),
      let greatest = sizes.max(by: { $0.size < $1.size }), greatest.size > 1000 * least.size
    else { return }
    warnings.append(
      "column '\(greatest.name)' reaches \(Table.text(greatest.size)), '\(least.name)' only "
        + "\(Table.text(least.size)); --scale standard")
  }
}

extension Table {
  /// A word of a boolean, or what stands for one, as a number.
  static func boolean(_ text: String) -> Float {
    FieldKind.booleans[text.lowercased()] ?? Float(text) ?? .nan
  }
}
