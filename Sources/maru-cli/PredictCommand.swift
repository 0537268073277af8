import ArgumentParser
import Foundation
import Maru
import Text

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the classes of test images, or of your own.",
    discussion: """
      Of a data set, prints the first predictions and the accuracy over all of them. Of PNG and JPEG images, \
      prints a line for each, and tells how it was made like the images that the model knows: grey \
      by luminance (Rec. 709), inverted where the background is light, cropped to what is drawn, and \
      brought to the model's size. An image that cannot be read is told of, and the others are \
      predicted; its row in --output is NaN. Of a table, the rows need no labels; columns are known by \
      their names, and of the table that the model was trained on only the rows that were held out are \
      predicted. --dataset - reads a table from standard input, and writes CSV to standard output, row \
      by row.
      """)

  @OptionGroup var model: ModelArgument
  @Argument(
    help: ArgumentHelp(
      "PNG or JPEG images, or folders of them, instead of a data set.", valueName: "image"))
  var images: [String] = []
  @Option(
    help:
      "mnist, fashion-mnist, digits, a folder with four IDX files, a .npz file, a table (.csv), or - for a table from standard input."
  )
  var dataset: String?
  @OptionGroup var data: DataOptions
  @Option(
    parsing: .unconditional, help: "How many predictions of a data set to print. (default: 15)")
  var count: Int?
  @Option(
    help: ArgumentHelp(
      "Write all predictions to this file: .csv with a line a row, or .npy, float32 [images, classes].",
      valueName: "file"))
  var output: String?
  @OptionGroup var text: TableTextOptions
  @Option(
    help: ArgumentHelp(
      "The column of a table that tells in CSV which row it is. (default: row, its number from 1)",
      valueName: "name|number"))
  var id: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Write to CSV so many of the most probable classes instead of the probabilities of all.",
      valueName: "k"))
  var top: Int?
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
    if let (option, _) = pictures.givenOfClasses.first, dataset == nil {
      throw ValidationError("\(option): expected with --dataset, whose true classes it shows")
    }
    if logits && output == nil {
      throw ValidationError("--logits: expected with --output, whose contents it changes")
    }
    try force.check(
      with: output ?? pictures.given.first?.path, of: "--output or the file of a picture")
    try checkRows()
    try refuseToWriteOneFileTwice()
  }

  /// Checks what is said of rows.
  private func checkRows() throws {
    if logits && writesCSV {
      throw ValidationError("--logits: expected with a .npy file as --output")
    }
    for (option, isGiven) in [("--id", id != nil), ("--top", top != nil)]
    where isGiven && !writesCSV && dataset != "-" {
      throw ValidationError(
        "\(option): expected with a .csv file as --output, whose columns it tells")
    }
    if let top, top < 1 { throw ValidationError("--top: expected a number from 1, got \(top)") }
    guard dataset == "-" else { return }
    let others = [("--output", output != nil), ("--count", count != nil)].filter(\.1).map(\.0)
    if let option = (others + pictures.given.map(\.option)).first {
      throw ValidationError(
        "\(option): expected without --dataset -, which writes CSV to standard output")
    }
  }

  /// Whether `--output` is to be lines of CSV.
  private var writesCSV: Bool { output?.lowercased().hasSuffix(".csv") ?? false }

  func run() throws {
    try checkOutput()
    let pictures = try pictures.checked(unless: force)
    let file = try model.loadToPredict()
    if let dataset {
      if let rows = try tablePrediction(of: dataset, by: file) {
        dataset == "-" ? try rows.stream() : try predict(dataset, rows, drawing: pictures)
      } else {
        try predict(dataset, by: file, drawing: pictures)
      }
    } else {
      try predictImages(by: file, drawing: pictures)
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
    let read =
      [(RunFolder.modelPath(model.model), "model")] + images.map { ($0, "image") }
      + (dataset.map { [($0, "data")] } ?? []).filter {
        access($0.0, R_OK) == 0 && !Self.isFolder($0.0)
      }
    for (path, what) in read where Self.isSameFile(output, path) {
      throw Failure.usage("--output \(output): expected another file than the \(what) itself")
    }
    guard writesCSV || output.lowercased().hasSuffix(".npy") else {
      throw Failure.usage("--output \(output): expected a name that ends in .csv or .npy")
    }
    try force.check([output], of: output)
  }

  /// What predicts the rows of a table; nil for other data, and for a model that knows no table.
  private func tablePrediction(of name: String, by file: ModelFile) throws -> TablePrediction? {
    if name != "-" {
      guard case .csv = try DatasetSource(parsing: name) else { return nil }
    }
    guard let preparation = try file.preparation else {
      if name != "-" { return nil }
      throw Failure.data(
        "\(model.model): the model has not learned from a table, as --dataset - needs")
    }
    return TablePrediction(
      file: file, preparation: preparation, options: text.options, id: id, top: top)
  }

  /// Predicts the rows of a file, and tells how many are right where it has labels.
  private func predict(
    _ path: String, _ rows: TablePrediction, drawing pictures: PredictionPictures.Files
  ) throws {
    let preparation = rows.preparation
    let table = try Table(
      contentsOf: path, for: preparation, text.options, reading: id.map { [$0] } ?? [])
    for note in preparation.notes(on: table) { Messages.print("\(note)") }
    let chosen = try preparation.rows(of: table)
    let names = try rows.names(of: chosen, in: table)
    if let output { try AtomicFile.check(output) }
    let samples = try preparation.samples(of: table, rows: chosen)
    let isOfNumbers = preparation.label.task == .regression
    try checkPictures(ofNumbers: isOfNumbers, path, samples)
    try pictures.writeActivations(of: rows.file.model, on: samples, at: model.model)
    if preparation.isHeldOut(of: table) {
      let line = "\(path) was trained on: its \(chosen.count) held-out rows are predicted"
      for line in line.wrapped(to: Terminal.standardOutput.limit ?? .max) {
        Results.print("\(line)")
      }
    }
    let outputs = try rows.outputs(of: samples)
    let found = try preparation.labels(of: table, rows: chosen)
    if let note = found?.note { Messages.print("\(note)") }
    let labels = found?.labels
    let results = logits ? try rows.file.model.predict(samples, scores: true) : outputs
    try write(results, rows.lines, names)
    var failures: [Failure] = []
    if isOfNumbers {
      let truth = try preparation.numbers(of: table, rows: chosen)
      failures = try drawNumbers(outputs, truth, preparation.label, path, pictures)
      printNumbers(outputs, names)
    } else {
      let guesses = Guess.all(in: outputs)
      if let labels, !labels.contains(where: { $0 < 0 }) {
        let dataset = Dataset(
          scored: LabelledImages(images: samples, labels: labels), of: table, by: preparation)
        failures = pictures.write(guesses, by: rows.file.model, of: dataset)
        for failure in failures { failure.report() }
      } else if let (option, _) = self.pictures.givenOfClasses.first {
        throw Failure.data("\(option): expected labels in all rows of \(path)")
      }
      printFirst(guesses, labels, names: preparation.label.classes, rows: names)
      tellAccuracy(guesses, labels)
    }
    if let output { Results.print("saved: \(output)") }
    if let failure = failures.first { throw ExitCode(failure.exitCode) }
  }

  /// Writes the outputs of all rows to the file that was asked for, if any.
  private func write(_ outputs: Tensor, _ lines: PredictionLines, _ names: [String]) throws {
    guard let output else { return }
    try Interrupts.heldBack {
      guard writesCSV else { return try NumPyFile.write(outputs, to: output) }
      let text = lines.header + lines.lines(names, outputs)
      try AtomicFile.write(Data(text.utf8), to: output)
    }
  }

  /// Throws a failure where pictures are asked for that these samples do not have.
  private func checkPictures(ofNumbers: Bool, _ path: String, _ samples: Images) throws {
    if ofNumbers {
      if logits { throw Failure.usage("--logits: expected with classes, but \(path) has numbers") }
      if let (option, _) = pictures.givenOfClasses.first(where: { $0.option != "--chart" }) {
        throw Failure.usage("\(option): expected classes, but the model predicts numbers")
      }
      return
    }
    if let (option, _) = pictures.givenOfClasses.first(where: { $0.option != "--confusion" }),
      samples.shape.rank != 2
    {
      throw Failure.usage(
        "\(option): expected images, but \(path) has samples of shape \(samples.shape)")
    }
  }

  /// Draws predictions against what is right, and gives why that could not be, if it could not.
  private func drawNumbers(
    _ values: Tensor, _ truth: Tensor?, _ label: Preparation.Label, _ path: String,
    _ files: PredictionPictures.Files
  ) throws -> [Failure] {
    guard files.chart != nil else { return [] }
    guard let truth else {
      throw Failure.data("--chart: expected numbers in all rows of \(path), to compare with")
    }
    let failures = files.writeChart(
      .predictions(values, truth, names: label.targets.map(\.name), title: "Predictions of \(path)")
    )
    for failure in failures { failure.report() }
    return failures
  }

  private func predict(
    _ name: String, by file: ModelFile, drawing pictures: PredictionPictures.Files
  ) throws {
    let dataset = try data.load(name, for: file, text.options)
    let known = try file.known(dataset, path: model.model)
    let images = dataset.test.images
    try checkPictures(ofNumbers: dataset.isOfNumbers, name, images)
    try MemoryNeed(scoring: file.model, samples: images.count).check(
      "--dataset: scoring \(images.count.grouped) \(dataset.noun) takes",
      threads: file.model.threads)
    try pictures.writeActivations(of: file.model, on: images, at: model.model)
    let failures =
      dataset.isOfNumbers
      ? try predictNumbers(dataset, by: file, drawing: pictures)
      : try predictClasses(dataset, known, by: file, drawing: pictures)
    if let failure = failures.first { throw ExitCode(failure.exitCode) }
  }

  /// Predicts the numbers of samples that are no rows of a table.
  private func predictNumbers(
    _ dataset: Dataset, by file: ModelFile, drawing pictures: PredictionPictures.Files
  ) throws -> [Failure] {
    guard let label = dataset.label, let targets = dataset.test.targets else { return [] }
    if let output { try AtomicFile.check(output) }
    let values = label.values(of: try file.model.predict(dataset.test.images))
    let lines = PredictionLines(
      classNames: [], numbers: label.targets.map(\.name), top: nil)
    let names = (0..<dataset.test.count).map { "\($0 + 1)" }
    try write(values, lines, names)
    let failures = try drawNumbers(
      values, label.values(of: targets), label, dataset.name, pictures)
    printNumbers(values, names)
    if let output { Results.print("saved: \(output)") }
    return failures
  }

  /// Predicts the classes of samples that are no rows of a table.
  private func predictClasses(
    _ dataset: Dataset, _ known: KnownSamples?, by file: ModelFile,
    drawing pictures: PredictionPictures.Files
  ) throws -> [Failure] {
    let (test, unknown) = (dataset.test, known?.unknown ?? [])
    let names = known?.classNames ?? dataset.classNames
    let labels = known?.labels ?? test.labels
    if !unknown.isEmpty {
      if let (option, _) = self.pictures.givenOfClasses.first {
        throw Failure.data(
          "\(option): expected classes that the model knows, \(dataset.name) also has "
            + unknown.joined(separator: ", "))
      }
      Messages.print(
        """
        \(dataset.name): the model does not know the classes \(unknown.joined(separator: ", ")); their \
        samples are predicted, their labels ignored
        """)
    }
    // All probabilities of all classes are for the output file alone.
    let guesses =
      output == nil
      ? try file.model.guesses(of: test.images)
      : Guess.all(in: try predict(test.images, by: file))
    var failures: [Failure] = []
    if unknown.isEmpty {
      let part = LabelledImages(images: test.images, labels: labels)
      failures = pictures.write(
        guesses, by: file.model,
        of: Dataset(name: dataset.name, classNames: names, train: part, test: part))
      for failure in failures { failure.report() }
    }
    printFirst(guesses, labels, names: names)
    tellAccuracy(guesses, labels)
    return failures
  }

  /// The files that were named, and those in the folders that were.
  private func imagePaths() throws -> [String] {
    try images.flatMap { path in
      guard Self.isFolder(path) else { return [path] }
      let files = Picture.files(in: path)
      if files.isEmpty {
        throw Failure.data("\(path): expected PNG or JPEG files, found none in it")
      }
      return files
    }
  }

  private func predictImages(
    by file: ModelFile, drawing pictures: PredictionPictures.Files
  ) throws {
    let paths = try imagePaths()
    let own = try OwnImages(paths, for: file, at: model.model)
    for failure in own.failures { failure.report() }
    if let images = own.images {
      try pictures.writeActivations(of: file.model, on: images, at: model.model)
      try MemoryNeed(scoring: file.model, samples: images.count).check(
        "scoring \(images.count.grouped) images takes", threads: file.model.threads)
      let probabilities = try predict(images, at: own.places, of: paths.count, by: file)
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
    if output != nil {
      let results = logits ? try file.model.predict(images, scores: true) : probabilities
      let rows = places.map { results.rows(at: $0, of: count ?? images.count) } ?? results
      let names =
        file.classNames.isEmpty ? (0..<rows.shape[1]).map(String.init) : file.classNames
      try write(
        rows, PredictionLines(classNames: names, top: top),
        (0..<rows.shape[0]).map { "\($0 + 1)" })
    }
    return probabilities
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
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
