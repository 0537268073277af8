import ArgumentParser
import Foundation
import Maru

/// What computes a training step.
enum Backend: String, CaseIterable, ExpressibleByArgument {
  case naive, blas
}

struct TrainingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training", abstract: "Measure the training of six networks.",
    discussion: """
      Each repeat trains a fresh model: an epoch to warm up, which does not count, then the epochs \
      that are measured, shuffled, with loss and accuracy. Repeats of the different backends and \
      thread counts take turns. A repeat's figure is the median of its epochs; the table shows the \
      median of the repeats, and the lowest and highest. The naive backend is plain Swift loops on \
      one thread; it makes only some steps of a long epoch, and their time is scaled up. The share of \
      the peak is what the matrix products need, over the time of an epoch and what the threads can \
      compute together.
      """)

  @OptionGroup var options: WorkloadOptions
  @Option(help: ArgumentHelp("naive, blas. (default: both)", valueName: "name,…"))
  var backend: [CommaList<Backend>] = []
  @Option(
    help: ArgumentHelp(
      "Threads of the BLAS backend. (default: powers of two up to the usable processors, and those)",
      valueName: "n,…"))
  var threads: [CommaList<Int>] = []
  @Option(help: "Epochs measured in a repeat.")
  var epochs = 3
  @Option(help: "Repeats of each measurement.")
  var repeats = 3
  @Flag(help: "Print one JSON object per repeat, each in a line, instead of the table.")
  var json = false
  @OptionGroup var chart: ChartOption

  private var backends: [Backend] {
    backend.isEmpty ? Backend.allCases : backend.flatMap(\.values)
  }

  private var threadCounts: [Int] {
    if !threads.isEmpty { return threads.flatMap(\.values) }
    let usable = Processors.usable
    return sequence(first: 1) { $0 * 2 }.prefix { $0 < usable } + [usable]
  }

  func validate() throws {
    for threads in threadCounts { try check(threads, of: "--threads", isIn: 1...1024) }
    try check(epochs, of: "--epochs", isIn: 1...10_000)
    try check(repeats, of: "--repeats", isIn: 1...10_000)
  }

  func run() throws {
    try chart.check()
    let loaded = try options.load()
    if !json { print(InfoCommand.lines.joined(separator: "\n")) }
    var table = TrainingTable()
    var results: [TrainingResult] = []
    let peaks = Dictionary(
      uniqueKeysWithValues: Set([1] + threadCounts).map { ($0, Self.peak(threads: $0)) })
    for (workload, samples) in loaded {
      let measured = try measure(workload, samples, peaks)
      table.append(measured)
      results += measured
    }
    try chart.write(.training(results.map(\.speed)))
    if json { return }
    print(table.description, terminator: "")
    for (workload, samples) in loaded where backends.contains(.naive) {
      let steps = workload.steps(workload.trainingCount(of: samples.count))
      if steps > workload.naiveSteps {
        print(
          "naive \(workload.rawValue): \(workload.naiveSteps) of \(steps) steps per epoch, "
            + "their time scaled up")
      }
    }
  }

  /// Operations per second; of several measurements the best, since the system may begin with two threads
  /// on one processor.
  private static func peak(threads: Int) -> Double {
    let measured = (0..<8).map { _ in
      Thread.sleep(forTimeInterval: 0.02)
      return Processors.peakGigaflops(threads: threads)
    }
    return (measured.max() ?? 0) * 1e9
  }

  /// The repeats of each backend and number of threads.
  private func measure(
    _ workload: Workload, _ samples: LabelledImages, _ peaks: [Int: Double]
  ) throws -> [TrainingResult] {
    var results = backends.flatMap { backend in
      (backend == .naive ? [1] : threadCounts).map { threads in
        TrainingResult(
          workload: workload, backend: backend, threads: threads,
          operations: workload.operations(of: samples.count),
          peak: peaks[threads] ?? 0)
      }
    }
    for seed in 0..<UInt64(repeats) {
      for index in results.indices {
        let run =
          switch results[index].backend {
          case .naive:
            try NaiveTraining(workload, samples, seed: seed).run(epochs: epochs)
          case .blas:
            try train(workload, samples, threads: results[index].threads, seed: seed)
          }
        results[index].runs.append(run)
        if json { print(results[index].record(of: run).json) }
      }
    }
    return results
  }

  /// Trains a fresh model with the library, as a user would.
  private func train(
    _ workload: Workload, _ samples: LabelledImages, threads: Int, seed: UInt64
  ) throws -> TrainingRun {
    let model = try workload.model(seed: seed)
    model.threads = threads
    let history = try model.fit(
      samples.images, samples.labels, epochs: 1 + epochs, batchSize: workload.batchSize,
      validation: workload.validation)
    return TrainingRun(
      seconds: Array(history.seconds.dropFirst()),
      samples: workload.trainingCount(of: samples.count), accuracy: history.accuracy.last)
  }
}
