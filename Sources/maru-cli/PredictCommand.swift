import ArgumentParser
import Foundation
import Maru

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the classes of a data set's test images.",
    discussion: "Prints the first predictions and the accuracy over all of them.")

  @OptionGroup var model: ModelArgument
  @Option(
    help: "mnist, fashion-mnist, digits, a folder with four IDX files, or a .npz or .csv file.")
  var dataset: String
  @OptionGroup var data: DataOptions
  @Option(help: "How many predictions to print.")
  var count = 15
  @Option(
    help: ArgumentHelp(
      "Write all predictions to this .npy file: float32 [images, classes].", valueName: "file"))
  var output: String?
  @Flag(help: "Write the scores before the softmax (logits) instead of probabilities.")
  var logits = false

  func validate() throws {
    if count < 0 { throw ValidationError("--count: expected a number from 0, got \(count)") }
    if logits && output == nil {
      throw ValidationError("--logits: expected with --output, whose contents it changes")
    }
  }

  func run() throws {
    if let output, Self.isSameFile(output, RunFolder.modelPath(model.model)) {
      throw Failure.usage("--output \(output): expected another file than the model itself")
    }
    let file = try model.load()
    let dataset = try data.load(dataset)
    try file.check(against: dataset, path: model.model)
    if let output { try AtomicFile.check(output) }
    let probabilities = try file.model.predict(dataset.test.images)
    let predicted = probabilities.argmaxOfRows()
    if let output {
      let results =
        logits ? try file.model.predict(dataset.test.images, scores: true) : probabilities
      try Interrupts.heldBack { try NumPyFile.write(results, to: output) }
    }
    let labels = dataset.test.labels
    printFirst(probabilities, predicted, labels, names: dataset.classNames)
    let right = zip(predicted, labels).count { $0 == $1 }
    print("accuracy score: \((Double(right) / Double(labels.count)).fixed(4))")
  }

  private func printFirst(
    _ probabilities: Tensor, _ predicted: [Int], _ labels: [Int], names: [String]
  ) {
    let width = names.map(\.count).max() ?? 0
    let numberWidth = "\(max(0, min(count, labels.count) - 1))".count
    for index in 0..<min(count, labels.count) {
      let (guess, label) = (predicted[index], labels[index])
      let percent = (100 * Double(probabilities[index, guess])).fixed(0)
      let number = "\(index)".padded(to: numberWidth, left: true)
      let mark = guess == label ? "✓" : "✗"
      let answer = "\(names[guess].padded(to: width)) \(percent.padded(to: 3, left: true))%"
      print("\(number)  \(mark) \(answer)  (\(names[label]))")
    }
  }

  private static func isSameFile(_ a: String, _ b: String) -> Bool {
    let real = [a, b].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    return real[0] == real[1]
  }
}
