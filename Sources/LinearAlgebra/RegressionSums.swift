import CKernels

/// What a linear regression needs to know of labelled samples, however many there are: the sums of
/// their inner products and of each class, in double precision.
///
/// Targets are 1 for a sample's class and 0 for all others. Sums of parts of the samples add up to
/// those of all.
public struct RegressionSums: Sendable {
  /// `XᵀX` [d, d] of the samples `X` [n, d], its lower triangle; zeros above.
  public private(set) var products: Matrix<Double>
  /// The sum of the samples of each class, `YᵀX` [k, d] with `Y` [n, k] the targets.
  public private(set) var classSums: Matrix<Double>
  /// The number of samples of each class.
  public private(set) var classCounts: [Int]

  /// The number of inputs of a sample.
  public var inputs: Int { products.rows }
  /// The number of classes.
  public var classes: Int { classSums.rows }
  /// The number of samples.
  public var count: Int { classCounts.reduce(0, +) }

  /// The sums of no samples.
  public init(inputs: Int, classes: Int) {
    require(
      inputs >= 0 && classes >= 0,
      "RegressionSums: expected sizes from 0, got \(inputs), \(classes)")
    products = Matrix(rows: inputs, columns: inputs)
    classSums = Matrix(rows: classes, columns: inputs)
    classCounts = [Int](repeating: 0, count: classes)
  }

  /// The sums of labelled samples.
  ///
  /// Bytes are multiplied as whole numbers where the processor has instructions for that (AVX-512
  /// VNNI), which is exact and several times as fast. Others are gathered 2,048 at a time and
  /// multiplied in double precision, one `syrk` a block, and the blocks added up in an order that
  /// depends on the number of threads: in single precision, what a column of large numbers of which
  /// none differs much from the others has of its own would be lost. Either takes as many threads as
  /// BLAS has.
  /// - Parameters:
  ///   - samples: of any shape; flattened
  ///   - labels: one for each sample, in 0..<`classes`; others trap
  ///   - classes: number of classes
  ///   - indices: which samples, all unless given
  public init(
    _ samples: any SampleSource, labels: [Int], classes: Int, indices: Range<Int>? = nil
  ) {
    let indices = indices ?? 0..<samples.sampleCount
    require(
      samples.sampleCount == labels.count && indices.clamped(to: labels.indices) == indices,
      "RegressionSums: expected a label for each of \(samples.sampleCount) samples, got \(labels.count) labels, samples \(indices)"
    )
    self.init(inputs: samples.sampleShape.count, classes: classes)
    for label in labels[indices] {
      require(
        0 <= label && label < classes,
        "RegressionSums: expected labels in 0..<\(classes), got \(label)")
      classCounts[label] += 1
    }
    let chosen = indices.map { Int32($0) }
    guard let bytes = ByteSums(samples, chosen, labels: labels, classes: classes) else {
      gather(samples, chosen, labels)
      return
    }
    let square = bytes.scale * bytes.scale
    products = Matrix(
      rows: inputs, columns: inputs, elements: bytes.products.elements.map { square * $0 })
    classSums = Matrix(
      rows: classes, columns: inputs, elements: bytes.classSums.elements.map { bytes.scale * $0 })
  }

  /// The sums of the samples of both; sizes that differ trap.
  public static func + (a: RegressionSums, b: RegressionSums) -> RegressionSums {
    require(
      a.inputs == b.inputs && a.classes == b.classes,
      "RegressionSums +: expected equal sizes, got \(a.inputs), \(a.classes) and \(b.inputs), \(b.classes)"
    )
    var sum = a
    add(b.products.storage, to: &sum.products.storage)
    add(b.classSums.storage, to: &sum.classSums.storage)
    for label in sum.classCounts.indices { sum.classCounts[label] += b.classCounts[label] }
    return sum
  }

  /// Adds the products and class sums of samples gathered as floats.
  private mutating func gather(_ samples: any SampleSource, _ indices: [Int32], _ labels: [Int]) {
    let size = min(2048, indices.count)
    let blocks = SampleBlocks(samples, indices, size: size)
    let none = self
    let parts = inParallel(blocks: blocks.count) { [inputs] numbers in
      var part = (products: none.products, classSums: none.classSums)
      let buffer = blocks.buffer()
      var (block, room) = (Matrix<Double>(rows: size, columns: inputs), none.products)
      for number in numbers {
        let x = blocks.gather(number, into: buffer)
        block.withMutableMatrix { block in
          for index in 0..<x.rows * inputs {
            block.baseAddress[index] = Double(buffer.floats[index])
          }
          room.withMutableMatrix { room in
            syrk(block[rows: 0..<x.rows], into: room)
            addLowerTriangle(of: room, to: &part.products.storage)
          }
        }
        part.classSums.storage.withUnsafeMutableBufferPointer { sums in
          guard let first = sums.baseAddress else { return }
          for (row, index) in blocks.indices(number).enumerated() {
            maru_accumulate(x.row(row), first + labels[Int(index)] * inputs, inputs)
          }
        }
      }
      return part
    }
    for part in parts {
      add(part.products.storage, to: &products.storage)
      add(part.classSums.storage, to: &classSums.storage)
    }
  }
}
