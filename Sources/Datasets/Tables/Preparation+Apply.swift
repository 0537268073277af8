import BLAS
import Tensors

extension Preparation {
  /// Learns from a table, whose held-out rows it does not look at.
  ///
  /// Throws where there is no label to be found, and where a column can't be learned from, naming the
  /// line, what was found, and what helps.
  public init(
    learnedFrom table: Table, _ settings: TableSettings = TableSettings()
  ) throws(DatasetError) {
    let learned = LearnedTable(table, settings)
    guard let preparation = learned.preparation else {
      throw learned.findings.problem
        ?? DatasetError(.malformed, path: table.text.path, "nothing to learn from")
    }
    self = preparation
  }

  /// The rows of a table as the model takes them, by the names of the columns.
  ///
  /// Throws where a column is missing, or has values that are not of its kind.
  public func samples(of table: Table) throws(DatasetError) -> Images {
    try samples(of: table, rows: nil)
  }

  package func samples(of table: Table, rows: [Int]?) throws(DatasetError) -> Images {
    var found: [Table.Column] = []
    let places = Dictionary(
      zip(table.columns.map(\.name), table.columns.indices)
    ) { first, _ in first }
    for column in columns {
      found.append(try self.column(column, of: table, at: places[column.name]))
    }
    let rows = rows ?? Array(0..<table.rowCount)
    if isOfBytes {
      if let column = found.first(where: { $0.place.block != .bytes }), !rows.isEmpty {
        throw .malformed(
          table.text.path,
          expected:
            "whole numbers from 0 to 255 in column '\(column.name)', as the model learned from",
          found: "others")
      }
    }
    let inputs = inputs
    if let scratch = table.text.scratch, !rows.isEmpty {
      let format = isOfBytes ? NumberFormat.uint8 : .float32
      let file = try ScratchFile(rows.count * inputs * format.byteCount, in: scratch)
      if isOfBytes {
        write(pixelsOf: rows, table, found, to: file.start.assumingMemoryBound(to: UInt8.self))
      } else {
        write(rows, of: table, found, to: file.start.assumingMemoryBound(to: Float.self))
      }
      let samples = FileSamples(
        try MappedFile(file), offset: 0, format, shape: [rows.count, inputs])
      return Images(
        samples, shape: [inputs], blockShuffle: table.text.memory.shuffle(of: samples))
    }
    if isOfBytes {
      let pixels = [UInt8](unsafeUninitializedCapacity: rows.count * inputs) { buffer, count in
        write(pixelsOf: rows, table, found, to: SharedMemory(unwritten: buffer).start)
        count = rows.count * inputs
      }
      return Images(pixels: pixels, shape: [inputs])
    }
    return Images(
      values: Tensor(shape: [rows.count, inputs]) { buffer in
        write(rows, of: table, found, to: SharedMemory(unwritten: buffer).start)
      })
  }

  /// Writes the inputs of some rows, given the columns of the table in the order of the model's.
  private func write(
    _ rows: [Int], of table: Table, _ found: [Table.Column], to start: UnsafeMutablePointer<Float>
  ) {
    let (memory, inputs) = (SharedMemory(start: start), inputs)
    let writers = zip(columns, found).map { InputWriter($0, $1, table) }
    Self.inBlocks(of: rows, values: inputs) { block in
      var target = memory.start + block.lowerBound * inputs
      for writer in writers {
        writer.write(rows[block], of: table, to: target, stride: inputs)
        target += writer.width
      }
    }
  }

  /// Calls `body` on all threads with ranges of places of rows of so many values.
  private static func inBlocks(of rows: [Int], values: Int, _ body: (Range<Int>) -> Void) {
    let size = max(1, 1 << 16 / max(1, values))
    Threads.forEach((rows.count + size - 1) / size) { block in
      body(block * size..<min(rows.count, (block + 1) * size))
    }
  }

  /// Writes the pixels of some rows.
  private func write(
    pixelsOf rows: [Int], _ table: Table, _ found: [Table.Column],
    to start: UnsafeMutablePointer<UInt8>
  ) {
    let places = found.map(\.place.place)
    let (width, count) = (table.values.widths.bytes, places.count)
    let isOneRun = zip(places, places.dropFirst()).allSatisfy { $1 == $0 + 1 }
    let memory = SharedMemory(start: start)
    Self.inBlocks(of: rows, values: count) { block in
      table.values.bytes.withUnsafeBufferPointer { source in
        for row in block {
          let (from, to) = (source.baseAddress! + rows[row] * width, memory.start + row * count)
          if isOneRun {
            to.initialize(from: from + places[0], count: count)
          } else {
            for (place, column) in places.enumerated() { to[place] = from[column] }
          }
        }
      }
    }
  }

  /// A column of a table that the model knows.
  private func column(
    _ known: Column, of table: Table, at place: Int?
  ) throws(DatasetError) -> Table.Column {
    guard let place else {
      let missing = columns.map(\.name).filter { name in !table.columns.contains { $0.name == name }
      }
      throw .malformed(
        table.text.path,
        expected: "the columns that the model learned from",
        found: "none named \(TableFindings.list(missing.map { "'\($0)'" })) among "
          + TableFindings.list(table.columns.map(\.name)))
    }
    let column = table.columns[place]
    let others =
      known.kind == .boolean ? column.survey.dates + column.survey.texts : column.oddTexts
    if known.kind != .category && others > 0 {
      throw table.problem(
        column, column.survey.firstText,
        expected: known.kind == .boolean ? "yes or no, true or false in" : "a finite number in",
        option: "as the model learned from", more: others - 1)
    }
    return column
  }

  /// The label of each row of a table; nil where it has no column of labels, or not all of them.
  func labels(of table: Table) throws(DatasetError) -> TableLabels? {
    let columns = label.targets.compactMap { target in
      table.columns.first { $0.name == target.name && $0.kind != .empty }
    }
    guard columns.count == label.targets.count else { return nil }
    if label.task == .classification {
      return TableLabels(table, columns[0], classes: label.classes)
    }
    if let column = columns.first(where: { $0.place.block == .codes }) {
      throw table.problem(
        column, column.survey.firstText, expected: "a finite number in", option: "as the label is",
        more: max(0, column.oddTexts - 1))
    }
    return TableLabels(numbersIn: columns)
  }

  /// The class of some rows of a table, or -1 where it is not told or none of the model's, of which the
  /// note tells; nil where there is no column of labels, and for numbers.
  package func labels(
    of table: Table, rows: [Int]
  ) throws(DatasetError) -> (labels: [Int], note: String?)? {
    guard label.task == .classification, let labels = try labels(of: table) else { return nil }
    return (
      rows.map { labels.labels[$0] },
      labels.problem.map { "\($0); these rows are predicted, their labels ignored" }
    )
  }

  /// The numbers to predict in some rows of a table, in their units: [rows, targets]; nil where a column
  /// or a value is missing.
  package func numbers(of table: Table, rows: [Int]) throws(DatasetError) -> Tensor? {
    guard label.task == .regression, let labels = try labels(of: table),
      labels.columns.allSatisfy({ $0.missing == 0 })
    else { return nil }
    return labels.numbers(table, rows)
  }

  /// What lines of a table are skipped, what columns the model does not know, and what values it has not
  /// seen, in lines.
  public func notes(on table: Table) -> [String] {
    [table.noteOnEmptyRows].compactMap { $0 } + whatIsNew(in: table)
  }

  /// What columns of a table the model does not know, and values that it has not seen, in lines.
  func whatIsNew(in table: Table) -> [String] {
    var notes: [String] = []
    let unknown = table.columns.map(\.name).filter { !names.contains($0) }
    if !unknown.isEmpty {
      notes.append(
        "the model does not know \(TableFindings.list(unknown.map { "'\($0)'" })): left out")
    }
    for known in columns {
      guard let column = table.columns.first(where: { $0.name == known.name }) else { continue }
      if known.kind == .category, column.place.block == .codes {
        let texts = table.texts(column.place)
        let others = texts.filter { !known.categories.contains($0) }
        if !others.isEmpty && !known.hasOthers {
          notes.append(
            "column '\(known.name)': the model has not seen "
              + TableFindings.list(others.map { "'\($0)'" }, most: 5))
        }
      }
      if column.missing > 0 && !known.hasIndicator && column.kind != .empty {
        notes.append(
          "column '\(known.name)': the mean is taken for \(column.missing) missing values, of which "
            + "the model has seen none")
      }
    }
    return notes
  }
}

extension Table {
  /// Reads a file as a model that has learned from another takes it: columns by name, of the same kinds.
  ///
  /// Where either has no header, the columns are taken by their places, without that of the labels where
  /// there is one fewer.
  public init(
    contentsOf path: String, for preparation: Preparation, _ options: TableOptions = TableOptions()
  ) throws(DatasetError) {
    try self.init(TableText(contentsOf: path), for: preparation, options)
  }

  /// Reads a file with columns beside those that the model knows, as texts.
  package init(
    contentsOf path: String, for preparation: Preparation, _ options: TableOptions,
    reading others: [String]
  ) throws(DatasetError) {
    try self.init(TableText(contentsOf: path), for: preparation, options, reading: others)
  }

  /// Reads whole rows that have come from a stream, written as what the model has learned from unless
  /// told otherwise.
  /// - Parameters:
  ///   - lines: how many lines have come before
  ///   - names: of the columns; nil for the first rows
  package init(
    stream bytes: [UInt8], linesBefore lines: Int, for preparation: Preparation,
    _ options: TableOptions, names: [String]?, reading others: [String]
  ) throws(DatasetError) {
    var options = options
    options.separator = options.separator ?? preparation.format.separator
    if options.separator == preparation.format.separator {
      options.decimal = options.decimal ?? preparation.format.decimal
    }
    let text = try TableText(bytes, path: "standard input", linesBefore: lines)
    try self.init(text, for: preparation, options, names: names, reading: others)
  }

  /// A column by its name or number.
  package func column(_ name: String, option: String) throws(DatasetError) -> Column {
    columns[try index(of: name, option: option)]
  }

  init(
    _ text: TableText, for preparation: Preparation, _ options: TableOptions = TableOptions(),
    names: [String]? = nil, reading others: [String] = []
  ) throws(DatasetError) {
    var options = options
    if options.hasHeader == nil && names == nil {
      options.hasHeader = try preparation.isHeader(in: text, options)
    }
    if text.checksum == preparation.source.checksum {
      // The file that was trained on is read as then, whatever its first rows look like.
      options.separator = options.separator ?? preparation.format.separator
      options.decimal = options.decimal ?? preparation.format.decimal
    }
    var kinds = Dictionary(
      preparation.columns.map { ($0.name, $0.kind) }
    ) { first, _ in first }
    for name in others { kinds[name] = kinds[name] ?? .category }
    try self.init(text, options, names: names, kinds: kinds, expecting: preparation)
  }
}

extension Preparation {
  /// Whether the first row of a text has the names that the model knows, or most of them.
  fileprivate func isHeader(
    in text: TableText, _ options: TableOptions
  ) throws(DatasetError) -> Bool {
    guard format.hasHeader == true else { return false }
    var options = options
    options.hasHeader = true
    let found = Set(try TableFormat(text, options).names)
    return 2 * columns.count { found.contains($0.name) } >= columns.count
  }

  /// The names of the columns of a table that is to be taken by place, or those that it has.
  func names(for format: TableFormat, path: String) throws(DatasetError) -> [String] {
    if format.hasHeader && self.format.hasHeader == true { return format.names }
    if format.names.count == names.count { return names }
    let unlabelled = names.filter { name in !label.targets.contains { $0.name == name } }
    if format.names.count == unlabelled.count { return unlabelled }
    if format.hasHeader { return format.names }
    throw .malformed(
      path,
      expected: "\(names.count) columns, as the model learned from, or one fewer without labels",
      found: "\(format.names.count)")
  }
}

/// Writes a column's inputs.
private struct InputWriter {
  private let known: Preparation.Column
  private let place: ColumnPlace
  private let numbers: ColumnNumbers
  /// By the number of a text, the input of a category, or -1 for none.
  private var inputs: [Int] = []
  private let categories: Int

  /// The number of inputs.
  var width: Int { known.width }

  init(_ known: Preparation.Column, _ column: Table.Column, _ table: Table) {
    (self.known, place) = (known, column.place)
    numbers = ColumnNumbers(column, of: table)
    categories = known.categories.count + (known.hasOthers ? 1 : 0)
    guard known.kind == .category && place.block == .codes else { return }
    let places = Dictionary(zip(known.categories, known.categories.indices)) { first, _ in first }
    inputs = table.texts(place).map {
      places[$0] ?? (known.hasOthers ? known.categories.count : -1)
    }
  }

  /// Writes the inputs of some rows, of which those of a row lie `stride` behind those of the one before.
  func write(
    _ rows: ArraySlice<Int>, of table: Table, to start: UnsafeMutablePointer<Float>, stride: Int
  ) {
    if known.kind == .category {
      writeCategories(rows, of: table, to: start, stride: stride)
    } else {
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count) { values in
        numbers.copy(rows, of: table.values, to: values)
        let (mean, offset, factor) = (known.mean, known.offset, known.factor)
        for (row, value) in values.enumerated() {
          start[row * stride] = ((value.isNaN ? mean : value) - offset) * factor
        }
        if !known.hasIndicator { return }
        for (row, value) in values.enumerated() { start[row * stride + 1] = value.isNaN ? 1 : 0 }
      }
    }
  }

  private func writeCategories(
    _ rows: ArraySlice<Int>, of table: Table, to start: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var target = start
    for row in rows {
      let code = place.block == .codes ? table.code(row, place) : -1
      target.update(repeating: 0, count: categories)
      if code >= 0 && inputs[code] >= 0 { target[inputs[code]] = 1 }
      if known.hasIndicator { target[categories] = code < 0 ? 1 : 0 }
      target += stride
    }
  }
}
