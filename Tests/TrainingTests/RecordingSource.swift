import Synchronization
import Training

/// Samples whose elements are all their number, that remembers in which order they were asked for.
final class RecordingSource: SampleSource {
  let sampleCount: Int
  let sampleShape: Shape
  private let log = Mutex<[(sample: Int, columns: Range<Int>)]>([])

  init(_ count: Int, width: Int = 1) {
    sampleCount = count
    sampleShape = [width]
  }

  /// The samples asked for so far, in order.
  var requests: [Int] { log.withLock { $0.map(\.sample) } }
  /// The columns asked for so far.
  var columns: Set<Range<Int>> { log.withLock { Set($0.map(\.columns)) } }

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    for (row, index) in indices.enumerated() {
      for column in 0..<columns.count {
        batch[row, column] = Float(index) / Float(sampleCount)
      }
    }
    log.withLock { $0 += indices.map { (Int($0), columns) } }
  }

  /// A linear model of these samples that works on one thread, so that requests come in order.
  static func model(classes: Int, seed: UInt64 = 3) throws -> Sequential {
    let model = try Sequential(inputShape: [1], [Dense(classes)], seed: seed)
    model.threads = 1
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }
}
