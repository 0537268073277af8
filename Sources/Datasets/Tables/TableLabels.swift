import Tensors

/// What a column says of each row that is to be predicted.
struct TableLabels {
  let column: Table.Column
  let task: Preparation.Task
  /// Why the task was chosen; nil where it was asked for.
  let reason: String?
  /// The names of the classes: numbers in their order, else texts in that of their characters.
  private(set) var classes: [String] = []
  /// The class of each row, or -1 where it has none.
  private(set) var labels: [Int] = []

  /// In bytes. A model's file names its classes, and could not be read with names of megabytes.
  private static let longestName = 1000
  private static let mostClasses = 65_536

  /// Finds what is to be predicted of a table to learn from.
  init(_ table: Table, _ index: Int, asked: Preparation.Task?) throws(DatasetError) {
    column = table.columns[index]
    let profile = ValueProfile(table, index)
    let isNamed = table.format.hasHeader && UsualLabels.isOfClasses(table.format.names[index])
    let isOfClasses =
      profile.form == .text || profile.isOfClasses || isNamed && profile.form == .whole
    task = asked ?? (isOfClasses ? .classification : .regression)
    reason =
      asked != nil
      ? nil
      : profile.form == .text
        ? "texts" : profile.form == .fraction ? "numbers" : "\(profile.distinct) whole numbers"
    if task == .regression {
      guard profile.form != .text else {
        throw table.problem(
          column, column.survey.firstText, expected: "a number in", option: "--task classification")
      }
      return
    }
    guard profile.distinct <= Self.mostClasses else {
      throw .malformed(
        table.text.path, expected: "at most \(Self.mostClasses) classes in column '\(column.name)'",
        found: "more; --task regression is for numbers, --label for another column")
    }
    try find(table)
  }

  /// The numbers of a column.
  init(numbersIn column: Table.Column) {
    (self.column, task, reason) = (column, .regression, nil)
  }

  /// The class of each row by the names of a model's classes; throws where a name is not among them.
  init(
    _ table: Table, _ column: Table.Column, classes: [String]
  ) throws(DatasetError) {
    (self.column, self.classes, task, reason) = (column, classes, .classification, nil)
    let places = Dictionary(zip(classes, classes.indices)) { first, _ in first }
    var unknown: [String: Int] = [:]
    var firstUnknown: Int?
    if column.place.block == .codes {
      let names = table.texts(column.place).map { Self.name($0, in: places) }
      labels = (0..<table.rowCount).map { row in
        let code = table.code(row, column.place)
        return code < 0 ? -1 : places[names[code]] ?? note(row, names[code])
      }
    } else {
      labels = (0..<table.rowCount).map { row in
        let value = table.number(row, column.place)
        return value.isNaN ? -1 : places[Table.text(value)] ?? note(row, Table.text(value))
      }
    }
    func note(_ row: Int, _ name: String) -> Int {
      unknown[name, default: 0] += 1
      firstUnknown = firstUnknown ?? row
      return -1
    }
    if let firstUnknown {
      let names = unknown.keys.sorted().prefix(10).joined(separator: ", ")
      throw DatasetError(
        .malformed, path: table.text.path,
        "line \(table.line(ofRow: firstUnknown)): the model tells \(classes.joined(separator: ", ")) "
          + "apart, column '\(column.name)' also has \(names)")
    }
  }

  /// A text as the model names it: 1.0 is 1 where there is a class 1.
  private static func name(_ text: String, in places: [String: Int]) -> String {
    if places[text] != nil { return text }
    return Float(text).map(Table.text) ?? text
  }

  private mutating func find(_ table: Table) throws(DatasetError) {
    if column.place.block != .codes {
      let values = (0..<table.rowCount).map { table.number($0, column.place) }
      let sorted = Set(values.filter { !$0.isNaN }).sorted()
      let places = Dictionary(uniqueKeysWithValues: zip(sorted, sorted.indices))
      classes = sorted.map(Table.text)
      labels = values.map { places[$0] ?? -1 }
      return
    }
    let fields = table.values.texts[column.place.place]
    if let long = fields.first(where: { $0.end - $0.start > Self.longestName }) {
      throw table.text.error(
        TableProblem(
          offset: long.start,
          expected: "a label of at most \(Self.longestName) bytes in column '\(column.name)'",
          found: "one of \(long.end - long.start)"))
    }
    let texts = table.texts(column.place)
    let order = Self.ordered(texts)
    classes = order.map { texts[$0] }
    var places = [Int](repeating: 0, count: texts.count)
    for (place, code) in order.enumerated() { places[code] = place }
    labels = (0..<table.rowCount).map { row in
      let code = table.code(row, column.place)
      return code < 0 ? -1 : places[code]
    }
  }

  /// Texts in the order of their numbers, where all are whole numbers.
  private static func ordered(_ texts: [String]) -> [Int] {
    let numbers = texts.compactMap(Int.init)
    guard numbers.count == texts.count else {
      return texts.indices.sorted { texts[$0] < texts[$1] }
    }
    return texts.indices.sorted { (numbers[$0], texts[$0]) < (numbers[$1], texts[$1]) }
  }

  /// The numbers of the rows, as the column has them.
  func numbers(_ table: Table, _ rows: [Int]) -> [Float] {
    rows.map { table.number($0, column.place) }
  }

  /// The number of samples of each class in some rows.
  func counts(_ rows: [Int]) -> [Int] {
    rows.reduce(into: classes.map { _ in 0 }) { $0[labels[$1]] += 1 }
  }
}

extension UsualLabels {
  /// Whether a column of that name has classes, however many.
  static func isOfClasses(_ name: String) -> Bool {
    ["label", "labels", "class", "species", "diagnosis"].contains(name.lowercased())
  }
}

extension Table {
  /// What is wrong with a field of a column, how often, and what helps.
  func problem(
    _ column: Column, _ field: TableField?, expected: String, option: String, more: Int = 0
  ) -> DatasetError {
    let field = field ?? TableField(start: text.range.lowerBound, end: text.range.lowerBound)
    let shown = field.start == field.end ? "none" : text.shown(field)
    let others = more > 0 ? " and \(more) more like it" : ""
    return text.error(
      TableProblem(
        offset: field.start, expected: "\(expected) column '\(column.name)'",
        found: "\(shown)\(others); \(option)"))
  }
}
