import ArgumentParser
import Maru
import Text

struct StepsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps", abstract: "Show where the time of a training step goes.",
    discussion: """
      By layer and kind of work, averaged over all steps of some epochs and over the threads; \
      maru train --profile shows the same of any run. GFLOP/s are the operations of all threads, \
      divided by the threads' mean time in BLAS.
      """)

  @OptionGroup var options: WorkloadOptions
  @Option(help: "Threads. (default: all processors that this process may use)")
  var threads: Int?
  @Option(help: "Epochs to measure.")
  var epochs = 3
  @Flag(help: "Print one JSON object per row, each in a line, instead of tables.")
  var json = false

  func validate() throws {
    if let threads { try check(threads, of: "--threads", isIn: 1...1024) }
    try check(epochs, of: "--epochs", isIn: 1...10_000)
  }

  func run() throws {
    let loaded = try options.load()
    if !json { print(InfoCommand.lines.joined(separator: "\n")) }
    for (workload, samples) in loaded {
      let model = try workload.model(seed: 0)
      model.threads = threads ?? Processors.usable
      let profile = StepProfile()
      try model.fit(
        samples.images, samples.labels, epochs: epochs, batchSize: workload.batchSize,
        validation: workload.validation, profile: profile)
      if json {
        for row in profile.rows { print(record(of: row, workload, threads: model.threads).json) }
      } else {
        print("\n\(workload.rawValue), threads: \(model.threads), steps: \(profile.steps.grouped)")
        print(profile, terminator: "")
      }
    }
  }

  private func record(of row: StepProfile.Row, _ workload: Workload, threads: Int) -> Record {
    Record([
      ("workload", .text(workload.rawValue)), ("threads", .integer(threads)),
      ("core", .text(OpenBLAS.coreName)), ("layer", row.layer.map { .text($0) } ?? .none),
      ("work", .text(row.work.rawValue)), ("us_per_step", .number(row.microseconds)),
      ("us_in_products", .number(row.productMicroseconds)),
      ("gflops", row.gigaflops.map { .number($0) } ?? .none),
    ])
  }
}
