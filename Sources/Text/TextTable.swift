import BLAS

/// Rows of text between box-drawing lines, in the manner of Keras's summaries.
///
/// All text in it is ``Swift/String/printable``, so that a name from a file breaks no line.
package struct TextTable: CustomStringConvertible {
  /// On which side the fields of a column end up.
  package enum Alignment { case left, right }

  private let alignments: [Alignment]
  /// The header, then the rows, of which a line between others has no fields.
  private var rows: [[String]]

  package init(_ columns: [(header: String, alignment: Alignment)]) {
    rows = [columns.map(\.header.printable)]
    alignments = columns.map(\.alignment)
  }

  /// Adds a row, with one field per column.
  package mutating func append(_ fields: [String]) {
    require(
      fields.count == alignments.count,
      "TextTable: expected \(alignments.count) fields, got \(fields.count)")
    rows.append(fields.map(\.printable))
  }

  /// Adds a line between rows.
  package mutating func appendRule() { rows.append([]) }

  /// The table, each line ended.
  package var description: String { text() }

  /// The table, each line ended, and of at most so many cells as far as its numbers can be kept.
  ///
  /// Where it is wider, long words end in an ellipsis; then blanks are left out. Where that is not
  /// enough, or the names of two columns or rows would look the same, the columns are set out in
  /// several tables, one below the other, each behind the first column.
  package func text(width: Int? = nil) -> String {
    let layout = TableLayout(rows, width: width ?? .max)
    return layout.parts.map { text(of: $0, layout) }.joined()
  }

  private func text(of columns: [Int], _ layout: TableLayout) -> String {
    let line = { (ends: (String, String, String), fill: String) -> String in
      let parts = columns.map {
        String(repeating: fill, count: layout.widths[$0] + layout.padding)
      }
      return ends.0 + parts.joined(separator: ends.1) + ends.2 + "\n"
    }
    let row = { (fields: [String], separator: String) -> String in
      let end = String(repeating: " ", count: layout.padding - 1)
      let parts = columns.map { column in
        let width = layout.widths[column]
        return " "
          + fields[column].cut(toCells: width)
          .padded(to: width, left: alignments[column] == .right) + end
      }
      return separator + parts.joined(separator: separator) + separator + "\n"
    }
    var text = line(("┏", "┳", "┓"), "━") + row(rows[0], "┃") + line(("┡", "╇", "┩"), "━")
    for fields in rows.dropFirst() {
      text += fields.isEmpty ? line(("├", "┼", "┤"), "─") : row(fields, "│")
    }
    return text + line(("└", "┴", "┘"), "─")
  }
}
