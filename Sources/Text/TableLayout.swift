/// How the columns of a table are set out in a number of cells.
struct TableLayout {
  /// The cells of each column's fields, and the blanks around them.
  let widths: [Int], padding: Int
  /// The columns of each table, of which there are several where one would be too wide.
  let parts: [[Int]]

  /// What is left of a word at least, in the body and in the header.
  private static let (leastWord, leastHeader) = (12, 6)
  /// A number is never cut; what has more digits is none.
  private static let longestNumber = 24

  init(_ rows: [[String]], width: Int) {
    let filled = rows.filter { !$0.isEmpty }
    let columns = Array(rows[0].indices)
    let natural = columns.map { column in filled.map { $0[column].cells }.max() ?? 0 }
    let least = columns.map { column in
      filled.dropFirst().reduce(min(rows[0][column].cells, Self.leastHeader)) {
        max($0, Self.least($1[column]))
      }
    }
    for padding in [2, 1] {
      if let widths = Self.widths(natural, least, in: width - columns.count * (padding + 1) - 1),
        Self.keepsNames(filled, widths)
      {
        (self.widths, self.padding, parts) = (widths, padding, [columns])
        return
      }
    }
    padding = 2
    // Two columns have seven cells of lines and blanks.
    let room = max(0, width - 7)
    let widest = natural.dropFirst().max() ?? 0
    let first = max(least[0], min(natural[0], max(room / 2, room - widest)))
    let widths =
      [first] + columns.dropFirst().map { max(least[$0], min(natural[$0], room - first)) }
    var parts: [[Int]] = []
    var taken = Int.max
    for column in columns.dropFirst() {
      let cells = widths[column] + padding + 1
      if parts.isEmpty || taken + cells > width {
        parts.append([0])
        taken = first + padding + 2
      }
      parts[parts.count - 1].append(column)
      taken += cells
    }
    (self.widths, self.parts) = (widths, parts.isEmpty ? [columns] : parts)
  }

  /// The widest columns shortened until all fit together, or nil where they cannot.
  private static func widths(_ natural: [Int], _ least: [Int], in room: Int) -> [Int]? {
    let limited = { (limit: Int) in zip(natural, least).map { max($1, min($0, limit)) } }
    var (low, high) = (0, natural.max() ?? 0)
    guard limited(low).reduce(0, +) <= room else { return nil }
    while low < high {
      let middle = (low + high + 1) / 2
      if limited(middle).reduce(0, +) <= room { low = middle } else { high = middle - 1 }
    }
    return limited(low)
  }

  /// Whether the names of columns and rows can be told apart as before.
  private static func keepsNames(_ rows: [[String]], _ widths: [Int]) -> Bool {
    let columns = zip(rows[0], widths).map { $0.cut(toCells: $1) }
    let names = rows.map { $0[0] }
    return Set(columns).count == Set(rows[0]).count
      && Set(names.map { $0.cut(toCells: widths[0]) }).count == Set(names).count
  }

  /// What a field takes at least.
  private static func least(_ field: String) -> Int {
    let isNumber = !field.contains { $0.isLetter && $0 != "e" }
    return min(field.cells, isNumber ? longestNumber : leastWord)
  }
}
