import Foundation
import Maru
import Synchronization
import Text

/// Threads that ask one predictor for batch after batch.
struct Scoring {
  private let predictor: Predictor
  /// Batches that take turns, and what a single call gives for each.
  private let batches: [(images: Images, expected: [Float])]
  let batchSize: Int

  /// Cuts some batches from the images; of fewer images than a batch holds, one of all.
  init(_ predictor: Predictor, _ images: Images, batchSize: Int) throws {
    self.predictor = predictor
    let size = min(batchSize, images.count)
    self.batchSize = size
    batches = try (0..<min(8, images.count / size)).map { index in
      let batch = images[index * size..<(index + 1) * size]
      return (batch, try predictor.predict(batch).elements)
    }
  }

  /// The seconds until each of the threads has made its calls, and the microseconds of every call.
  func run(calls: Int, threads: Int) throws -> (seconds: Double, callMicroseconds: [Double]) {
    let times = Mutex<[Double]>([])
    let failure = Mutex<(any Error)?>(nil)
    let done = DispatchGroup()
    let start = ContinuousClock.now
    for thread in 0..<threads {
      done.enter()
      Thread.detachNewThread {
        do {
          let own = try makeCalls(calls, from: thread)
          times.withLock { $0 += own }
        } catch {
          failure.withLock { $0 = error }
        }
        done.leave()
      }
    }
    done.wait()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if let failure = failure.withLock({ $0 }) { throw failure }
    return (seconds, times.withLock { $0 })
  }

  private func makeCalls(_ calls: Int, from first: Int) throws -> [Double] {
    try (0..<calls).map { call in
      let (images, expected) = batches[(first + call) % batches.count]
      let start = ContinuousClock.now
      let result = try predictor.predict(images)
      let microseconds = (ContinuousClock.now - start) / .microseconds(1)
      let isRight = result.withUnsafeBufferPointer { $0.elementsEqual(expected) }
      if !isRight { throw WrongAnswer("predict: another result than that of a single call") }
      return microseconds
    }
  }
}

/// The runs of one number of threads with one size of batch.
struct ScoringResult {
  let workload: Workload
  let threads: Int
  let batchSize: Int
  var runs: [(seconds: Double, callMicroseconds: [Double])] = []

  /// The images scored in a second, by run.
  var imagesPerSecond: [Double] {
    runs.map { Double($0.callMicroseconds.count * batchSize) / $0.seconds }
  }

  func record(_ run: Int) -> Record {
    Record([
      ("workload", .text(workload.rawValue)), ("threads", .integer(threads)),
      ("batch_size", .integer(batchSize)), ("core", .text(OpenBLAS.coreName)),
      ("calls", .integer(runs[run].callMicroseconds.count)),
      ("samples_per_second", .number(imagesPerSecond[run])),
      ("us_per_call_median", .number(Spread(runs[run].callMicroseconds).median)),
      ("us_per_call_p99", .number(runs[run].callMicroseconds.percentile(99))),
    ])
  }
}

extension [Double] {
  /// The value that so many per cent do not exceed (nearest rank); there must be one.
  func percentile(_ percent: Int) -> Double { sorted()[(count * percent + 99) / 100 - 1] }
}

/// All results as people read them.
struct ScoringTable: CustomStringConvertible {
  private var table = TextTable([
    ("workload", .left), ("batch", .right), ("threads", .right), ("images/s", .right),
    ("lowest–highest", .right), ("speed-up", .right), ("µs/call", .right), ("99 %", .right),
  ])

  private var isEmpty = true

  /// Adds the results of one size of batch; speed-ups are against the first.
  mutating func append(_ results: [ScoringResult]) {
    if !isEmpty { table.appendRule() }
    isEmpty = false
    let first = Spread(results[0].imagesPerSecond).median
    for result in results {
      let speed = Spread(result.imagesPerSecond)
      let calls = result.runs.flatMap(\.callMicroseconds)
      table.append([
        result.workload.rawValue, result.batchSize.grouped, "\(result.threads)",
        Int(speed.median).grouped, "\(Int(speed.lowest).grouped)–\(Int(speed.highest).grouped)",
        "\((speed.median / first).fixed(2))×", Spread(calls).median.fixed(1),
        calls.percentile(99).fixed(1),
      ])
    }
  }

  var description: String { table.description }
}
