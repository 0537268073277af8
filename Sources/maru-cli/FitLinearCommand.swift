import ArgumentParser
import Maru
import Text

struct FitLinearCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit-linear",
    abstract: "Fit a linear function in one step, by least squares.",
    discussion: """
      Of classes, ridge regression onto 1 for a sample's class and 0 for the others. The classifier is \
      the best there is by that measure, with nothing to tune; its outputs are to be compared with each \
      other, and are no probabilities. Of numbers, ridge regression of their values, inputs and numbers \
      scaled as in training. It minimises the sum over the samples of the squared errors, and the factor \
      of --ridge times the squared weights; the bias is free. That is scikit-learn's Ridge(alpha=factor) \
      behind a StandardScaler.
      """)

  @Option(
    help:
      "mnist, fashion-mnist, digits, a folder with four IDX files, a .npz file or a table (.csv).")
  var dataset: String
  @OptionGroup var data: DataOptions
  @OptionGroup var table: TableArguments
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The factor of the penalty on squared weights, or auto: what suits the validation part best.",
      valueName: "factor|auto"))
  var ridge = "auto"
  @Option(
    parsing: .unconditional,
    help: "The last part of the training samples, by which auto chooses. (default: 0.2)")
  var validationSplit: Double?
  @Option(
    parsing: .unconditional,
    help: "Threads to use. (default: all processors that this process may use)")
  var threads: Int?
  @Option(help: ArgumentHelp("The model file to write.", valueName: "file"))
  var output: String?
  @OptionGroup var force: ForceOption

  /// λ, nil for the best one.
  private var givenRidge: Double? { ridge == "auto" ? nil : Double(ridge) }

  func validate() throws {
    try force.check(with: output)
    if ridge != "auto", !(givenRidge.map { $0 >= 0 && $0.isFinite } ?? false) {
      throw ValidationError("--ridge: expected auto or a number from 0, got \(ridge)")
    }
    if let validationSplit {
      guard ridge == "auto" else {
        throw ValidationError(
          "--validation-split: expected with --ridge auto, which is chosen by it")
      }
      guard 0 < validationSplit && validationSplit < 1 else {
        throw ValidationError(
          "--validation-split: expected a number above 0 and below 1, got \(validationSplit)")
      }
    }
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads: expected 1 to 1024, got \(threads)")
    }
  }

  func run() throws {
    if let output { try force.check([output], of: output) }
    let dataset = try load()
    let inputs = dataset.train.images.shape.count
    let threads = threads ?? Processors.usable
    try MemoryNeed(covarianceOf: inputs).check(
      "--dataset: the covariance of \(inputs.grouped) inputs takes", threads: threads)
    if let output { try AtomicFile.check(output) }
    OpenBLAS.threads = threads
    let clock = ContinuousClock()
    let start = clock.now
    let fit = try fit(dataset)
    let seconds = (clock.now - start) / .seconds(1)
    let model = try model(of: fit)
    if let output {
      try Interrupts.heldBack {
        try ModelFile(model, of: dataset).write(to: output)
      }
    }
    Results.print("ridge: \(fit.ridge.significant(5)) - fitted in \(seconds.fixed(2)) s")
    try score(model, dataset)
    if let output { Results.print("saved: \(output)") }
  }

  /// Prints how good the function is on the samples to test with.
  private func score(_ model: Sequential, _ dataset: Dataset) throws {
    let test = dataset.test
    guard dataset.isOfNumbers else {
      let predicted = try model.predict(test.images.flattened()).argmaxOfRows()
      let right = zip(predicted, test.labels).count { $0 == $1 }
      Results.print("test accuracy: \((Double(right) / Double(test.count)).fixed(4))")
      return
    }
    let scores = try model.scored(test, dataset.label, loss: .meanSquaredError)
    let errors = scores.figures.filter { $0.name != "loss" }
    Results.print(
      "\(errors.map { "test \($0.name): \($0.value.fixed(4))" }.joined(separator: " - "))")
    if let table = scores.table(width: Terminal.standardOutput.limit) {
      Results.print(lines: table)
    }
  }

  /// The data; the rows of a table in random order, since they may be sorted.
  private func load() throws -> Dataset {
    try table.check(with: DatasetSource(parsing: dataset))
    let dataset = try data.load(dataset, table: table.settings())
    guard let findings = dataset.findings else { return dataset }
    findings.tell(lines: true)
    return dataset.shufflingTraining()
  }

  /// Fits to all training samples, having chosen λ by the last part of them where none is given.
  private func fit(_ data: Dataset) throws -> RidgeRegression {
    let train = data.train
    let sums = { (part: Range<Int>) in
      if let targets = train.targets {
        return RegressionSums(train.images, targets: targets, indices: part)
      }
      return RegressionSums(
        train.images, labels: train.labels, classes: data.classNames.count, indices: part)
    }
    do {
      if let givenRidge {
        return try RidgeRegression(sums(0..<train.count), ridge: givenRidge)
      }
      let kept = Int(Double(train.count) * (1 - (validationSplit ?? 0.2)))
      guard 0 < kept && kept < train.count else {
        throw Failure.usage(
          "--validation-split: leaves \(kept) of \(train.count) \(data.noun) to fit to and "
            + "\(train.count - kept) to choose λ by")
      }
      let parts = [0..<kept, kept..<train.count].map(sums)
      let chosen = try RidgeRegression.best(parts[0], validation: parts[1])
      return try RidgeRegression(parts[0] + parts[1], ridge: chosen.ridge)
    } catch LinearAlgebraError.notPositiveDefinite {
      throw Failure.data(
        "--ridge \(ridge): some inputs follow from others, so that the weights are not determined; "
          + "give a larger number" + (givenRidge == nil ? "" : ", or auto"))
    } catch let error as LinearAlgebraError {
      throw Failure.data("--dataset \(dataset): \(error)")
    }
  }

  /// The function as a network of one layer.
  private func model(of fit: RidgeRegression) throws -> Sequential {
    let layer = Dense(weight: Tensor(fit.weight), bias: Tensor(fit.bias.map { Float($0) }))
    let model = try Sequential(inputShape: [fit.weight.columns], [layer])
    model.threads = threads ?? Processors.usable
    return model
  }
}
