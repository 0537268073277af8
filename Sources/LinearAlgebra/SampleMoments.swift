/// The number, the mean and the scatter of samples, however many there are, in double precision.
///
/// With `x` the n samples and `μ` their mean, the scatter is `Σ (x − μ)ᵀ·(x − μ)` [d, d], which is
/// n − 1 times their covariance. Samples can be added block by block as they come:
///
/// ```swift
/// var moments = SampleMoments(inputs: 784)
/// for block in blocks { try moments.add(block) }
/// let principal = try PrincipalComponents<Float>(moments, keeping: .count(50))
/// ```
///
/// Each block is centred on its own mean before it is multiplied, so that samples far from 0 lose no
/// digits, and blocks are joined as by Chan, Golub and LeVeque 1979, *Updating formulae and a pairwise
/// algorithm for computing sample variances*.
public struct SampleMoments: Sendable {
  /// The number of samples.
  public private(set) var count = 0
  /// The mean of each input, 0 where there is no sample.
  public private(set) var mean: [Double]
  /// `Σ (x − μ)ᵀ·(x − μ)` [d, d], its lower triangle; zeros above.
  public private(set) var scatter: Matrix<Double>

  /// The rows that are multiplied at once: enough for BLAS, few enough for single precision.
  private static let blockSize = 2048

  /// The number of inputs of a sample.
  public var inputs: Int { mean.count }

  /// The moments of no samples.
  public init(inputs: Int) {
    precondition(inputs >= 0, "SampleMoments: expected inputs from 0, got \(inputs)")
    mean = [Double](repeating: 0, count: inputs)
    scatter = Matrix(rows: inputs, columns: inputs)
  }

  /// The moments of samples of any shape, which are flattened, multiplied in single precision.
  ///
  /// Throws where an element is not finite.
  /// - Parameters:
  ///   - samples: where they come from
  ///   - indices: which of them, all unless given; others than the samples' own trap
  public init(
    _ samples: any SampleSource, indices: [Int32]? = nil
  ) throws(LinearAlgebraError) {
    self.init(inputs: samples.sampleShape.count)
    let block = AlignedBuffer(zeros: min(Self.blockSize, samples.sampleCount) * inputs)
    let products = AlignedBuffer(zeros: inputs * inputs)
    for chosen in samples.blocks(of: Self.blockSize, indices) {
      let rows = block.matrix(rows: chosen.count, columns: inputs)
      chosen.withUnsafeBufferPointer { samples.gather($0, into: rows) }
      try add(rows, products.matrix(rows: inputs, columns: inputs))
    }
  }

  /// Adds samples, the rows of a matrix [n, d], multiplied in its precision; other widths trap.
  ///
  /// Throws where an element is not finite, having added the blocks before it.
  public mutating func add<Scalar>(_ samples: Matrix<Scalar>) throws(LinearAlgebraError) {
    precondition(
      samples.columns == inputs,
      "SampleMoments: expected samples of \(inputs) inputs, got \(samples.shape)")
    var products = Matrix<Scalar>(rows: inputs, columns: inputs)
    for start in stride(from: 0, to: samples.rows, by: Self.blockSize) {
      let count = min(Self.blockSize, samples.rows - start)
      let range = start * inputs..<(start + count) * inputs
      var block = Matrix(rows: count, columns: inputs, elements: Array(samples.elements[range]))
      try block.withMutableMatrix { rows throws(LinearAlgebraError) in
        try products.withMutableMatrix { products throws(LinearAlgebraError) in
          try add(rows, products)
        }
      }
    }
  }

  /// Adds a block, which is left centred; `products` is room for `Xᵀ·X`.
  private mutating func add<Scalar: LAPACKScalar>(
    _ block: MatrixView<Scalar>, _ products: MatrixView<Scalar>
  ) throws(LinearAlgebraError) {
    let routines = Scalar.lapackRoutines
    let sums = routines.sumColumns(block)
    // One element that is not finite makes its sum so.
    guard sums.allSatisfy(\.isFinite) else { throw .notFinite(operand: "samples") }
    let added = Double(block.rows)
    let blockMean = sums.map { $0 / added }
    let origin = blockMean.map { -Scalar($0) }
    routines.addToRows(block, origin)
    routines.syrk(block, products)
    // The products are about a point that is off the mean by its rounding.
    let offset = zip(blockMean, origin).map { $0 + Double($1) }
    let shift = zip(blockMean, mean).map(-)
    let total = Double(count) + added
    let weight = Double(count) * added / total
    routines.addLowerTriangle(products, &scatter.storage)
    for row in 0..<inputs {
      for column in 0...row {
        scatter.storage[row * inputs + column] +=
          weight * shift[row] * shift[column] - added * offset[row] * offset[column]
      }
    }
    for index in mean.indices { mean[index] += shift[index] * added / total }
    count += block.rows
  }
}

extension SampleSource {
  /// The chosen indices, or those of all samples, in blocks; indices that are no sample's trap.
  func blocks(of size: Int, _ indices: [Int32]?) -> some Sequence<[Int32]> {
    let count = indices?.count ?? sampleCount
    precondition(
      indices?.allSatisfy { 0..<sampleCount ~= Int($0) } ?? true,
      "expected indices of \(sampleCount) samples")
    return stride(from: 0, to: count, by: size).lazy.map { start in
      let range = start..<min(start + size, count)
      return indices.map { Array($0[range]) } ?? range.map { Int32($0) }
    }
  }
}
