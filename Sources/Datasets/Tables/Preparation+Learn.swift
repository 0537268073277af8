import Tensors

/// A table whose label and columns have been looked at, with the rows to train on and to test with.
struct LearnedTable {
  let table: Table
  let settings: TableSettings
  private(set) var findings = TableFindings()
  private(set) var labels: TableLabels?
  private(set) var training: [Int] = []
  private(set) var heldOut: [Int] = []
  /// Nil where the table cannot be trained on, which ``TableFindings/problem`` tells.
  private(set) var preparation: Preparation?

  private let leavesOut: Bool

  /// Looks at a table, and learns from the rows that are not held out.
  /// - Parameter leavesOut: whether columns that say nothing are left out
  init(_ table: Table, _ settings: TableSettings, leavesOut: Bool = true) {
    (self.table, self.settings, self.leavesOut) = (table, settings, leavesOut)
    findings.describe(table)
    do throws(DatasetError) {
      try learn()
    } catch {
      findings.problem = error
    }
  }

  private mutating func learn() throws(DatasetError) {
    let choice = try LabelChoice(table, asked: settings.label)
    let labels = try TableLabels(table, choice.column, asked: settings.task)
    self.labels = labels
    findings.label = Preparation.Label(
      name: labels.column.name, task: labels.task, classes: labels.classes)
    guard labels.column.missing == 0 else {
      throw table.problem(
        labels.column, labels.column.survey.firstMissing, expected: "a label in",
        option: "remove the rows without one", more: labels.column.missing - 1)
    }
    split(labels)
    var columns = try ColumnsToLearn(table, settings, choice, rows: training, leavesOut: leavesOut)
    try checkSplit()
    columns.learn()
    findings.leftOut = columns.leftOut
    findings.features = columns.features.map(\.name)
    findings.warnings += columns.warnings
    let label = learned(labels)
    findings.label = label
    preparation = Preparation(
      format: TableOptions(
        separator: table.format.separator, decimal: table.format.decimal,
        hasHeader: table.format.hasHeader),
      names: table.columns.map(\.name), columns: columns.features, scale: columns.scale,
      isOfBytes: columns.areOfBytes,
      label: label,
      source: Preparation.Source(
        checksum: table.text.checksum,
        split: settings.testFile == nil
          ? TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed) : nil))
    tell(choice, labels, columns.scale)
  }

  private mutating func split(_ labels: TableLabels) {
    if settings.testFile != nil {
      training = Array(0..<table.rowCount)
      return
    }
    let classes = labels.task == .classification ? labels.labels : nil
    let split = TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed)
    (training, heldOut) = split.rows(table.rowCount, labels: classes)
  }

  private func checkSplit() throws(DatasetError) {
    guard training.isEmpty || heldOut.isEmpty && settings.testFile == nil else { return }
    throw DatasetError(
      .malformed, path: table.text.path,
      "\(table.rowCount) rows leave \(training.count) to train on and \(heldOut.count) to test "
        + "with; --test-split R holds out another part, --test FILE tests with another file")
  }

  /// The label with the scale of its numbers in the rows to train on.
  private mutating func learned(_ labels: TableLabels) -> Preparation.Label {
    var label = Preparation.Label(
      name: labels.column.name, task: labels.task, classes: labels.classes)
    if labels.task == .classification { return label }
    let values = labels.numbers(table, training).map { Double($0) }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    label.mean = Float(mean)
    label.deviation = variance > 0 ? Float(variance.squareRoot()) : 1
    let all = labels.numbers(table, Array(0..<table.rowCount))
    findings.range = (all.min() ?? 0)...(all.max() ?? 0)
    return label
  }

  // MARK: What was found

  private mutating func tell(
    _ choice: LabelChoice, _ labels: TableLabels, _ scale: Preparation.Scale
  ) {
    let name =
      table.format.hasHeader ? "'\(labels.column.name)'" : "column \(choice.column + 1)"
    let found = choice.reason.map { " (\($0); --label NAME|NUMBER)" } ?? ""
    let why = labels.reason.map { " (\($0); --task)" } ?? ""
    let values =
      labels.task == .classification
      ? "\(labels.classes.count) classes: " + TableFindings.list(labels.classes)
      : findings.range.map {
        "from \(Table.text($0.lowerBound)) to \(Table.text($0.upperBound))"
      } ?? ""
    findings.lines.append("label: \(name)\(found), \(labels.task.rawValue)\(why), \(values)")
    let reasons = Dictionary(grouping: findings.leftOut) { $0.reason }
    for reason in reasons.keys.sorted() {
      let names = reasons[reason, default: []].map { "'\($0.column)'" }
      findings.lines.append("left out: \(TableFindings.list(names)), \(reason)")
    }
    let meaning =
      switch scale {
      case .standard: "numbers to mean 0 and deviation 1"
      case .minmax: "numbers to 0…1"
      case .pixels: "numbers divided by 255"
      case .none: "nothing"
      }
    findings.lines.append("scaled: \(meaning) (--scale)")
    if let testFile = settings.testFile {
      findings.lines.append(
        "split: all \(training.count) rows to train on, tested with \(testFile)")
    } else {
      let kind =
        labels.task == .regression && settings.split == .stratified ? .shuffled : settings.split
      findings.lines.append(
        "split: \(training.count) rows to train on, \(heldOut.count) to test with "
          + "(\(kind.rawValue), seed \(settings.seed); --test-split, --test FILE)")
    }
    warn(labels)
  }

  private mutating func warn(_ labels: TableLabels) {
    guard labels.task == .classification else { return }
    let (classes, name) = (labels.classes, labels.column.name)
    if classes.count == 1 {
      findings.warnings.append(
        "column '\(name)' has one class alone, '\(classes[0])'; --label for another column")
    }
    if 2 * classes.count > table.rowCount && classes.count > 2 {
      findings.warnings.append(
        "column '\(name)' has \(classes.count) classes in \(table.rowCount) rows; "
          + "--task regression for numbers, --label for another column")
    }
    let alike = Dictionary(grouping: classes) { $0.lowercased() }.values.filter { $0.count > 1 }
    for names in alike.sorted(by: { $0[0] < $1[0] }).prefix(5) {
      findings.warnings.append(
        "the classes \(names.map { "'\($0)'" }.joined(separator: ", ")) of column '\(name)' differ "
          + "in the case of their letters alone")
    }
    let changes = zip(labels.labels, labels.labels.dropFirst()).count { $0 != $1 }
    if settings.split == .last && settings.testFile == nil && classes.count > 1
      && changes < 2 * classes.count
    {
      findings.warnings.append(
        "the rows are sorted by '\(name)', so that the last ones are of few classes; --split stratified"
      )
    }
    let counts = labels.counts(training)
    let unseen = classes.indices.filter { counts[$0] == 0 }.map { "'\(classes[$0])'" }
    if !unseen.isEmpty {
      findings.warnings.append(
        "no row to train on is of \(TableFindings.list(unseen)); --split stratified")
    }
  }
}
