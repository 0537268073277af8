import Tensors

/// Reads a data set from a CSV file: one sample per row, one number per column, and one column
/// of labels.
///
/// - The first row is a header where one of its fields is `label`, or where none is a number.
/// - The labels are the column headed `label`, in letters of either case, and otherwise the last.
/// - The classes are the texts that occur as labels, in the order of their numbers where all are
///   integers, and otherwise of their characters.
/// - All other columns are finite decimal numbers, taken as they stand.
/// - Every fifth row is to test with, the others to train with: files are often sorted by class,
///   and so both parts have their share of each, the same one each time.
struct CSVDatasetReader {
  let path: String

  /// Of so many rows, the last tests.
  private static let testInterval = 5

  /// In bytes. A model's file names its classes, and could not be read with names of megabytes.
  private static let longestLabel = 1000

  private struct Part {
    var values: [Float] = []
    var labels: [String] = []
  }

  func read() throws(DatasetError) -> Dataset {
    let bytes = try FileAccess.read(path, limit: IDXArray.defaultLimit)
    // A field takes a byte and a comma or a line break in each of the fewest rows. Small files may
    // have more, to be told of their rows.
    let mostFields = max(1000, (bytes.count + 1) / (2 * Self.testInterval))
    var rows = try CSVRows(bytes, path: path, mostFields: mostFields)
    guard var row = try rows.next() else {
      throw .malformed(path, expected: "rows of numbers and a label", found: "an empty file")
    }
    let columns = row.count
    guard columns >= 2 else {
      throw rows.malformed(expected: "two columns or more", found: "\(columns)")
    }
    var labelColumn = columns - 1
    let named = row.firstIndex { Self.text($0).lowercased() == "label" }
    if named != nil || row.allSatisfy({ Self.number($0) == nil }) {
      labelColumn = named ?? labelColumn
      row = try rows.next() ?? []
    }
    var (train, test) = (Part(), Part())
    var index = 1
    while !row.isEmpty {
      guard row.count == columns else {
        throw rows.malformed(expected: "\(columns) fields", found: "\(row.count)")
      }
      if index % Self.testInterval == 0 {
        try Self.add(row, labelColumn, to: &test, rows)
      } else {
        try Self.add(row, labelColumn, to: &train, rows)
      }
      row = try rows.next() ?? []
      index += 1
    }
    guard !test.labels.isEmpty else {
      throw .malformed(
        path, expected: "\(Self.testInterval) samples or more", found: "\(index - 1)")
    }
    return dataset(train, test, columns: columns - 1)
  }

  private static func add(
    _ row: [ArraySlice<UInt8>], _ labelColumn: Int, to part: inout Part, _ rows: CSVRows
  ) throws(DatasetError) {
    for (column, field) in row.enumerated() {
      if column == labelColumn {
        guard !field.isEmpty else { throw rows.malformed(expected: "a label", found: "none") }
        guard field.count <= longestLabel else {
          throw rows.malformed(
            expected: "a label of at most \(longestLabel) bytes in column \(column + 1)",
            found: "one of \(field.count)")
        }
        part.labels.append(text(field))
      } else {
        guard let value = number(field) else {
          throw rows.malformed(
            expected: "a finite number in column \(column + 1)",
            found: "'\(text(field.prefix(40)))'")
        }
        part.values.append(value)
      }
    }
  }

  private func dataset(_ train: Part, _ test: Part, columns: Int) -> Dataset {
    let names = Self.ordered(Set(train.labels + test.labels))
    let classes = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    let parts = [train, test].map { part in
      LabelledImages(
        images: Images(values: Tensor(part.values, shape: [part.labels.count, columns])),
        labels: part.labels.compactMap { classes[$0] })
    }
    return Dataset(name: path, classNames: names, train: parts[0], test: parts[1])
  }

  private static func ordered(_ labels: Set<String>) -> [String] {
    let numbers = labels.compactMap(Int.init)
    guard numbers.count == labels.count else { return labels.sorted() }
    // Equal numbers may be written in more than one way, as 1 and +1.
    return labels.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field, as: UTF8.self)
  }

  /// The finite decimal number that a field is, or nil.
  private static func number(_ field: ArraySlice<UInt8>) -> Float? {
    // Most are short integers, as pixels are.
    if 1...7 ~= field.count, field.allSatisfy({ 0x30...0x39 ~= $0 }) {
      return Float(field.reduce(0) { $0 * 10 + Int($1) - 0x30 })
    }
    // Swift also takes hexadecimal numbers and words for what is not finite.
    guard field.allSatisfy({ $0 < 0x3A || $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
    return Float(text(field)).flatMap { $0.isFinite ? $0 : nil }
  }
}
