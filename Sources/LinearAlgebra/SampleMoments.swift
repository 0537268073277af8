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

  /// The relative error of a product, as large as in any block.
  private(set) var rounding = Double.ulpOfOne

  /// The rows that are multiplied at once: enough for BLAS, few enough for single precision.
  private static let blockSize = 2048

  /// The number of inputs of a sample.
  public var inputs: Int { mean.count }

  /// The moments of no samples.
  public init(inputs: Int) {
    require(inputs >= 0, "SampleMoments: expected inputs from 0, got \(inputs)")
    mean = [Double](repeating: 0, count: inputs)
    scatter = Matrix(rows: inputs, columns: inputs)
  }

  /// The moments of samples of any shape, which are flattened.
  ///
  /// Bytes are multiplied as whole numbers where the processor has instructions for that (AVX-512
  /// VNNI), which is faster and exact; others in single precision. Throws where an element is not finite.
  /// - Parameters:
  ///   - samples: where they come from
  ///   - indices: which of them, all unless given; others than the samples' own trap
  public init(
    _ samples: any SampleSource, indices: [Int32]? = nil
  ) throws(LinearAlgebraError) {
    if let bytes = ByteSums(samples, indices) {
      self.init(bytes)
      return
    }
    let chosen = SampleBlocks(samples, indices, size: Self.blockSize)
    let none = SampleMoments(inputs: samples.sampleShape.count)
    let parts = inParallel(blocks: chosen.count) { blocks in
      Result { () throws(LinearAlgebraError) in
        var moments = none
        let products = AlignedBuffer(zeros: none.inputs * none.inputs)
        let buffer = chosen.buffer()
        for number in blocks {
          let rows = chosen.gather(number, into: buffer)
          try moments.add(rows, products.matrix(rows: none.inputs, columns: none.inputs))
        }
        return moments
      }
    }
    self = none
    for part in parts { self = self + (try part.get()) }
  }

  /// The moments of bytes, which are centred before they are scaled.
  private init(_ bytes: ByteSums) {
    self.init(inputs: bytes.products.rows)
    count = bytes.count
    if count == 0 { return }
    let (sums, scale, n) = (bytes.classSums.elements, bytes.scale, Double(count))
    mean = sums.map { scale * ($0 / n) }
    for row in 0..<inputs {
      for column in 0...row {
        let product = bytes.products[row, column] - sums[row] * sums[column] / n
        scatter[row, column] = scale * scale * product
      }
    }
  }

  /// The moments of the samples of both; inputs of different numbers trap.
  public static func + (a: SampleMoments, b: SampleMoments) -> SampleMoments {
    require(
      a.inputs == b.inputs,
      "SampleMoments +: expected equal numbers of inputs, got \(a.inputs) and \(b.inputs)")
    if a.count == 0 || b.count == 0 { return a.count == 0 ? b : a }
    var sum = a
    LinearAlgebra.add(b.scatter.storage, to: &sum.scatter.storage)
    sum.rounding = max(a.rounding, b.rounding)
    sum.join(b.count, mean: b.mean)
    return sum
  }

  /// Adds samples, the rows of a matrix [n, d], multiplied in its precision; other widths trap.
  ///
  /// Throws where an element is not finite, having added the blocks before it.
  public mutating func add<Scalar>(_ samples: Matrix<Scalar>) throws(LinearAlgebraError) {
    require(
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
    routines.addLowerTriangle(products, &scatter.storage)
    scatter.addLowerTriangle(of: offset, weight: -added)
    rounding = max(rounding, Double(Scalar.ulpOfOne))
    join(block.rows, mean: blockMean)
  }

  /// Moves the mean towards that of more samples, whose own scatter has been added.
  private mutating func join(_ added: Int, mean other: [Double]) {
    let shift = zip(other, mean).map(-)
    let share = Double(added) / Double(count + added)
    scatter.addLowerTriangle(of: shift, weight: Double(count) * share)
    for index in mean.indices { mean[index] += shift[index] * share }
    count += added
  }
}

extension Matrix<Double> {
  /// Adds a multiple of `vᵀ·v`, up to the diagonal.
  fileprivate mutating func addLowerTriangle(of vector: [Double], weight: Double) {
    for row in 0..<rows {
      let factor = weight * vector[row]
      for column in 0...row { storage[row * columns + column] += factor * vector[column] }
    }
  }
}
