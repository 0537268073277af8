/// A table of texts with a head; the first field of a row is the head of it.
struct HTMLTable {
  /// The columns' heads, those of numbers apart, which end up on the right.
  let columns: [(head: String, isNumber: Bool)]
  let rows: [[String]]
  /// Rows that sum up.
  var foot: [[String]] = []

  /// The element, in a frame of its own that scrolls where it is too wide.
  var html: HTML {
    let heads = columns.map { column in
      "<th scope=\"col\"\(Self.style(column.isNumber))>\(column.head)</th>" as HTML
    }
    let end: HTML = foot.isEmpty ? "" : "\n<tfoot>\n\(foot.map(row))\n</tfoot>"
    return """
      <div class="wide">
      <table>
      <thead><tr>
      \(heads)
      </tr></thead>
      <tbody>
      \(rows.map(row))
      </tbody>\(end)
      </table>
      </div>
      """
  }

  private func row(_ fields: [String]) -> HTML {
    let cells = zip(columns, fields).enumerated().map { index, cell -> HTML in
      let style = Self.style(cell.0.isNumber)
      return index == 0
        ? "<th scope=\"row\"\(style)>\(cell.1)</th>" : "<td\(style)>\(cell.1)</td>"
    }
    return "<tr>\n\(cells)\n</tr>"
  }

  private static func style(_ isNumber: Bool) -> HTML { isNumber ? " class=\"number\"" : "" }
}
