import Maru
import Text

/// The measured epochs of one trained model.
struct TrainingRun {
  /// The seconds of each epoch.
  let seconds: [Double]
  /// The samples trained on in an epoch.
  let samples: Int
  /// The training accuracy of the last epoch; nil for the naive backend, which keeps none.
  let accuracy: Double?

  var secondsPerEpoch: Double { Spread(seconds).median }
}

/// The runs of one backend with one number of threads on one workload.
struct TrainingResult {
  let workload: Workload
  let backend: Backend
  let threads: Int
  /// The floating-point operations of an epoch's products.
  let operations: Double
  /// What so many threads can compute, in operations per second.
  let peak: Double
  var runs: [TrainingRun] = []

  /// The seconds of an epoch over the runs.
  var secondsPerEpoch: Spread { Spread(runs.map(\.secondsPerEpoch)) }

  /// The part of the peak that is used where an epoch takes so long.
  func shareOfPeak(seconds: Double) -> Double { operations / seconds / peak }

  /// The result as a bar.
  var speed: Chart.TrainingSpeed {
    Chart.TrainingSpeed(
      workload: workload.rawValue,
      name: backend == .naive ? "naive" : "BLAS, \(ChartOption.threads(threads))",
      isNaive: backend == .naive,
      samplesPerSecond: Double(runs[0].samples) / secondsPerEpoch.median)
  }

  func record(of run: TrainingRun) -> Record {
    let seconds = run.secondsPerEpoch
    return Record([
      ("workload", .text(workload.rawValue)), ("backend", .text(backend.rawValue)),
      ("threads", .integer(threads)), ("core", .text(OpenBLAS.coreName)),
      ("epochs", .integer(run.seconds.count)), ("ms_per_epoch", .number(seconds * 1e3)),
      ("us_per_step", .number(seconds * 1e6 / Double(workload.steps(run.samples)))),
      ("samples_per_second", .number(Double(run.samples) / seconds)),
      ("share_of_peak", .number(shareOfPeak(seconds: seconds))),
      ("accuracy", run.accuracy.map { .number($0) } ?? .none),
    ])
  }
}

/// All results as people read them.
struct TrainingTable: CustomStringConvertible {
  private var table = TextTable([
    ("workload", .left), ("backend", .left), ("threads", .right), ("ms/epoch", .right),
    ("lowest–highest", .right), ("µs/step", .right), ("samples/s", .right), ("of peak", .right),
    ("speed-up", .right), ("accuracy", .right),
  ])

  private var isEmpty = true

  /// Adds the results of one workload; speed-ups are against the naive one among them.
  mutating func append(_ results: [TrainingResult]) {
    if !isEmpty { table.appendRule() }
    isEmpty = false
    let naive = results.first { $0.backend == .naive }?.secondsPerEpoch.median
    for result in results {
      let seconds = result.secondsPerEpoch
      let samples = result.runs[0].samples
      let accuracies = result.runs.compactMap(\.accuracy)
      table.append([
        result.workload.rawValue, result.backend.rawValue, "\(result.threads)",
        (seconds.median * 1e3).fixed(1),
        "\((seconds.lowest * 1e3).fixed(1))–\((seconds.highest * 1e3).fixed(1))",
        (seconds.median * 1e6 / Double(result.workload.steps(samples))).fixed(1),
        Int(Double(samples) / seconds.median).grouped,
        result.shareOfPeak(seconds: seconds.median).fixed(2),
        naive.map { "\(($0 / seconds.median).fixed(1))×" } ?? "–",
        accuracies.isEmpty ? "–" : Spread(accuracies).median.fixed(4),
      ])
    }
  }

  var description: String { table.description }
}
