import Tensors

/// What is to be predicted of each row: the class in a column, or the numbers in some.
struct TableLabels {
  let columns: [Table.Column]
  let task: Preparation.Task
  /// Why the task was chosen; nil where it was asked for.
  let reason: String?
  /// The names of the classes: numbers in their order, else texts in that of their characters.
  private(set) var classes: [String] = []
  /// The class of each row, or -1 where it has none.
  private(set) var labels: [Int] = []
  /// What is wrong with labels that are none of the model's classes, if there are some.
  private(set) var problem: DatasetError?

  /// In bytes. A model's file names its classes, and could not be read with names of megabytes.
  private static let longestName = 1000
  private static let mostClasses = 65_536

  /// Finds what is to be predicted of a table to learn from.
  init(_ table: Table, _ indices: [Int], asked: Preparation.Task?) throws(DatasetError) {
    columns = indices.map { table.columns[$0] }
    if indices.count > 1 {
      (task, reason) = (.regression, asked == nil ? "several columns" : nil)
      guard asked != .classification else {
        throw .malformed(
          table.text.path, expected: "one column of classes for --label",
          found: TableFindings.list(columns.map { "'\($0.name)'" }))
      }
      for column in columns { try table.checkNumbers(column) }
      return
    }
    let (index, column) = (indices[0], columns[0])
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
      try table.checkNumbers(column)
      return
    }
    guard profile.distinct <= Self.mostClasses else {
      throw .malformed(
        table.text.path, expected: "at most \(Self.mostClasses) classes in column '\(column.name)'",
        found: "more; --task regression is for numbers, --label for another column")
    }
    try find(table, column)
  }

  /// The numbers of columns.
  init(numbersIn columns: [Table.Column]) {
    (self.columns, task, reason) = (columns, .regression, nil)
  }

  /// The class of each row by the names of a model's classes, -1 where it is none of these.
  init(_ table: Table, _ column: Table.Column, classes: [String]) {
    (columns, self.classes, task, reason) = ([column], classes, .classification, nil)
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
      problem = DatasetError(
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

  private mutating func find(_ table: Table, _ column: Table.Column) throws(DatasetError) {
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

  /// The numbers of the rows, as the columns have them: [rows, columns].
  func numbers(_ table: Table, _ rows: [Int]) -> Tensor {
    Tensor(shape: [rows.count, columns.count]) { numbers in
      for (place, row) in rows.enumerated() {
        for (index, column) in columns.enumerated() {
          numbers[place * columns.count + index] = table.number(row, column.place)
        }
      }
    }
  }

  /// Throws where a row has no label, with what helps.
  func checkComplete(_ table: Table, option: String) throws(DatasetError) {
    guard let column = columns.first(where: { $0.missing > 0 }) else { return }
    throw table.problem(
      column, column.survey.firstMissing, expected: "a label in", option: option,
      more: column.missing - 1)
  }

  /// Whether a row has a label.
  func isLabelled(_ row: Int, of table: Table) -> Bool {
    task == .classification
      ? labels[row] >= 0 : columns.allSatisfy { !table.number(row, $0.place).isNaN }
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
  /// Throws where a column to be predicted has other values than numbers.
  fileprivate func checkNumbers(_ column: Column) throws(DatasetError) {
    if column.place.block != .codes { return }
    throw problem(
      column, column.survey.firstText, expected: "a number in", option: "--task classification")
  }

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
