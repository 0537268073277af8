import ArgumentParser
import Foundation
import Maru

struct ScoringCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scoring", abstract: "Measure predictions from many threads at once.",
    discussion: """
      Threads of a server share one predictor, and each asks for batch after batch; a call is \
      computed on the thread that makes it. Every result is compared with that of a single call, \
      bit by bit. Repeats of the different numbers of threads take turns; the table shows the \
      median of the repeats, and the lowest and highest.
      """)

  @OptionGroup var options: WorkloadOptions
  @Option(
    help: ArgumentHelp(
      "Threads that ask at once. (default: powers of two up to twice the usable processors)",
      valueName: "n,…"))
  var threads: [CommaList<Int>] = []
  @Option(help: ArgumentHelp("Images in a call. (default: 1,32,1024)", valueName: "n,…"))
  var batchSize: [CommaList<Int>] = []
  @Option(help: "Images that are scored in a repeat.")
  var images = 60_000
  @Option(help: "Repeats of each measurement.")
  var repeats = 5
  @Flag(help: "Print one JSON object per repeat, each in a line, instead of the table.")
  var json = false

  private var threadCounts: [Int] {
    if !threads.isEmpty { return threads.flatMap(\.values) }
    return Array(sequence(first: 1) { $0 * 2 }.prefix { $0 <= 2 * Processors.usable })
  }

  private var batchSizes: [Int] {
    batchSize.isEmpty ? [1, 32, 1024] : batchSize.flatMap(\.values)
  }

  func validate() throws {
    for threads in threadCounts { try check(threads, of: "--threads", isIn: 1...1024) }
    for size in batchSizes { try check(size, of: "--batch-size", isIn: 1...100_000) }
    try check(images, of: "--images", isIn: 1...100_000_000)
    try check(repeats, of: "--repeats", isIn: 1...10_000)
  }

  func run() throws {
    let loaded = try options.load()
    if !json { print(InfoCommand.lines.joined(separator: "\n")) }
    var table = ScoringTable()
    for (workload, samples) in loaded {
      for size in batchSizes { table.append(try measure(workload, samples, batchSize: size)) }
    }
    if !json { print(table.description, terminator: "") }
  }

  private func measure(
    _ workload: Workload, _ samples: LabelledImages, batchSize: Int
  ) throws -> [ScoringResult] {
    let scoring = try Scoring(
      Predictor(try workload.model(seed: 0)), samples.images, batchSize: batchSize)
    var results = threadCounts.map {
      ScoringResult(workload: workload, threads: $0, batchSize: scoring.batchSize)
    }
    _ = try scoring.run(calls: max(1, min(images, 2_000) / scoring.batchSize), threads: 1)
    for _ in 0..<repeats {
      for index in results.indices {
        let threads = results[index].threads
        let calls = max(1, images / scoring.batchSize / threads)
        results[index].runs.append(try scoring.run(calls: calls, threads: threads))
        if json { print(results[index].record(results[index].runs.count - 1).json) }
      }
    }
    return results
  }
}
