#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Rows of text between box-drawing lines, in the manner of Keras's summaries.
package struct TextTable: CustomStringConvertible {
  /// On which side the fields of a column end up.
  package enum Alignment { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  package init(_ columns: [(header: String, alignment: Alignment)]) {
    header = columns.map(\.header)
    alignments = columns.map(\.alignment)
  }

  /// Adds a row, with a field a column.
  package mutating func append(_ fields: [String]) {
    require(
      fields.count == header.count,
      "TextTable: expected \(header.count) fields, got \(fields.count)")
    rows.append(fields)
  }

  /// Adds a line between rows.
  package mutating func appendRule() { rows.append([]) }

  /// The table, each line ended.
  package var description: String {
    let widths = header.indices.map { column in
      ([header] + rows.filter { !$0.isEmpty }).map { $0[column].count }.max() ?? 0
    }
    let line = { (ends: (String, String, String), fill: String) -> String in
      let parts = widths.map { String(repeating: fill, count: $0 + 2) }
      return ends.0 + parts.joined(separator: ends.1) + ends.2 + "\n"
    }
    var text = line(("┏", "┳", "┓"), "━")
    text += format(header, widths, separator: "┃")
    text += line(("┡", "╇", "┩"), "━")
    for row in rows {
      text += row.isEmpty ? line(("├", "┼", "┤"), "─") : format(row, widths, separator: "│")
    }
    return text + line(("└", "┴", "┘"), "─")
  }

  private func format(_ fields: [String], _ widths: [Int], separator: String) -> String {
    let padded = fields.indices.map { column in
      let space = String(repeating: " ", count: widths[column] - fields[column].count)
      return alignments[column] == .left ? fields[column] + space : space + fields[column]
    }
    return "\(separator) " + padded.joined(separator: " \(separator) ") + " \(separator)\n"
  }
}

extension BinaryInteger {
  /// The number, not negative, with a comma between thousands.
  package var grouped: String {
    let digits = Array(String(self))
    return digits.indices.reduce("") { text, index in
      let isGroupStart = index > 0 && (digits.count - index).isMultiple(of: 3)
      return text + (isGroupStart ? "," : "") + String(digits[index])
    }
  }
}

extension Double {
  /// The number with a fixed number of decimals, `nan` or `inf` where it is not finite.
  package func fixed(_ decimals: Int) -> String { printed("%.*f", decimals) }

  /// The number with so many digits that count, as `0.0123` or `1.23e-09`.
  package func significant(_ digits: Int) -> String { printed("%.*g", digits) }

  /// The number with a power of ten, as `9.3e-06`.
  package func scientific(_ decimals: Int) -> String { printed("%.*e", decimals) }

  private func printed(_ format: String, _ decimals: Int) -> String {
    // The sign of NaN means nothing, and C prints it.
    if isNaN { return "nan" }
    // Room for the 309 digits of the largest number.
    var text = [CChar](repeating: 0, count: 512)
    let length = withVaList([Int32(decimals), self]) {
      vsnprintf(&text, text.count, format, $0)
    }
    return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
