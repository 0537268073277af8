import Synchronization
import Training

/// Samples of one element each, their number, that remembers in which order they were asked for.
final class RecordingSource: SampleSource {
  let sampleCount: Int
  let sampleShape: Shape = [1]
  private let log = Mutex<[Int]>([])

  init(_ count: Int) { sampleCount = count }

  /// The samples asked for so far, in order.
  var requests: [Int] { log.withLock { $0 } }

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    for (row, index) in indices.enumerated() {
      batch[row, 0] = Float(index) / Float(sampleCount)
    }
    log.withLock { $0 += indices.map { Int($0) } }
  }

  /// A linear model of these samples that works on one thread, so that requests come in order.
  static func model(classes: Int, seed: UInt64 = 3) throws -> Sequential {
    let model = try Sequential(inputShape: [1], [Dense(classes)], seed: seed)
    model.threads = 1
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }
}
