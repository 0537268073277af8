import Tensors

extension Dataset {
  /// Samples of a table: its rows in two parts, or with those of the file to test with.
  /// - Parameters:
  ///   - table: the table; read for `kept` where that is given
  ///   - settings: how it becomes samples
  ///   - kept: what a model that is to be trained further has learned of another table: the columns that
  ///     it takes with their scales and categories, and the scales of what it predicts, stay
  public init(
    of table: Table, _ settings: TableSettings = TableSettings(), keeping kept: Preparation? = nil
  ) throws(DatasetError) {
    let learned = LearnedTable(table, settings, keeping: kept)
    if let problem = learned.findings.problem { throw problem }
    guard let preparation = learned.preparation, let labels = learned.labels else {
      throw DatasetError(.malformed, path: table.text.path, "nothing to learn from")
    }
    let train = try preparation.part(table, labels, learned.training)
    var findings = learned.findings
    let test: LabelledImages
    if let path = settings.testFile {
      let other = try Table(contentsOf: path, for: preparation, settings.options)
      findings.warnings += preparation.notes(on: other)
      test = try preparation.labelled(other)
    } else {
      test = try preparation.part(table, labels, learned.heldOut)
    }
    self.init(
      name: table.text.path, classNames: preparation.label.classes, train: train, test: test,
      preparation: preparation, findings: findings)
  }

  /// What a table is found to be, whether it can be trained on or not.
  public static func findings(
    of table: Table, _ settings: TableSettings = TableSettings()
  ) -> TableFindings {
    LearnedTable(table, settings).findings
  }
}

extension Preparation {
  /// Some rows with their labels.
  func part(
    _ table: Table, _ labels: TableLabels, _ rows: [Int]
  ) throws(DatasetError) -> LabelledImages {
    let images = try samples(of: table, rows: rows)
    if label.task == .classification {
      return LabelledImages(images: images, labels: rows.map { labels.labels[$0] })
    }
    return LabelledImages(
      images: images, targets: label.outputs(for: labels.numbers(table, rows)))
  }

  /// The rows of a table that have to be scored, which all must have labels: all, or of the file that was
  /// trained on those held out.
  public func labelled(_ table: Table) throws(DatasetError) -> LabelledImages {
    guard let labels = try labels(of: table) else {
      let missing = label.targets.map(\.name).filter { name in
        !table.columns.contains { $0.name == name && $0.kind != .empty }
      }
      throw .malformed(
        table.text.path,
        expected: (missing.count == 1 ? "a column " : "columns ")
          + TableFindings.list(missing.map { "'\($0)'" }) + " with labels",
        found: "none among \(TableFindings.list(table.columns.map(\.name)))")
    }
    if let problem = labels.problem { throw problem }
    if !isHeldOut(of: table) {
      try labels.checkComplete(table, option: "rows without one can be predicted")
    }
    guard table.rowCount > 0 else {
      throw .malformed(table.text.path, expected: "rows to score", found: "none")
    }
    let rows = try rows(of: table).filter { labels.isLabelled($0, of: table) }
    return try part(table, labels, rows)
  }

  /// The rows of a table that the model has not been trained on, and all where it is another file's.
  public func rows(of table: Table) throws(DatasetError) -> [Int] {
    let all = Array(0..<table.rowCount)
    guard isHeldOut(of: table), let split = source.split else { return all }
    let classes = label.task == .classification ? try labels(of: table)?.labels : nil
    return split.rows(table.rowCount, labels: classes).heldOut
  }

  /// Whether a table is the file that was trained on, of which some rows were held out.
  public func isHeldOut(of table: Table) -> Bool {
    table.text.checksum == source.checksum && source.split != nil
  }
}

extension Dataset {
  /// The rows of a table that a model is scored on.
  public init(scored test: LabelledImages, of table: Table, by preparation: Preparation) {
    self.init(
      name: table.text.path, classNames: preparation.label.classes, train: test, test: test,
      preparation: preparation, isHeldOut: preparation.isHeldOut(of: table))
  }

  /// All rows of a table for a model that has learned nothing of it: its columns in their order, as they
  /// stand or as the model takes arrays.
  public init(
    unprepared table: Table, by arrays: ArrayPreparation? = nil
  ) throws(DatasetError) {
    let settings = TableSettings(scale: Preparation.Scale.none, testFile: table.text.path)
    let learned = LearnedTable(table, settings, leavesOut: false)
    if let problem = learned.findings.problem { throw problem }
    guard let preparation = learned.preparation, let labels = learned.labels else {
      throw DatasetError(.malformed, path: table.text.path, "nothing to learn from")
    }
    var (images, note) = (try preparation.samples(of: table), String?.none)
    if let arrays, !images.arePixels {
      (images, note) = try arrays.prepared(images, "the columns", path: table.text.path)
    }
    var known = arrays ?? ArrayPreparation(images, isOfPixels: false)
    let all: LabelledImages
    if labels.task == .regression {
      // A model that has learned no scale gives the numbers themselves.
      let raw = Preparation.Label(
        task: .regression, targets: labels.columns.map { Preparation.Target($0.name) })
      let label = arrays?.label ?? raw
      guard label.targets.count == raw.targets.count else {
        throw .malformed(
          table.text.path, expected: "\(label.targets.count) columns of numbers for --label",
          found: "\(raw.targets.count)")
      }
      known.label = label
      all = LabelledImages(
        images: images, targets: label.outputs(for: labels.numbers(table, learned.training)))
    } else {
      all = LabelledImages(images: images, labels: labels.labels)
    }
    self.init(
      name: table.text.path, classNames: preparation.label.classes, train: all, test: all,
      preparation: nil, arrays: known, notes: note.map { [$0] } ?? [])
  }
}

extension Dataset {
  /// The same set with the samples to train with in a random order.
  package func shufflingTraining(seed: UInt64 = 0) -> Dataset {
    var generator = RandomGenerator(seed: seed, for: .validationSplit)
    let order = Array(0..<train.count).shuffled(using: &generator)
    return Dataset(
      name: name, classNames: classNames, train: train.picked(order), test: test,
      preparation: preparation, findings: findings, pictures: pictures, arrays: arrays)
  }
}
