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
  /// What a model that is trained further has learned, which stays.
  private let kept: Preparation?

  /// Looks at a table, and learns from the rows that are not held out.
  /// - Parameters:
  ///   - leavesOut: whether columns that say nothing are left out
  ///   - kept: what has been learned of another table, and stands for what could be of this one
  init(
    _ table: Table, _ settings: TableSettings, leavesOut: Bool = true,
    keeping kept: Preparation? = nil
  ) {
    self.kept = kept
    (self.table, self.settings, self.leavesOut) = (table, settings, leavesOut)
    findings.describe(table)
    do throws(DatasetError) {
      try learn()
    } catch {
      findings.problem = error
    }
  }

  private mutating func learn() throws(DatasetError) {
    let ownLabels = labelsOfKept
    let choice = try LabelChoice(
      table, asked: ownLabels ?? settings.labels, ignoring: settings.ignored)
    var labels = try TableLabels(
      table, choice.columns,
      asked: settings.task ?? (ownLabels == nil ? nil : kept?.label.task))
    if let kept { labels = try kept.ordered(labels, table) }
    self.labels = labels
    findings.label = Preparation.Label(
      task: labels.task, targets: labels.columns.map { Preparation.Target($0.name) },
      classes: labels.classes)
    tell(choice, labels)
    let split = tableSplit
    let classes = labels.task == .classification ? labels.labels : nil
    (training, heldOut) =
      split?.rows(table.rowCount, labels: classes) ?? (Array(0..<table.rowCount), [])
    try leaveOutUnlabelled(labels)
    let inputs: (columns: [Preparation.Column], scale: Preparation.Scale, areBytes: Bool)
    if let kept {
      inputs = (kept.columns, kept.scale, kept.isOfBytes)
    } else {
      let learned = try learnedColumns(choice)
      inputs = (learned.features, learned.scale, learned.areOfBytes)
    }
    try checkSplit()
    let label = learned(labels)
    if kept == nil && leavesOut && !inputs.areBytes { warnOfValues(labels, inputs.columns) }
    findings.features = inputs.columns.map(\.name)
    findings.label = label
    preparation = Preparation(
      format: TableOptions(
        separator: table.format.separator, decimal: table.format.decimal,
        hasHeader: table.format.hasHeader),
      names: table.columns.map(\.name), columns: inputs.columns, scale: inputs.scale,
      isOfBytes: inputs.areBytes, label: label,
      source: Preparation.Source(checksum: table.text.checksum, split: split))
    tell(choice, labels, inputs.scale, split)
  }

  /// The columns that a model which is trained further predicts, unless others are asked for.
  private var labelsOfKept: [String]? {
    guard settings.labels.isEmpty, let names = kept?.label.targets.map(\.name) else { return nil }
    return names.allSatisfy { name in table.columns.contains { $0.name == name } } ? names : nil
  }

  /// Which rows are held out: of a file that a model has learned from, the same as then.
  private var tableSplit: TableSplit? {
    if settings.testFile != nil { return nil }
    if let kept, kept.isHeldOut(of: table) { return kept.source.split }
    return TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed)
  }

  /// What the rows to train on tell of the columns.
  private mutating func learnedColumns(
    _ choice: LabelChoice
  ) throws(DatasetError) -> ColumnsToLearn {
    var columns = try ColumnsToLearn(table, settings, choice, rows: training, leavesOut: leavesOut)
    columns.learn()
    findings.leftOut = columns.leftOut
    findings.warnings += columns.warnings
    return columns
  }

  /// Rows without a label are neither to train on nor to test with.
  private mutating func leaveOutUnlabelled(_ labels: TableLabels) throws(DatasetError) {
    let (table, columns) = (table, labels.columns.filter { $0.missing > 0 })
    if columns.isEmpty { return }
    let labelled = (0..<table.rowCount).count { labels.isLabelled($0, of: table) }
    if settings.missing == .refuse || labelled == 0 {
      try labels.checkComplete(table, option: "remove the rows without one")
    }
    training.removeAll { !labels.isLabelled($0, of: table) }
    heldOut.removeAll { !labels.isLabelled($0, of: table) }
    findings.warnings.append(
      "\(table.rowCount - labelled) of \(table.rowCount) rows are left out, since they have no label in "
        + "column \(TableFindings.list(columns.map { "'\($0.name)'" })); --missing refuse refuses them"
    )
  }

  private func checkSplit() throws(DatasetError) {
    guard training.isEmpty || heldOut.isEmpty && settings.testFile == nil else { return }
    throw DatasetError(
      .malformed, path: table.text.path,
      "\(table.rowCount) rows leave \(training.count) to train on and \(heldOut.count) to test "
        + "with; --test-split R holds out another part, --test FILE tests with another file")
  }

  /// The label with the scale of its numbers in the rows to train on.
  private func learned(_ labels: TableLabels) -> Preparation.Label {
    if labels.task == .classification {
      return Preparation.Label(
        task: labels.task, targets: [Preparation.Target(labels.columns[0].name)],
        classes: labels.classes)
    }
    if let kept, kept.predicts(labels) { return kept.label }
    return Preparation.Label(
      task: labels.task,
      targets: labels.columns.map { column in
        Preparation.Target(
          column.name, learnedFrom: training.lazy.map { table.number($0, column.place) })
      })
  }

  // MARK: What was found

  /// The label, which is known whatever is wrong with other columns.
  private mutating func tell(_ choice: LabelChoice, _ labels: TableLabels) {
    let table = table
    if labels.task == .regression {
      findings.ranges = labels.columns.map { column in
        let all = (0..<table.rowCount).lazy.map { table.number($0, column.place) }
          .filter { !$0.isNaN }
        return (all.min() ?? 0)...(all.max() ?? 0)
      }
    }
    let name = choice.columns.map { index in
      table.format.hasHeader ? "'\(table.columns[index].name)'" : "column \(index + 1)"
    }.joined(separator: ", ")
    let found = choice.reason.map { " (\($0); --label NAME|NUMBER)" } ?? ""
    let why = labels.reason.map { " (\($0); --task)" } ?? ""
    let values =
      labels.task == .classification
      ? "\(labels.classes.count) classes: " + TableFindings.list(labels.classes)
      : findings.ranges.map {
        "from \(Table.text($0.lowerBound)) to \(Table.text($0.upperBound))"
      }.joined(separator: ", ")
    findings.lines.append("label: \(name)\(found), \(labels.task.rawValue)\(why), \(values)")
  }

  private mutating func tell(
    _ choice: LabelChoice, _ labels: TableLabels, _ scale: Preparation.Scale,
    _ split: TableSplit?
  ) {
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
    findings.lines.append(
      "scaled: " + (kept == nil ? "\(meaning) (--scale)" : "as the model knows"))
    if let split {
      let kind =
        labels.task == .regression && split.kind == .stratified ? .shuffled : split.kind
      let isKept = kept?.isHeldOut(of: table) ?? false
      let reason = isKept ? "those that the model knows" : "--test-split, --test FILE"
      findings.lines.append(
        "split: \(training.count) rows to train on, \(heldOut.count) to test with "
          + "(\(kind.rawValue), seed \(split.seed); \(reason))")
    } else {
      findings.lines.append(
        "split: all \(training.count) rows to train on, tested with \(settings.testFile ?? "")")
    }
    if let kept { findings.lines += kept.whatIsNew(in: table) }
    if choice.reason != nil { warnOfSiblings(of: labels.columns[0].name, labels.task) }
    warn(labels)
  }

  /// Of the columns X1, X2, Y1 and Y2, where the last is the label, the one before most likely is another
  /// label, which is not known of rows to predict.
  private mutating func warnOfSiblings(of label: String, _ task: Preparation.Task) {
    func stem(_ name: String) -> Substring? {
      let stem = name.prefix { !$0.isNumber }
      return stem.isEmpty || stem.endIndex == name.endIndex ? nil : stem
    }
    guard let own = stem(label) else { return }
    let siblings = findings.features.filter { stem($0) == own }
    if siblings.isEmpty || siblings.count == findings.features.count { return }
    let names = siblings.joined(separator: ",")
    let all = task == .regression ? ", or --label \(names),\(label) to predict all" : ""
    findings.warnings.append(
      "'\(label)' is predicted from \(TableFindings.list(siblings.map { "'\($0)'" })) too; where that "
        + "is not known before: --ignore \(names)\(all)")
  }

  /// Columns that give the label away may come from it, as the sum of two counts does; and numbers may mean
  /// that there is none.
  private mutating func warnOfValues(_ labels: TableLabels, _ features: [Preparation.Column]) {
    let names = Set(features.map(\.name))
    let columns = table.columns.filter { names.contains($0.name) }
    let numbers = columns + (labels.task == .regression ? labels.columns : [])
    findings.warnings += numbers.filter { $0.kind == .number }.compactMap {
      MissingMark(in: $0, of: table, rows: training)?.text
    }
    let leaks =
      labels.task == .classification
      ? labels.leaks(columns, of: table, rows: training)
      : labels.columns.compactMap { ExactFit(of: $0, by: columns, in: table, rows: training)?.text }
    findings.warnings += leaks
  }

  private mutating func warn(_ labels: TableLabels) {
    guard labels.task == .classification else { return }
    let (classes, name) = (labels.classes, labels.columns[0].name)
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

extension Preparation {
  /// Labels of a table that a model is trained further on, its classes or numbers in the order of the
  /// model's where they are the same.
  fileprivate func ordered(
    _ labels: TableLabels, _ table: Table
  ) throws(DatasetError) -> TableLabels {
    let names = labels.columns.map(\.name)
    if let name = names.first(where: { name in columns.contains { $0.name == name } }) {
      throw .malformed(
        table.text.path, expected: "a label that the model does not learn from", found: "'\(name)'")
    }
    if labels.task == .classification {
      guard labels.classes.sorted() == label.classes.sorted() else { return labels }
      return TableLabels(table, labels.columns[0], classes: label.classes)
    }
    let own = label.targets.compactMap { target in labels.columns.first { $0.name == target.name } }
    return own.count == names.count ? TableLabels(numbersIn: own) : labels
  }

  /// Whether the model predicts numbers of these columns, in their order.
  fileprivate func predicts(_ labels: TableLabels) -> Bool {
    label.task == .regression && labels.task == .regression
      && label.targets.map(\.name) == labels.columns.map(\.name)
  }
}
