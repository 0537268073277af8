/// What a linear regression needs to know of its samples, however many there are: the sums of their
/// inner products, in double precision.
///
/// With `X` [n, d] the inputs and `Y` [n, k] the targets, each with a column of ones behind `X`:
/// `[X 1]ᵀ·[X 1]` [d + 1, d + 1] and `[X 1]ᵀ·Y` [d + 1, k]. Sums of parts of the samples add up to
/// those of all.
public struct RegressionSums: Sendable {
  /// The number of samples.
  public private(set) var count = 0
  /// `[X 1]ᵀ·[X 1]`, its lower triangle; zeros above.
  public private(set) var products: Matrix<Double>
  /// `[X 1]ᵀ·Y`
  public private(set) var targetProducts: Matrix<Double>
  /// `Σ Y²` for each target.
  public private(set) var targetSquares: [Double]

  /// The number of inputs of a sample.
  public var inputs: Int { products.rows - 1 }
  /// The number of targets of a sample.
  public var targets: Int { targetProducts.columns }

  /// The sums of no samples.
  public init(inputs: Int, targets: Int) {
    precondition(
      inputs >= 0 && targets >= 0,
      "RegressionSums: expected sizes from 0, got \(inputs), \(targets)")
    products = Matrix(rows: inputs + 1, columns: inputs + 1)
    targetProducts = Matrix(rows: inputs + 1, columns: targets)
    targetSquares = [Double](repeating: 0, count: targets)
  }

  /// The sums of labelled samples, whose targets are 1 for their class and 0 for all others.
  ///
  /// Samples are gathered 2,048 at a time and multiplied in single precision, one `syrk` a block, by as
  /// many threads as BLAS has; the blocks are added up in double precision, in an order that depends
  /// on the number of threads. Inputs that are 0 throughout a block, as the rims of digits are, add
  /// nothing, and are left out of its products.
  /// - Parameters:
  ///   - samples: of any shape; flattened
  ///   - labels: one for each sample, in 0..<`classes`; others trap
  ///   - classes: number of targets
  ///   - indices: which samples, all unless given
  public init(
    _ samples: any SampleSource, labels: [Int], classes: Int, indices: Range<Int>? = nil
  ) {
    let indices = indices ?? 0..<samples.sampleCount
    precondition(
      samples.sampleCount == labels.count && indices.clamped(to: labels.indices) == indices,
      "RegressionSums: expected a label for each of \(samples.sampleCount) samples, got \(labels.count) labels, samples \(indices)"
    )
    let size = min(2048, max(indices.count, 1))
    let none = RegressionSums(inputs: samples.sampleShape.count, targets: classes)
    let parts = inParallel(blocks: (indices.count + size - 1) / size) { blocks in
      var (sums, block) = (none, Block(inputs: none.inputs, targets: classes, capacity: size))
      for number in blocks {
        let start = indices.lowerBound + number * size
        block.gather(samples, labels, start..<min(start + size, indices.upperBound))
        sums.add(block)
      }
      return sums
    }
    self = parts.dropFirst().reduce(parts[0], +)
  }

  /// The sums of the samples of both.
  public static func + (a: RegressionSums, b: RegressionSums) -> RegressionSums {
    precondition(
      a.inputs == b.inputs && a.targets == b.targets,
      "RegressionSums +: expected equal sizes, got \(a.inputs), \(a.targets) and \(b.inputs), \(b.targets)"
    )
    var sum = a
    sum.count += b.count
    for index in b.products.storage.indices {
      sum.products.storage[index] += b.products.storage[index]
    }
    for index in b.targetProducts.storage.indices {
      sum.targetProducts.storage[index] += b.targetProducts.storage[index]
    }
    for index in b.targetSquares.indices { sum.targetSquares[index] += b.targetSquares[index] }
    return sum
  }

  private mutating func add(_ block: Block) {
    count += block.count
    let columns = block.columns
    let (products, targetProducts) = block.products()
    for (place, row) in columns.enumerated() {
      let (values, start) = (products.row(place), row * (inputs + 1))
      self.products.storage.withUnsafeMutableBufferPointer { sums in
        for other in 0...place { sums[start + columns[other]] += Double(values[other]) }
      }
      for target in 0..<targets {
        self.targetProducts.storage[row * targets + target] +=
          Double(targetProducts[place, target])
      }
    }
    for label in block.labels { targetSquares[label] += 1 }
  }
}

/// Samples as a matrix with a column of ones, and their targets beside them.
private struct Block {
  private let inputs, targets: Int
  private let x, y, xx, xy: AlignedBuffer
  private(set) var labels: ArraySlice<Int> = []
  /// The columns of X that are not 0 throughout, which lie side by side, and behind them that of ones.
  private(set) var columns: [Int] = []
  var count: Int { labels.count }

  init(inputs: Int, targets: Int, capacity: Int) {
    (self.inputs, self.targets) = (inputs, targets)
    x = AlignedBuffer(zeros: capacity * (inputs + 1))
    y = AlignedBuffer(zeros: capacity * targets)
    xx = AlignedBuffer(zeros: (inputs + 1) * (inputs + 1))
    xy = AlignedBuffer(zeros: (inputs + 1) * targets)
    let all = x.matrix(rows: capacity, columns: inputs + 1)
    for row in 0..<capacity { all[row, inputs] = 1 }
  }

  mutating func gather(_ samples: any SampleSource, _ labels: [Int], _ range: Range<Int>) {
    self.labels = labels[range]
    let indices = range.map { Int32($0) }
    indices.withUnsafeBufferPointer { indices in
      samples.gather(
        indices, into: x.matrix(rows: range.count, columns: inputs + 1)[columns: 0..<inputs])
    }
    y.floats.update(repeating: 0, count: range.count * targets)
    for (row, label) in self.labels.enumerated() {
      precondition(
        0 <= label && label < targets,
        "RegressionSums: expected labels in 0..<\(targets), got \(label)")
      y.floats[row * targets + label] = 1
    }
    packColumns()
  }

  /// Moves the columns that are not 0 throughout to the left.
  ///
  /// The last column is of ones and so one of them; where it lies, it also stays, for the next block.
  private mutating func packColumns() {
    let rows = x.matrix(rows: count, columns: inputs + 1)
    var bits = [UInt32](repeating: 0, count: inputs + 1)
    bits.withUnsafeMutableBufferPointer { bits in
      for row in 0..<count {
        let values = rows.row(row)
        for column in bits.indices { bits[column] |= values[column].bitPattern }
      }
    }
    columns = bits.indices.filter { bits[$0] != 0 }
    if columns.count == inputs + 1 { return }
    let runs = Array(RangeSet(columns, within: bits).ranges)
    for row in 0..<count {
      let values = rows.row(row)
      var place = 0
      for run in runs {
        (values + place).update(from: values + run.lowerBound, count: run.count)
        place += run.count
      }
    }
  }

  /// `[X 1]ᵀ·[X 1]`, its lower triangle, and `[X 1]ᵀ·Y`, of the columns of X that are not 0.
  func products() -> (MatrixView<Float>, MatrixView<Float>) {
    let x = x.matrix(rows: count, columns: inputs + 1)[columns: 0..<columns.count]
    let xx = xx.matrix(rows: x.columns, columns: x.columns)
    let xy = xy.matrix(rows: x.columns, columns: targets)
    syrk(x, into: xx)
    // [n, d + 1]ᵀ · [n, k] → [d + 1, k]
    gemm(x.transposed, y.matrix(rows: count, columns: targets), into: xy)
    return (xx, xy)
  }
}
