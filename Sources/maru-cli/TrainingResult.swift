import Foundation
import Maru
import Text

/// A model whose training is over.
struct TrainedModel {
  let run: TrainingRun
  /// The finished model.
  let model: Sequential
  let history: History
  /// The steps of an epoch.
  let steps: Int
  /// Whether the run went on from a state whose weights may have been lost already.
  let isResumed: Bool
  /// The state after the last epoch; nil where training ended before, or no folder keeps it.
  let state: TrainingState?

  /// Scores it on the test samples, and looks whether the scores are sound.
  func tested() throws -> TrainingResult {
    let samples = run.dataset.test
    let test = try model.scored(samples, run.dataset.label, loss: run.loss.loss)
    return TrainingResult(
      trained: self, test: test.figures, problem: try problem(test.figures.loss))
  }

  /// How many times that of the untrained model a loss has to be for training to have diverged.
  private static let mostGrowth = 10.0

  /// What is wrong with the model or with the test samples, in a line; nil where nothing is.
  ///
  /// A loss may rise for a while, be high of samples that are not scaled, or be high in the test part
  /// alone, and in training it is measured before a step. So where that of the test samples is worse
  /// than a guess, that of the training samples is taken anew, and compared both with a guess and with
  /// the untrained model.
  private func problem(_ testLoss: Double) throws -> String? {
    let dataset = run.dataset
    let guess = run.loss.guess(classes: dataset.classNames.count)
    if testLoss <= guess { return nil }
    let (images, goal) = (dataset.train.images, dataset.train.goal)
    let loss = try model.evaluate(images, goal).loss
    if !(loss <= guess) {
      let first = try run.untrained().evaluate(images, goal).loss
      if !(loss <= Self.mostGrowth * first) { return divergence(from: first, to: loss) }
    }
    if testLoss.isFinite { return nil }
    return "the loss of the test \(dataset.noun) is not finite, where that of the training "
      + "\(dataset.noun) is \(loss.fixed(4)); look for values out of range in the test part"
  }

  private func divergence(from first: Double, to last: Double) -> String {
    let text = [last, first].map { abs($0) < 1e6 ? $0.fixed(4) : $0.scientific(1) }
    let advice =
      isResumed
      ? "train anew with a lower --learning-rate"
      : run.settings.learningRate.map { "try a --learning-rate below \($0.rate)" }
    return
      "training diverged: the loss ended at \(text[0]), that of the untrained model is \(text[1])"
      + (advice.map { "; \($0)" } ?? "")
  }
}

/// What came out of a run.
struct TrainingResult {
  let trained: TrainedModel
  let test: Figures
  /// What is wrong with the model or its test, in a line, if anything is.
  let problem: String?

  var model: Sequential { trained.model }
  var history: History { trained.history }
  private var run: TrainingRun { trained.run }

  var testLine: String {
    test.map { "test \($0.name): \($0.value.fixed(4))" }.joined(separator: " - ")
  }

  /// The run in a few lines for people.
  var summary: String {
    let settings = run.settings
    let figures = history.epochs.last?.values ?? Figures([])
    let lines: [String?] = [
      run.overview.joined(separator: "\n"), model.summary(),
      "optimizer: \(settings.optimizer.rawValue), \(setting.name) \(setting.value), "
        + (settings.loss.map { "loss \($0.rawValue), " } ?? "")
        + (settings.layers.l2 == 0 ? "" : "L2 penalty \(penalty), ")
        + "batch size \(batchSize), seed \(settings.seed)",
      "epochs: \(history.epochs.count) in \(history.seconds.reduce(0, +).fixed(2)) s",
      figures.map { "\($0.name): \($0.value.fixed(4))" }.joined(separator: " - "),
      history.stopLine, testLine, problem,
    ]
    return lines.compactMap { $0 }.joined(separator: "\n") + "\n"
  }

  /// What the optimizer was told.
  private var setting: (name: String, value: String) {
    let settings = run.settings
    return settings.learningRate.map { ("learning rate", "\($0)") }
      ?? ("tolerance", "\(settings.tolerance)")
  }

  private var penalty: String { run.settings.layers.l2 == 0 ? "none" : "\(run.settings.layers.l2)" }

  /// The settings that are stored with the history.
  var parameters: RunParameters {
    let settings = run.settings
    return RunParameters(
      dataset: run.dataset.name, layers: run.layers, loss: settings.loss,
      optimizer: settings.optimizer,
      learningRate: settings.learningRate,
      tolerance: settings.optimizer == .lbfgs ? settings.tolerance : nil,
      l2: settings.layers.l2 == 0 ? nil : settings.layers.l2, batchSize: batchSize,
      epochs: settings.epochs,
      steps: trained.steps, validationSplit: settings.validationSplit, split: settings.split,
      seed: settings.seed, threads: settings.threads,
      deterministic: settings.isDeterministic, earlyStopping: settings.earlyStopping,
      core: OpenBLAS.coreName, initial: settings.initial?.path,
      parameters: model.parameterCount, testLoss: FiniteOrNull(test.loss),
      testAccuracy: FiniteOrNull(test["accuracy"] ?? .nan),
      testMAE: test["mae"].map(FiniteOrNull.init), testRMSE: test["rmse"].map(FiniteOrNull.init),
      testR2: test["r2"].map(FiniteOrNull.init))
  }

  /// The run as a page, its pictures drawn.
  func report() throws -> Report {
    let settings = run.settings
    let part = "\(settings.validationSplit) of the training \(run.dataset.noun)"
    let validation =
      settings.validationSplit == 0 ? "none" : "\(settings.split.rawValue), \(part)"
    return try Report(
      model: model, history: history, dataset: run.dataset, test: test,
      settings: [
        "data set": run.dataset.name, "layers": run.layers, "loss": run.loss.rawValue,
        "optimizer": settings.optimizer.rawValue, setting.name: setting.value,
        "L2 penalty": penalty, "batch size": "\(batchSize)", "steps per epoch": "\(trained.steps)",
        "epochs": "\(settings.epochs)", "validation": validation, "seed": "\(settings.seed)",
      ], command: Arguments.line)
  }

  private var batchSize: Int { run.settings.batchSize.count(of: run.dataset.train.count) }
}

/// The settings and results of a run as they are stored with its history.
struct RunParameters: Encodable {
  let dataset: String
  let layers: String
  /// Where one was asked for.
  let loss: LossName?
  let optimizer: OptimizerName
  let learningRate: RateSchedule?
  let tolerance: Double?
  let l2: Float?
  let batchSize: Int
  let epochs: Int
  let steps: Int
  let validationSplit: Double
  let split: SplitName
  let seed: UInt64
  let threads: Int
  let deterministic: Bool
  let earlyStopping: Int?
  let core: String
  /// The model that training began with, if with one.
  let initial: String?
  let parameters: Int
  let testLoss: FiniteOrNull
  let testAccuracy: FiniteOrNull
  /// Of numbers, in their units.
  let testMAE, testRMSE, testR2: FiniteOrNull?

  enum CodingKeys: String, CodingKey {
    case dataset, layers, loss, optimizer, tolerance, l2, epochs, steps, split, seed, threads
    case deterministic, core, initial, parameters
    case learningRate = "learning_rate"
    case batchSize = "batch_size"
    case validationSplit = "validation_split"
    case earlyStopping = "early_stopping"
    case testLoss = "test_loss"
    case testAccuracy = "test_accuracy"
    case testMAE = "test_mae"
    case testRMSE = "test_rmse"
    case testR2 = "test_r2"
  }
}

/// A number as JSON has it, null where it is not finite.
struct FiniteOrNull: Encodable {
  let value: Double

  init(_ value: Double) { self.value = value }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
  }
}
