import BLAS

/// What is to be known of the numbers of a column, found in blocks of rows and joined in their order.
protocol NumberSummary: Sendable {
  /// Of no rows.
  init()
  /// Of some rows, without the numbers that are missing.
  init(_ numbers: UnsafeBufferPointer<Float>)
  /// Adds what was found in the rows behind.
  mutating func add(_ later: Self)
}

extension Table {
  /// In rows: of so many the values of common tables fit into the cache.
  static let summaryBlock = 1024

  /// A summary of each column over some rows.
  ///
  /// The columns of a block are gone through before the next block, since the values of a row lie
  /// together. The blocks are the same for any number of threads, and so are the sums.
  func summaries<Summary: NumberSummary>(
    of columns: [Column], rows: [Int], as kind: Summary.Type = Summary.self
  ) -> [Summary] {
    let columns = columns.map { ColumnNumbers($0, of: self) }
    let size = Self.summaryBlock
    let blocks = inParallel((rows.count + size - 1) / size) { block in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { numbers in
        let rows = rows[block * size..<min(rows.count, (block + 1) * size)]
        return columns.map { column in
          column.copy(rows, of: values, to: numbers)
          let count = column.mayMiss ? Self.compact(numbers[..<rows.count]) : rows.count
          return Summary(UnsafeBufferPointer(rebasing: numbers[..<count]))
        }
      }
    }
    return columns.indices.map { column in
      blocks.reduce(into: Summary()) { $0.add($1[column]) }
    }
  }

  /// Moves numbers together, over what is missing; gives how many there are.
  private static func compact(_ numbers: Slice<UnsafeMutableBufferPointer<Float>>) -> Int {
    var count = 0
    for number in numbers where !number.isNaN {
      numbers.base[count] = number
      count += 1
    }
    return count
  }

  /// The numbers of some rows, a boolean as 1 or 0; NaN where they are missing.
  func numbers(_ column: Column, _ rows: [Int]) -> [Float] {
    [Float](unsafeUninitializedCapacity: rows.count) { numbers, count in
      ColumnNumbers(column, of: self).copy(rows[...], of: values, to: numbers)
      count = rows.count
    }
  }
}

/// A column whose values are taken for numbers.
struct ColumnNumbers {
  private let place: ColumnPlace
  /// Whether numbers may be missing.
  let mayMiss: Bool
  /// By the number of a text.
  private let booleans: [Float]

  init(_ column: Table.Column, of table: Table) {
    place = column.place
    mayMiss = column.missing > 0 || place.block == .codes
    booleans = place.block == .codes ? table.texts(place).map { Table.boolean($0) } : []
  }

  func copy(
    _ rows: ArraySlice<Int>, of values: Table.Values, to numbers: UnsafeMutableBufferPointer<Float>
  ) {
    func copy<Element>(_ elements: LargeArray<Element>, _ width: Int, _ number: (Element) -> Float)
    {
      elements.withUnsafeBufferPointer { elements in
        for (target, row) in rows.enumerated() {
          numbers[target] = number(elements[row * width + place.place])
        }
      }
    }
    switch place.block {
    case .bytes: copy(values.bytes, values.widths.bytes) { Float($0) }
    case .floats: copy(values.floats, values.widths.floats) { $0 }
    case .codes:
      copy(values.codes, values.widths.codes) { $0 < 0 ? .nan : booleans[Int($0)] }
    }
  }
}

/// Whether the numbers of a column are whole, and where they lie.
struct NumberForm: NumberSummary {
  private(set) var isWhole = true
  /// Whether each is one more than the one before.
  private(set) var counts = true
  private(set) var least = Float.infinity
  private(set) var greatest = -Float.infinity
  private var first = Float.nan
  private var last = Float.nan

  /// Whether there are fractions, which differ.
  var isOfFractions: Bool { !isWhole && least < greatest }

  init() {}

  init(_ numbers: UnsafeBufferPointer<Float>) {
    for number in numbers {
      isWhole = isWhole && number == number.rounded()
      counts = counts && (last.isNaN || number == last + 1)
      (least, greatest) = (min(least, number), max(greatest, number))
      last = number
    }
    first = numbers.first ?? .nan
  }

  mutating func add(_ later: NumberForm) {
    isWhole = isWhole && later.isWhole
    counts =
      counts && later.counts && (last.isNaN || later.first.isNaN || later.first == last + 1)
    (least, greatest) = (min(least, later.least), max(greatest, later.greatest))
    if first.isNaN { first = later.first }
    if !later.last.isNaN { last = later.last }
  }
}

/// The least and the greatest of the numbers of a column.
struct NumberRange: NumberSummary {
  private(set) var least = Float.infinity
  private(set) var greatest = -Float.infinity

  init() {}

  init(_ numbers: UnsafeBufferPointer<Float>) {
    for number in numbers { (least, greatest) = (min(least, number), max(greatest, number)) }
  }

  mutating func add(_ later: NumberRange) {
    (least, greatest) = (min(least, later.least), max(greatest, later.greatest))
  }
}

/// Mean and deviation of the numbers of a column.
struct NumberMoments: NumberSummary {
  private(set) var count = 0
  private(set) var mean = 0.0
  /// Σ(x − mean)²
  private var squares = 0.0

  /// The standard deviation.
  var deviation: Double { (squares / Double(count)).squareRoot() }

  init() {}

  init(_ numbers: UnsafeBufferPointer<Float>) {
    count = numbers.count
    let mean = Self.sum(numbers) { Double($0) } / Double(max(1, count))
    self.mean = mean
    squares = Self.sum(numbers) { (Double($0) - mean) * (Double($0) - mean) }
  }

  /// Adds in four sums, so that an addition need not wait for the one before.
  @inline(__always)
  private static func sum(
    _ numbers: UnsafeBufferPointer<Float>, _ term: (Float) -> Double
  ) -> Double {
    var sums = SIMD4<Double>()
    let fours = numbers.count / 4 * 4
    for place in stride(from: 0, to: fours, by: 4) {
      for lane in 0..<4 { sums[lane] += term(numbers[place + lane]) }
    }
    for place in fours..<numbers.count { sums[0] += term(numbers[place]) }
    return sums.sum()
  }

  /// By Chan, Golub and LeVeque 1983, which loses nothing where a mean is large.
  mutating func add(_ later: NumberMoments) {
    if later.count == 0 { return }
    let (all, distance) = (Double(count + later.count), later.mean - mean)
    squares += later.squares + distance * distance * Double(count) * Double(later.count) / all
    mean += distance * Double(later.count) / all
    count += later.count
  }
}
