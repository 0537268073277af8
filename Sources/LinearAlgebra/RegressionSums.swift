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
  /// on the number of threads.
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
    let size = inputs + 1
    let (products, targetProducts) = block.products()
    for row in 0..<size {
      for index in row * size...row * size + row {
        self.products.storage[index] += Double(products.floats[index])
      }
    }
    for index in self.targetProducts.storage.indices {
      self.targetProducts.storage[index] += Double(targetProducts.floats[index])
    }
    for label in block.labels { targetSquares[label] += 1 }
  }
}

/// Samples as a matrix with a column of ones, and their targets beside them.
private struct Block {
  private let inputs, targets: Int
  private let x, y, xx, xy: AlignedBuffer
  private(set) var labels: ArraySlice<Int> = []
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
  }

  /// `[X 1]ᵀ·[X 1]`, its lower triangle, and `[X 1]ᵀ·Y`.
  func products() -> (AlignedBuffer, AlignedBuffer) {
    let x = x.matrix(rows: count, columns: inputs + 1)
    syrk(x, into: xx.matrix(rows: inputs + 1, columns: inputs + 1))
    // [n, d + 1]ᵀ · [n, k] → [d + 1, k]
    gemm(
      x.transposed, y.matrix(rows: count, columns: targets),
      into: xy.matrix(rows: inputs + 1, columns: targets))
    return (xx, xy)
  }
}
