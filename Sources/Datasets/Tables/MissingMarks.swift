import Tensors

/// Numbers that most likely stand for missing values, such as -200 among concentrations or 999 among days.
struct MissingMark {
  let text: String

  /// In rows; what stands for missing values does so in more than a few.
  private static let most = 1024
  private static let fewest = (rows: 3, share: 0.01)
  /// Of fewer values, one far from the others may be a level of its own.
  private static let fewestOthers = 10
  /// How far it is from the others, in their range.
  private static let distance: Float = 2
  /// Among numbers that are not negative, also one at or below this.
  private static let negative: Float = -9

  /// Nil where no number of a column stands so.
  init?(in column: Table.Column, of table: Table, rows: [Int]) {
    let sample = rows.thinned(to: Self.most)
    let sorted = table.numbers(column, sample).filter { !$0.isNaN }.sorted()
    let values = sorted.indices.filter { $0 == 0 || sorted[$0] != sorted[$0 - 1] }.map {
      sorted[$0]
    }
    guard values.count > Self.fewestOthers else { return nil }
    let last = values.count - 1
    let ends = [
      (values[0], values[1], values[last]), (values[last], values[last - 1], values[0]),
    ]
    let mark = ends.first { mark, next, other in
      let count = sorted.count { $0 == mark }
      let isFar = abs(next - mark) > Self.distance * abs(other - next)
      let isOnlyNegative = mark <= Self.negative && next >= 0
      return mark != 0 && mark == mark.rounded() && (isFar || isOnlyNegative)
        && count >= Self.fewest.rows
        && Double(count) >= Self.fewest.share * Double(sorted.count)
    }
    guard let (mark, next, other) = mark else { return nil }
    text =
      "column '\(column.name)' has \(Table.text(mark)) again and again, and else only numbers from "
      + "\(Table.text(min(next, other))) to \(Table.text(max(next, other))); where it stands for a missing "
      + "value, leave these fields empty"
  }
}
