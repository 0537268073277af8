import Tensors

/// Columns of numbers of which a linear function is the label in each row, as its parts are of a sum.
struct ExactFit {
  /// What it is, and what helps.
  let text: String

  /// As many rows and columns are looked at, at most; with more columns than this share of the rows, a
  /// function fits by chance.
  private static let most = (rows: 512, columns: 32, share: 0.25)
  /// Functions of more columns are what linear regression is for.
  private static let mostTold = 4
  /// The part of the label's variance that rounding of numbers leaves: 1 − R².
  private static let rounding = 1e-9
  /// Numbers with gaps in more rows are not looked at.
  private static let mostMissing = 0.1

  /// Nil where there is no such function, or one of many columns.
  init?(of label: Table.Column, by features: [Table.Column], in table: Table, rows: [Int]) {
    let sample = rows.thinned(to: Self.most.rows)
    let columns = features.filter {
      $0.kind != .category && Double($0.missing) <= Self.mostMissing * Double(table.rowCount)
    }
    let numbers = (columns + [label]).map { table.numbers($0, sample) }
    let complete = sample.indices.filter { row in numbers.allSatisfy { !$0[row].isNaN } }
    let vectors = numbers.map { values in
      Self.standardised(complete.map { Double(values[$0]) })
    }
    guard let target = vectors.last ?? nil else { return nil }
    // Those that go along with the label most come first.
    let ranked = columns.indices.filter { vectors[$0] != nil }.sorted {
      abs(Self.dot(vectors[$0]!, target)) > abs(Self.dot(vectors[$1]!, target))
    }
    var places = Array(
      ranked.prefix(min(Self.most.columns, Int(Self.most.share * Double(complete.count)))))
    let isExact = { (places: [Int]) in
      Self.unexplained(target, by: places.map { vectors[$0]! }) < Self.rounding
    }
    guard isExact(places) else { return nil }
    for place in places.reversed() {
      let others = places.filter { $0 != place }
      if isExact(others) { places = others }
    }
    guard places.count <= Self.mostTold else { return nil }
    places.sort()
    let isSum = complete.allSatisfy { row in
      let sum = places.reduce(0.0) { $0 + Double(numbers[$1][row]) }
      return abs(sum - Double(numbers[columns.count][row])) <= 1e-6 * abs(sum)
    }
    text = Self.text(
      places.map { columns[$0].name }, label.name, isSum: isSum,
      isAll: places.count == features.count)
  }

  private static func text(
    _ names: [String], _ label: String, isSum: Bool, isAll: Bool
  ) -> String {
    let quoted = names.map { "'\($0)'" }
    let (many, all) = (names.count > 1, quoted.joined(separator: ", "))
    let fact =
      switch (isSum, many) {
      case (true, true): "columns \(all) add up to the label '\(label)'"
      case (true, false): "column \(all) is the label '\(label)' itself"
      case (false, true): "the label '\(label)' is a linear function of columns \(all)"
      case (false, false): "the label '\(label)' is a linear function of column \(all)"
      }
    // With nothing else to learn from it is what was meant.
    if isAll { return "\(fact), as maru fit-linear finds" }
    return
      "\(fact): leave \(many ? "them" : "it") out with --ignore \(names.joined(separator: ",")) "
      + "unless \(many ? "they are" : "it is") known when you predict"
  }

  /// With mean 0 and length 1; nil where all numbers are the same.
  private static func standardised(_ values: [Double]) -> [Double]? {
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    let moved = values.map { $0 - mean }
    let length = dot(moved, moved).squareRoot()
    return length > 1e-9 * abs(mean) ? moved.map { $0 / length } : nil
  }

  /// The part of a vector of length 1 that no linear function of others gives, squared, by Gram and Schmidt.
  private static func unexplained(_ target: [Double], by columns: [[Double]]) -> Double {
    var (rest, basis) = (target, [[Double]]())
    for column in columns {
      var direction = column
      for known in basis { subtract(dot(direction, known), known, from: &direction) }
      let length = dot(direction, direction).squareRoot()
      // What is left of a column that others give is rounding.
      if length < 1e-6 { continue }
      basis.append(direction.map { $0 / length })
      subtract(dot(rest, basis[basis.count - 1]), basis[basis.count - 1], from: &rest)
    }
    return dot(rest, rest)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func subtract(_ factor: Double, _ b: [Double], from a: inout [Double]) {
    for index in a.indices { a[index] -= factor * b[index] }
  }
}

extension TableLabels {
  /// In fewer rows a column may have a value for each class by chance.
  private static let fewestRows = 20

  /// Columns that have one value for each class, and another for each other class.
  func leaks(_ features: [Table.Column], of table: Table, rows: [Int]) -> [String] {
    guard features.count > 1, rows.count >= Self.fewestRows else { return [] }
    return features.filter { isRenamed(in: $0, of: table, rows: rows) }.map {
      "column '\($0.name)' has a value for each class of the label '\(columns[0].name)': leave it out "
        + "with --ignore \($0.name) unless it is known when you predict"
    }
  }

  /// Whether a column has the classes under other names.
  private func isRenamed(in column: Table.Column, of table: Table, rows: [Int]) -> Bool {
    var classOf: [Int: Int] = [:]
    for row in rows {
      let value =
        column.place.block == .codes
        ? table.code(row, column.place) : Int(table.number(row, column.place).bitPattern)
      if classOf.count > classes.count { return false }
      if classOf.updateValue(labels[row], forKey: value) ?? labels[row] != labels[row] {
        return false
      }
    }
    return classOf.count > 1 && Set(classOf.values).count == classOf.count
  }
}

extension [Int] {
  /// About so many rows, spread evenly over all.
  func thinned(to most: Int) -> [Int] {
    stride(from: 0, to: count, by: Swift.max(1, count / most)).map { self[$0] }
  }
}
