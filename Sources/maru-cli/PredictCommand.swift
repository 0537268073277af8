import ArgumentParser
import Foundation
import Maru

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the classes of test images, or of your own.",
    discussion: """
      Of a data set, prints the first predictions and the accuracy over all of them. Of PNG images, \
      prints a line for each, and tells how it was made like the images that the model knows: grey \
      by luminance (Rec. 709), inverted where the background is light, cropped to what is drawn, and \
      brought to the model's size. An image that cannot be read is told of, and the others are \
      predicted; its row in --output is NaN.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(help: ArgumentHelp("PNG images, instead of a data set.", valueName: "image"))
  var images: [String] = []
  @Option(
    help: "mnist, fashion-mnist, digits, a folder with four IDX files, or a .npz or .csv file.")
  var dataset: String?
  @OptionGroup var data: DataOptions
  @Option(
    parsing: .unconditional, help: "How many predictions of a data set to print. (default: 15)")
  var count: Int?
  @Option(
    help: ArgumentHelp(
      "Write all predictions to this .npy file: float32 [images, classes].", valueName: "file"))
  var output: String?
  @OptionGroup var pictures: PredictionPictures
  @OptionGroup var force: ForceOption
  @Flag(help: "Write the scores before the softmax (logits) instead of probabilities.")
  var logits = false

  func validate() throws {
    if images.isEmpty == (dataset == nil) {
      throw ValidationError(
        "expected either --dataset or PNG images after the model, got "
          + (images.isEmpty ? "neither" : "both"))
    }
    if let count, count < 0 {
      throw ValidationError("--count: expected a number from 0, got \(count)")
    }
    if count != nil && dataset == nil {
      throw ValidationError("--count: expected with --dataset, since all images are printed")
    }
    if let (option, _) = pictures.given.first, dataset == nil {
      throw ValidationError("\(option): expected with --dataset, whose true classes it shows")
    }
    if logits && output == nil {
      throw ValidationError("--logits: expected with --output, whose contents it changes")
    }
    try force.check(
      with: output ?? pictures.given.first?.path, of: "--output or the file of a picture")
    try refuseToWriteOneFileTwice()
  }

  func run() throws {
    try checkOutput()
    let pictures = try pictures.checked(unless: force)
    let file = try model.loadToPredict()
    if let dataset {
      try predict(dataset, by: file, drawing: pictures)
    } else {
      try predictImages(by: file)
    }
  }

  private func refuseToWriteOneFileTwice() throws {
    var written = output.map { [("--output", $0)] } ?? []
    for (option, path) in pictures.given {
      if let (other, _) = written.first(where: { Self.isSameFile($0.1, path) }) {
        throw ValidationError("\(option): expected another file than that of \(other)")
      }
      written.append((option, path))
    }
  }

  /// Throws a failure where the file to write may not be replaced; models never are, by their names.
  private func checkOutput() throws {
    guard let output else { return }
    let read = [(RunFolder.modelPath(model.model), "model")] + images.map { ($0, "image") }
    for (path, what) in read where Self.isSameFile(output, path) {
      throw Failure.usage("--output \(output): expected another file than the \(what) itself")
    }
    guard output.lowercased().hasSuffix(".npy") else {
      throw Failure.usage("--output \(output): expected a name that ends in .npy")
    }
    try force.check([output], of: output)
  }

  private func predict(
    _ name: String, by file: ModelFile, drawing pictures: PredictionPictures.Files
  ) throws {
    let dataset = try file.relabelled(try data.load(name), path: model.model)
    if let (option, _) = self.pictures.given.first(where: { $0.option != "--confusion" }) {
      try dataset.checkImages(for: option)
    }
    let (images, labels) = (dataset.test.images, dataset.test.labels)
    try MemoryNeed(scoring: file.model, samples: images.count).check(
      "--dataset: scoring \(images.count.grouped) \(dataset.noun) takes",
      threads: file.model.threads)
    // All probabilities of all classes are for the output file alone.
    let guesses =
      output == nil
      ? try file.model.guesses(of: images) : Guess.all(in: try predict(images, by: file))
    let failures = pictures.write(guesses, by: file.model, of: dataset)
    for failure in failures { failure.report() }
    printFirst(guesses, labels, names: dataset.classNames)
    let right = zip(guesses, labels).count { $0.label == $1 }
    Results.print("accuracy score: \((Double(right) / Double(labels.count)).fixed(4))")
    if let failure = failures.first { throw ExitCode(failure.exitCode) }
  }

  private func predictImages(by file: ModelFile) throws {
    let own = try OwnImages(images, for: file, at: model.model)
    for failure in own.failures { failure.report() }
    if let images = own.images {
      try MemoryNeed(scoring: file.model, samples: images.count).check(
        "scoring \(images.count.grouped) images takes", threads: file.model.threads)
      let probabilities = try predict(images, at: own.places, of: self.images.count, by: file)
      for note in own.notes { Messages.print("\(note)") }
      for line in own.lines(probabilities) { Results.print("\(line)") }
    }
    if let failure = own.failures.first { throw ExitCode(failure.exitCode) }
  }

  /// The probabilities of the classes; what was asked for is in the output file by then, images that
  /// are not there as rows of NaN.
  /// - Parameters:
  ///   - places: the row of each image in the file, from 0; its own unless given
  ///   - count: the rows of the file
  private func predict(
    _ images: Images, at places: [Int]? = nil, of count: Int? = nil, by file: ModelFile
  ) throws -> Tensor {
    if let output { try AtomicFile.check(output) }
    let probabilities = try file.model.probabilities(of: images)
    if let output {
      let results = logits ? try file.model.predict(images, scores: true) : probabilities
      let rows = places.map { results.rows(at: $0, of: count ?? images.count) } ?? results
      try Interrupts.heldBack { try NumPyFile.write(rows, to: output) }
    }
    return probabilities
  }

  private func printFirst(_ guesses: [Guess], _ labels: [Int], names: [String]) {
    let count = min(count ?? 15, labels.count)
    let numberWidth = "\(max(0, count - 1))".count
    let names = Terminal.standardOutput.fitted(names, times: 2, beside: numberWidth + 13)
    let width = names.map(\.cells).max() ?? 0
    for index in 0..<count {
      let (guess, label) = (guesses[index].label, labels[index])
      let percent = (100 * Double(guesses[index].probability)).fixed(0)
      let number = "\(index)".padded(to: numberWidth, left: true)
      let mark = guess == label ? "✓" : "✗"
      let answer = "\(names[guess].padded(to: width)) \(percent.padded(to: 3, left: true))%"
      Results.print("\(number)  \(mark) \(answer)  (\(names[label]))")
    }
  }

  private static func isSameFile(_ a: String, _ b: String) -> Bool {
    let real = [a, b].map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    return real[0] == real[1]
  }
}

extension Tensor {
  /// The rows at other places among so many, those between NaN.
  fileprivate func rows(at places: [Int], of count: Int) -> Tensor {
    let columns = shape[1]
    var values = [Float](repeating: .nan, count: count * columns)
    for (row, place) in places.enumerated() {
      for column in 0..<columns { values[place * columns + column] = self[row, column] }
    }
    return Tensor(values, shape: [count, columns])
  }
}
