import CKernels
import Synchronization

/// The sums over samples kept as bytes, in whole numbers: exact, and so the same on any number of
/// threads.
struct ByteSums: Sendable {
  /// The number of samples.
  fileprivate(set) var count = 0
  /// `XᵀX` [d, d] of the bytes, its lower triangle; zeros above.
  var products: Matrix<Double>
  /// The sum of the samples of each class [k, d], of the bytes.
  var classSums: Matrix<Double>
  /// The float that a byte of 1 stands for.
  private(set) var scale: Double

  /// The sums of samples, nil where they are not kept as bytes, or the processor has no instructions
  /// for their products (AVX-512 VNNI).
  /// - Parameters:
  ///   - samples: of any shape; flattened
  ///   - indices: which samples, all unless given
  ///   - labels: one for each sample, in 0..<`classes`; all are of one class unless given
  ///   - classes: number of classes
  init?(
    _ samples: any SampleSource, _ indices: [Int32]?, labels: [Int]? = nil, classes: Int = 1
  ) {
    guard maru_has_byte_products() != 0, let bytes = samples.bytes else { return nil }
    let inputs = samples.sampleShape.count
    require(
      bytes.elements.count == samples.sampleCount * inputs,
      "SampleSource.bytes: expected \(samples.sampleCount) samples of \(inputs), got \(bytes.elements.count) bytes"
    )
    products = Matrix(rows: inputs, columns: inputs)
    classSums = Matrix(rows: classes, columns: inputs)
    scale = Double(bytes.scale)
    let blocks = SampleBlocks(samples, indices, size: Int(MARU_BYTE_BLOCK))
    let total = Mutex(self)
    _ = inParallel(blocks: blocks.count) { numbers in
      var tally = Tally(inputs: inputs, classes: classes)
      for number in numbers {
        let indices = blocks.indices(number)
        if tally.count + indices.count > Int(MARU_BYTE_SAMPLES) {
          total.withLock { tally.move(to: &$0) }
        }
        tally.add(bytes.elements, indices, labels)
      }
      total.withLock { tally.move(to: &$0) }
    }
    self = total.withLock { $0 }
  }
}

/// The latest sums of one worker, as the kernel adds them up.
private struct Tally {
  private(set) var count = 0
  /// `Σ (x − 128)ᵀ·x`
  private var products: [Int32]
  private var classSums: [Int32]
  private let room: AlignedBuffer
  private let inputs, classes, stride: Int

  init(inputs: Int, classes: Int) {
    (self.inputs, self.classes) = (inputs, classes)
    stride = (inputs + 15) / 16 * 16
    products = [Int32](repeating: 0, count: stride * stride)
    classSums = [Int32](repeating: 0, count: classes * inputs)
    room = AlignedBuffer(uninitialized: Int(MARU_BYTE_BLOCK) * stride / 4)
  }

  mutating func add(_ bytes: ArraySlice<UInt8>, _ indices: [Int32], _ labels: [Int]?) {
    count += indices.count
    bytes.withUnsafeBufferPointer { bytes in
      guard let first = bytes.baseAddress else { return }
      maru_add_byte_products(first, inputs, indices, indices.count, room.floats, &products)
      classSums.withUnsafeMutableBufferPointer { sums in
        guard let ofFirstClass = sums.baseAddress else { return }
        for index in indices.lazy.map({ Int($0) }) {
          let label = labels?[index] ?? 0
          maru_add_bytes(first + index * inputs, inputs, ofFirstClass + label * inputs)
        }
      }
    }
  }

  /// Adds the sums to others, and begins anew.
  mutating func move(to total: inout ByteSums) {
    let columnSums = (0..<inputs).map { column in
      (0..<classes).reduce(0) { $0 + Int(classSums[$1 * inputs + column]) }
    }
    for row in 0..<inputs {
      for column in 0...row {
        // (x − 128)·y + 128·y = x·y
        let product = Int(products[row * stride + column]) + 128 * columnSums[column]
        total.products.storage[row * inputs + column] += Double(product)
      }
    }
    for index in classSums.indices {
      total.classSums.storage[index] += Double(classSums[index])
    }
    total.count += count
    count = 0
    products.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    classSums.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }
}
