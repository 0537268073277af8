import ArgumentParser
import Foundation
import Maru
import Parallel
import Text

struct TeamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "team", abstract: "Model how many threads train on machines of more processors.",
    discussion: """
      Measured are what a step takes on one thread, and what threads of this machine wait in it \
      together. The model: with p threads a step takes the first divided by p and, for each doubling \
      of p, as much waiting as two threads have. The choice is that of the rule by which teams find \
      their size, on the model's clock; the cost is the whole time of the steps over that of the best \
      number from the beginning, trials included. Nothing in the table but µs is measured.
      """)

  @OptionGroup var options: WorkloadOptions
  @Option(help: ArgumentHelp("Processors. (default: 2,8,16,64,128)", valueName: "n,…"))
  var processors: [CommaList<Int>] = []
  @Option(help: "Epochs that each measurement takes, and that the model trains.")
  var epochs = 3
  @Flag(help: "Print one JSON object per row, each in a line, instead of the table.")
  var json = false

  private var counts: [Int] {
    processors.isEmpty ? [2, 8, 16, 64, 128] : processors.flatMap(\.values)
  }

  func validate() throws {
    for count in counts { try check(count, of: "--processors", isIn: 1...1024) }
    try check(epochs, of: "--epochs", isIn: 1...10_000)
  }

  func run() throws {
    let loaded = try options.load()
    if !json { print(InfoCommand.lines.joined(separator: "\n")) }
    var table = TextTable([
      ("workload", .left), ("µs alone", .right), ("µs waiting", .right), ("processors", .right),
      ("best", .right), ("chosen", .right), ("modelled µs", .right), ("cost", .right),
    ])
    for (workload, samples) in loaded {
      let model = try TeamModel(workload, samples, epochs: epochs)
      for most in counts {
        let choice = model.choice(of: most)
        if json {
          let record = Record([
            ("workload", .text(workload.rawValue)), ("processors", .integer(most)),
            ("us_alone", .number(model.alone)), ("us_waiting", .number(model.waiting)),
            ("best", .integer(choice.best)), ("chosen", .integer(choice.chosen)),
            ("modelled_us", .number(model.microseconds(choice.chosen))),
            ("cost", .number(choice.cost)),
          ])
          print(record.json)
        }
        table.append([
          workload.rawValue, model.alone.fixed(1), model.waiting.fixed(1), "\(most)",
          "\(choice.best)", "\(choice.chosen)",
          model.microseconds(choice.chosen).fixed(1), choice.cost.fixed(2),
        ])
      }
    }
    if !json { print(table.description, terminator: "") }
  }
}

/// What a step takes with any number of threads, from measurements with one and two.
struct TeamModel {
  /// Microseconds of a step on one thread, with its part of what an epoch has beside, and of waiting on two.
  let alone, waiting: Double
  private let steps: Int

  init(_ workload: Workload, _ samples: LabelledImages, epochs: Int) throws {
    func train(threads: Int, profile: StepProfile?) throws -> History {
      let model = try workload.model(seed: 0)
      model.threads = threads
      return try model.fit(
        samples.images, samples.labels, epochs: epochs, batchSize: workload.batchSize,
        validation: workload.validation, profile: profile)
    }
    steps = epochs * workload.steps(workload.trainingCount(of: samples.count))
    let fastest = try train(threads: 1, profile: nil).seconds.min() ?? 0
    alone = fastest * 1e6 * Double(epochs) / Double(steps)
    let profile = StepProfile()
    _ = try train(threads: 2, profile: profile)
    waiting = profile.rows.filter { $0.work == .waiting }.reduce(0) { $0 + $1.microseconds }
  }

  func microseconds(_ threads: Int) -> Double {
    alone / Double(threads) + waiting * log2(Double(threads))
  }

  /// The best number of threads out of so many, the one that a team ends with, and what the way there
  /// costs.
  func choice(of most: Int) -> (best: Int, chosen: Int, cost: Double) {
    let best = (1...most).min { microseconds($0) < microseconds($1) } ?? 1
    var size = TeamSize(most: most)
    var total = 0.0
    for _ in 0..<steps {
      let time = microseconds(size.count)
      total += time
      size.note(nanoseconds: UInt64(time * 1e3), slept: 0)
    }
    return (best, size.count, total / (Double(steps) * microseconds(best)))
  }
}
