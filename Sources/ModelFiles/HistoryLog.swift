/// The log of a `CSVLogger`, Keras's or ours: a header with the names of the figures, then a line for
/// each epoch.
struct HistoryLog {
  /// The figures by name; `NA` and nothing are NaN.
  private(set) var series: [String: [Double]] = [:]

  /// Reads a text; nil where it is no such log.
  ///
  /// Fields are apart by commas, semicolons or tabs. The column `epoch` is not read: where training
  /// went on into the same file, it begins anew.
  init?(_ text: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let header = lines.first?.drop(while: { $0 == "\u{FEFF}" }),
      let separator = [",", ";", "\t"].max(by: { count($0, in: header) < count($1, in: header) })
    else { return nil }
    func fields(_ line: Substring) -> [String] {
      line.split(separator: separator, omittingEmptySubsequences: false).map {
        $0.drop { $0 == " " || $0 == "\"" }.reversed().drop { $0 == " " || $0 == "\"" }.reversed()
          .reduce(into: "") { $0.append($1) }
      }
    }
    let names = fields(header)
    guard names.contains("loss"), Set(names).count == names.count else { return nil }
    for name in names where name != "epoch" { series[name] = [] }
    for line in lines.dropFirst() where line.contains(where: { !$0.isWhitespace }) {
      let values = fields(line)
      guard values.count == names.count else { return nil }
      for (name, value) in zip(names, values) where name != "epoch" {
        guard let number = value.isEmpty || value == "NA" ? .nan : Double(value) else { return nil }
        series[name]?.append(number)
      }
    }
  }
}

private func count(_ separator: Character, in line: Substring) -> Int {
  line.count { $0 == separator }
}
