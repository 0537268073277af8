import Tensors

extension Dataset {
  /// Samples of a table: its rows in two parts, or with those of the file to test with.
  public init(of table: Table, _ settings: TableSettings = TableSettings()) throws(DatasetError) {
    let learned = LearnedTable(table, settings)
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
    let values = labels.numbers(table, rows).map { ($0 - label.mean) / label.deviation }
    return LabelledImages(images: images, targets: Tensor(values, shape: [rows.count, 1]))
  }

  /// The rows of a table that have to be scored, which all must have labels: all, or of the file that was
  /// trained on those held out.
  public func labelled(_ table: Table) throws(DatasetError) -> LabelledImages {
    guard let labels = try labels(of: table) else {
      throw .malformed(
        table.text.path, expected: "a column '\(label.name)' with labels",
        found: "none among \(TableFindings.list(table.columns.map(\.name)))")
    }
    guard labels.column.missing == 0 else {
      throw table.problem(
        labels.column, labels.column.survey.firstMissing, expected: "a label in",
        option: "rows without one can be predicted", more: labels.column.missing - 1)
    }
    guard table.rowCount > 0 else {
      throw .malformed(table.text.path, expected: "rows to score", found: "none")
    }
    return try part(table, labels, rows(of: table))
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

  /// All rows of a table for a model that has learned nothing of it: its columns in their order, not
  /// scaled.
  public init(unprepared table: Table) throws(DatasetError) {
    let settings = TableSettings(scale: Preparation.Scale.none, testFile: table.text.path)
    let learned = LearnedTable(table, settings, leavesOut: false)
    if let problem = learned.findings.problem { throw problem }
    guard let preparation = learned.preparation, let labels = learned.labels else {
      throw DatasetError(.malformed, path: table.text.path, "nothing to learn from")
    }
    let all = try preparation.part(table, labels, learned.training)
    self.init(
      name: table.text.path, classNames: preparation.label.classes, train: all, test: all,
      preparation: nil)
  }
}

extension Dataset {
  /// The same set with the samples to train with in a random order.
  package func shufflingTraining(seed: UInt64 = 0) -> Dataset {
    var generator = RandomGenerator(seed: seed, for: .validationSplit)
    let order = Array(0..<train.count).shuffled(using: &generator)
    let (width, shape) = (train.images.shape.count, train.images.shape)
    let images: Images
    if let values = train.images.values {
      images = Images(
        values: Tensor(shape: values.shape) { target in
          values.withUnsafeBufferPointer { source in
            for (row, place) in order.enumerated() {
              for column in 0..<width {
                target[row * width + column] = source[place * width + column]
              }
            }
          }
        })
    } else {
      images = Images(pixels: order.flatMap { train.images[$0] }, shape: shape)
    }
    return Dataset(
      name: name, classNames: classNames,
      train: LabelledImages(images: images, labels: order.map { train.labels[$0] }), test: test,
      preparation: preparation, findings: findings)
  }
}
