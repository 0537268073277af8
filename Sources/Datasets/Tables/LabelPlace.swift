import Tensors

/// Where labels stand that have no usual name: at one end of the rows.
struct LabelPlace {
  let column: Int
  /// What shows it.
  let reason: String

  /// Looks at the last column and at the first one that is no identifier; nil where neither may be it.
  init?(_ table: Table, ignoring ignored: Set<Int>) {
    let columns = table.columns.indices.filter {
      !ignored.contains($0) && ![.date, .empty].contains(table.columns[$0].kind)
    }
    guard columns.count > 1, let end = columns.last else { return nil }
    let last = LabelEnd(table, columns, end)
    let start = columns.first { !ValueProfile(table, $0).isIdentifier(isFirst: $0 == columns[0]) }
    let first = start.flatMap { $0 == end ? nil : LabelEnd(table, columns, $0) }
    if let first, first.isOfClasses, first.isLikelier(than: last, hasHeader: table.format.hasHeader)
    {
      column = first.column
      reason = "column \(first.column + 1), with few values"
      return
    }
    guard last.isPlausible else { return nil }
    column = last.column
    let isInDoubt = !table.format.hasHeader && last.isOfClasses && first?.isOfClasses == true
    let other = isInDoubt ? first.map { "; column \($0.column + 1) has few values too" } : nil
    reason = "the last column\(other ?? "")"
  }
}

/// A column at one end of the rows, which may have the labels.
private struct LabelEnd {
  let column: Int
  let profile: ValueProfile
  /// Whether no other column has as many values: labels are the last that people leave out.
  let isComplete: Bool
  /// Whether it is the only text among numbers, or whole beside a column of fractions.
  let standsOut: Bool

  /// - Parameter columns: all that may be features
  init(_ table: Table, _ columns: [Int], _ column: Int) {
    self.column = column
    profile = ValueProfile(table, column)
    isComplete =
      table.columns[column].missing == columns.map { table.columns[$0].missing }.min()
    if profile.form == .text {
      standsOut = columns.allSatisfy { index in
        index == column || table.columns[index].place.block != .codes
          || ValueProfile(table, index).isOfItsOwn
      }
    } else {
      let neighbour = columns.last == column ? columns[columns.count - 2] : column + 1
      standsOut =
        profile.form == .whole && columns.contains(neighbour)
        && ValueProfile(table, neighbour).form == .fraction
    }
  }

  /// Whether it looks like classes of all rows.
  var isOfClasses: Bool { isComplete && profile.isOfClasses }

  /// Whether it may be the label, of classes or of numbers.
  var isPlausible: Bool {
    guard profile.distinct > 1, !profile.isOfItsOwn else { return false }
    return profile.isOfClasses || profile.form != .text
  }

  /// Whether this first column is the label rather than the last one.
  ///
  /// Of a table with a header it is only where the last one can't be. Else what stands out from its
  /// neighbours goes first, then two classes before more, then the last.
  func isLikelier(than last: LabelEnd, hasHeader: Bool) -> Bool {
    if hasHeader { return !last.isComplete || !last.isPlausible }
    // Measures of few values, as 200, 500 and 1000, leave numbers out; so may greys of the last pixel.
    if profile.form == .whole && !profile.isDense { return false }
    if !last.isOfClasses || last.profile.form == .whole && !last.profile.isDense { return true }
    if standsOut != last.standsOut { return standsOut }
    return profile.distinct == 2 && last.profile.distinct > 2
  }
}
