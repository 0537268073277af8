import ArgumentParser
import Foundation
import Maru
import Text

struct AccuracyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accuracy", abstract: "Measure the time until a network is as good as asked for.",
    discussion: """
      Each run is a process of its own, of which the whole time counts: starting, reading the files, \
      training, and scoring the test images once. What it does is fixed beforehand by a recipe, chosen \
      on the last 10,000 training images (--validate), never on the test images. The last line gives \
      how many runs reach the target, and the median of their seconds with its 95 % interval.
      """)

  @Option(help: "Data set.")
  var dataset = "mnist"
  @Option(help: "Share of right answers to reach.")
  var target = 0.99
  @Option(help: "Runs, with the seeds from --seed on.")
  var runs = 10
  @Option(help: "Seed of the first run.")
  var seed: UInt64 = 0
  @Option(help: "Epochs. (default: the recipe's)")
  var epochs: Int?
  @Option(help: "Highest learning rate. (default: the recipe's)")
  var learningRate: Float?
  @Option(help: ArgumentHelp("Most threads. (default: all processors that this process may use)"))
  var threads: Int?
  @Option(
    help: ArgumentHelp("Where to look for data sets first, as maru does.", valueName: "dir"))
  var dataDirectory: String?
  @Flag(
    name: .customLong("validate"),
    help: "Train without the last 10,000 training images, and score those, to choose a recipe.")
  var isValidated = false
  @Flag(help: "Print one JSON object per run, each in a line.")
  var json = false
  @Flag(help: .hidden)
  var once = false

  func validate() throws {
    try check(runs, of: "--runs", isIn: 1...10_000)
    if let epochs { try check(epochs, of: "--epochs", isIn: 1...10_000) }
    if let threads { try check(threads, of: "--threads", isIn: 1...1024) }
    guard 0 < target && target < 1 else {
      throw ValidationError("--target: expected a number between 0 and 1, got \(target)")
    }
    if let learningRate, !(0 < learningRate && learningRate.isFinite) {
      throw ValidationError("--learning-rate: expected a number above 0, got \(learningRate)")
    }
    _ = try recipe()
  }

  private func recipe() throws -> Recipe {
    guard var recipe = Recipe.recipe(for: dataset, target: target) else {
      let known = Recipe.all.map { "\($0.dataset.name) to \($0.target)" }
      throw ValidationError(
        "no recipe for \(dataset) to \(target); there is one for \(known.joined(separator: ", "))")
    }
    if let epochs { recipe.epochs = epochs }
    if let learningRate { recipe.peak = learningRate }
    return recipe
  }

  func run() throws {
    let recipe = try recipe()
    if once {
      print("\(try trainedAccuracy(by: recipe))")
      return
    }
    if !json {
      print(InfoCommand.lines.joined(separator: "\n"))
      print("recipe: \(recipe)\(isValidated ? "; scored on 10,000 training images" : "")")
    }
    let arguments = Array(CommandLine.arguments.dropFirst()).filter { $0 != "--json" }
    var seconds: [Double] = []
    for seed in seed..<seed + UInt64(runs) {
      let start = ContinuousClock.now
      // The last of two options of one name counts.
      let child = try ChildProgram("/proc/self/exe", arguments + ["--once", "--seed", "\(seed)"])
      let result = child.finish(seconds: 3600)
      let taken = (ContinuousClock.now - start) / .seconds(1)
      guard result.end == .exit(code: 0),
        let accuracy = Double(
          String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .newlines))
      else {
        let reason =
          result.end == .stopped
          ? "not done in an hour" : String(decoding: result.errors, as: UTF8.self)
        throw RunFailure("seed \(seed): \(reason)")
      }
      if accuracy >= target { seconds.append(taken) }
      if json {
        let record = Record([
          ("dataset", .text(dataset)), ("target", .number(target)),
          ("seconds", .number(taken)), ("epochs", .integer(recipe.epochs)),
          ("accuracy", .number(accuracy)), ("seed", .integer(Int(seed))),
        ])
        print(record.json)
      } else {
        print("seed \(seed): \(accuracy.fixed(4)) in \(taken.fixed(2)) s")
      }
    }
    if !json { print(summary(seconds)) }
  }

  private func summary(_ seconds: [Double]) -> String {
    let reached = "\(seconds.count) of \(runs) runs reach \(target)"
    guard !seconds.isEmpty else { return reached }
    let median = "\(reached), in \(Spread(seconds).median.fixed(2)) s (median"
    guard let interval = seconds.medianInterval else {
      return median + "; fewer than 6 give no interval)"
    }
    return median
      + "; 95 % interval \(interval.lowerBound.fixed(2)) to \(interval.upperBound.fixed(2)))"
  }

  private func trainedAccuracy(by recipe: Recipe) throws -> Double {
    let data = try Dataset.load(.published(recipe.dataset), dataDirectory: dataDirectory)
    var (train, test) = (data.train, data.test)
    if isValidated {
      (train, test) = (train[0..<train.count - 10_000], train[train.count - 10_000..<train.count])
    }
    let model = try recipe.model(seed: seed, samples: train.count)
    model.threads = threads ?? Processors.usable
    try model.fit(
      train.images, train.labels, epochs: recipe.epochs, batchSize: recipe.batchSize)
    return try model.evaluate(test.images, test.labels)["accuracy"] ?? 0
  }
}

/// A run that ended without a result.
struct RunFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// How a network is trained for a target: Adam at a rate that rises over a quarter of the steps and falls
/// along half a cosine.
struct Recipe: CustomStringConvertible {
  let dataset: PublishedDataset
  let target: Double
  let workload: Workload
  var epochs: Int
  var peak: Float
  let batchSize: Int

  static let all = [
    Recipe(
      dataset: .mnist, target: 0.985, workload: .lenet5, epochs: 2, peak: 0.006, batchSize: 128),
    Recipe(
      dataset: .mnist, target: 0.99, workload: .lenet5, epochs: 4, peak: 0.006, batchSize: 128),
  ]

  /// The one of the lowest target that is high enough.
  static func recipe(for dataset: String, target: Double) -> Recipe? {
    all.filter { $0.dataset.name == dataset && $0.target >= target }.min { $0.target < $1.target }
  }

  /// The untrained network, compiled for so many samples.
  func model(seed: UInt64, samples: Int) throws -> Sequential {
    let model = try workload.model(seed: seed)
    let steps = epochs * ((samples + batchSize - 1) / batchSize)
    model.compile(
      optimizer: .adam(learningRate: .cosine(peak: peak, warmUp: steps / 4, steps: steps)),
      loss: .softmaxCrossEntropy)
    return model
  }

  var description: String {
    "\(workload.rawValue)'s network, epochs: \(epochs), batches of \(batchSize), Adam, "
      + "rate up to \(peak) over a quarter of the steps, then along a cosine to 0"
  }
}

extension [Double] {
  /// Between which of the values, in order, the median of their distribution lies with a probability of at
  /// least 95 % (Thompson 1936); nil where no two are enough.
  package var medianInterval: ClosedRange<Double>? {
    let sorted = sorted()
    // The probability that at most `rank` of them lie below the median.
    var (below, term, rank) = (0.0, pow(0.5, Double(count)), 0)
    while rank < count / 2, below + term <= 0.025 {
      below += term
      term *= Double(count - rank) / Double(rank + 1)
      rank += 1
    }
    return rank == 0 ? nil : sorted[rank - 1]...sorted[count - rank]
  }
}
