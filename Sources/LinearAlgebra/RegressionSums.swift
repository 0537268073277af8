import CKernels

/// What a linear regression needs to know of samples `X` [n, d] and their targets `Y` [n, k], however
/// many there are: the sums of their products, in double precision.
///
/// Targets are numbers; of classes, 1 for a sample's class and 0 for all others. Sums of parts of the
/// samples add up to those of all.
public struct RegressionSums: Sendable {
  /// `XᵀX` [d, d], its lower triangle; zeros above.
  public private(set) var products: Matrix<Double>
  /// `YᵀX` [k, d]; of classes, the sum of the samples of each.
  public private(set) var targetProducts: Matrix<Double>
  /// The sum of each input [d].
  public private(set) var totals: [Double]
  /// The sum of each target [k]; of classes, the number of samples of each.
  public private(set) var targetTotals: [Double]
  /// The sum of the squares of each target [k].
  public private(set) var targetSquares: [Double]
  /// The number of samples.
  public private(set) var count = 0

  /// The number of inputs of a sample.
  public var inputs: Int { products.rows }
  /// The number of targets of a sample, or of classes.
  public var targets: Int { targetProducts.rows }

  /// The sums of no samples.
  public init(inputs: Int, targets: Int) {
    require(
      inputs >= 0 && targets >= 0,
      "RegressionSums: expected sizes from 0, got \(inputs), \(targets)")
    products = Matrix(rows: inputs, columns: inputs)
    targetProducts = Matrix(rows: targets, columns: inputs)
    totals = [Double](repeating: 0, count: inputs)
    targetTotals = [Double](repeating: 0, count: targets)
    targetSquares = targetTotals
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
    self.init(inputs: samples.sampleShape.count, targets: classes)
    for label in labels[indices] {
      require(
        0 <= label && label < classes,
        "RegressionSums: expected labels in 0..<\(classes), got \(label)")
      targetTotals[label] += 1
    }
    (targetSquares, count) = (targetTotals, indices.count)
    defer {
      totals = (0..<inputs).map { input in
        (0..<targets).reduce(0) { $0 + targetProducts[$1, input] }
      }
    }
    let chosen = indices.map { Int32($0) }
    guard let bytes = ByteSums(samples, chosen, labels: labels, classes: classes) else {
      gather(samples, chosen, labels)
      return
    }
    let square = bytes.scale * bytes.scale
    products = Matrix(
      rows: inputs, columns: inputs, elements: bytes.products.elements.map { square * $0 })
    targetProducts = Matrix(
      rows: classes, columns: inputs, elements: bytes.classSums.elements.map { bytes.scale * $0 })
  }

  /// The sums of samples with numbers as targets [n, k], multiplied in double precision.
  /// - Parameters:
  ///   - samples: of any shape; flattened
  ///   - targets: a row for each sample; others trap
  ///   - indices: which samples, all unless given
  public init(_ samples: any SampleSource, targets: Tensor, indices: Range<Int>? = nil) {
    let all = 0..<samples.sampleCount
    let indices = indices ?? all
    require(
      targets.shape.rank == 2 && targets.shape[0] == all.count
        && indices.clamped(to: all) == indices,
      "RegressionSums: expected a row of targets for each of \(all.count) samples, got \(targets.shape), samples \(indices)"
    )
    self.init(inputs: samples.sampleShape.count, targets: targets.shape[1])
    count = indices.count
    gather(samples, indices.map { Int32($0) }, targets)
  }

  /// The sums of the samples of both; sizes that differ trap.
  public static func + (a: RegressionSums, b: RegressionSums) -> RegressionSums {
    require(
      a.inputs == b.inputs && a.targets == b.targets,
      "RegressionSums +: expected equal sizes, got \(a.inputs), \(a.targets) and \(b.inputs), \(b.targets)"
    )
    var sum = a
    add(b.products.storage, to: &sum.products.storage)
    add(b.targetProducts.storage, to: &sum.targetProducts.storage)
    add(b.totals, to: &sum.totals)
    add(b.targetTotals, to: &sum.targetTotals)
    add(b.targetSquares, to: &sum.targetSquares)
    sum.count += b.count
    return sum
  }

  /// Adds the products and class sums of samples gathered as floats.
  private mutating func gather(_ samples: any SampleSource, _ indices: [Int32], _ labels: [Int]) {
    let size = min(2048, indices.count)
    let blocks = SampleBlocks(samples, indices, size: size)
    let none = self
    let parts = inParallel(blocks: blocks.count) { [inputs] numbers in
      var part = (products: none.products, sums: none.targetProducts)
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
        part.sums.storage.withUnsafeMutableBufferPointer { sums in
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
      add(part.sums.storage, to: &targetProducts.storage)
    }
  }

  /// Adds the sums of samples gathered as floats, and of their targets.
  private mutating func gather(
    _ samples: any SampleSource, _ indices: [Int32], _ targets: Tensor
  ) {
    let size = min(2048, indices.count)
    let blocks = SampleBlocks(samples, indices, size: size)
    let (inputs, width) = (inputs, inputs + self.targets)
    let parts = inParallel(blocks: blocks.count) { numbers in
      // The targets stand behind the inputs, so that one product has all sums.
      var sums = (
        products: Matrix<Double>(rows: width, columns: width),
        totals: [Double](repeating: 0, count: width)
      )
      let buffer = blocks.buffer()
      var (block, room) = (Matrix<Double>(rows: size, columns: width), sums.products)
      for number in numbers {
        let x = blocks.gather(number, into: buffer)
        block.withMutableMatrix { block in
          for (row, index) in blocks.indices(number).enumerated() {
            let (from, to) = (x.row(row), block.row(row))
            for column in 0..<inputs { to[column] = Double(from[column]) }
            for column in inputs..<width {
              to[column] = Double(targets[Int(index), column - inputs])
            }
          }
          let rows = block[rows: 0..<x.rows]
          add(columnSums(of: rows), to: &sums.totals)
          room.withMutableMatrix { room in
            syrk(rows, into: room)
            addLowerTriangle(of: room, to: &sums.products.storage)
          }
        }
      }
      return sums
    }
    for part in parts {
      for row in 0..<inputs {
        totals[row] += part.totals[row]
        for column in 0...row { products[row, column] += part.products[row, column] }
      }
      for (target, row) in (inputs..<width).enumerated() {
        targetTotals[target] += part.totals[row]
        targetSquares[target] += part.products[row, row]
        for column in 0..<inputs { targetProducts[target, column] += part.products[row, column] }
      }
    }
  }
}
