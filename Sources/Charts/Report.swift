import Datasets
import Foundation
import Training

/// What is to be known of a training run, as one page to read in a browser or to print.
///
/// ```swift
/// let page = try Report(model: model, history: history, dataset: dataset).html()
/// ```
///
/// It has the figures and curves of the training; of the test samples precision, recall and F1 of
/// each class, the confusion matrix, the first predictions and the worst mistakes, or of numbers the
/// errors, the predictions against the truth and the residuals by target; the layers, the settings and the
/// machine. Where gnuplot cannot draw, a line stands in place of pictures.
/// Not `Sendable`, as the model that it holds is not.
public struct Report {
  /// Why pictures are missing, the first of them where there are several reasons; nil where none is.
  public var pictureError: ChartError? { pictures.error }

  let model: Sequential
  let history: History
  let dataset: Dataset
  let settings: KeyValuePairs<String, String>
  /// The command that made the run, where it was one, and when it ended.
  let command: String?, date: Date
  /// The loss and the metrics on the test samples.
  let test: Figures
  /// Nil where numbers are predicted, which have no classes.
  let matrix: ConfusionMatrix?
  /// The errors of numbers by target; nil where there are classes.
  let scores: RegressionScores?
  /// What the model makes of the first test samples, and of those that it is wrong about.
  let first, mistakes: [Prediction]
  package let pictures: Pictures

  /// The pictures, each as an `<svg>` element, or why there is none.
  package struct Pictures {
    /// The curves as files of their own; numbers have no accuracy.
    package let accuracy: Result<String, ChartError>?, loss: Result<String, ChartError>
    /// The curves as they stand in the page, narrow, for their text to be read on a phone.
    let narrowAccuracy, narrowLoss: String?
    /// Nil also where the test samples are none, or no rows and columns.
    let predictions, mistakes: String?
    /// Numbers against the true ones, as a file of its own; nil where there are classes.
    package let numbers: Result<String, ChartError>?
    /// The same by target as it stands in the page, and what is left between them.
    let targets: [(name: String, againstTruth: String?, residuals: String?)]
    /// The first reason of all.
    let error: ChartError?
  }

  /// Scores the model on the test samples, and draws the pictures.
  ///
  /// Throws ``/Training/ModelError`` where data and model do not fit. The model must be compiled. It
  /// blocks the thread that calls it until all is scored and drawn.
  /// - Parameters:
  ///   - model: a model that tells the data's classes apart, or predicts its numbers
  ///   - history: its training
  ///   - dataset: what it was trained on
  ///   - test: what `evaluate` gives for the test samples, where that is known already
  ///   - settings: what else is to be told of the run, by name
  ///   - command: the command line that made the run
  ///   - date: when the run ended; now unless given
  public init(
    model: Sequential, history: History, dataset: Dataset, test: Figures? = nil,
    settings: KeyValuePairs<String, String> = [:], command: String? = nil, date: Date = Date()
  ) throws(ModelError) {
    self.model = model
    self.history = history
    self.dataset = dataset
    self.settings = settings
    (self.command, self.date) = (command, date)
    let (images, labels) = (dataset.test.images, dataset.test.labels)
    let targets = dataset.test.targets.map { Targets.values($0) } ?? .classes(labels)
    self.test = if let test { test } else { try model.evaluate(images, targets) }
    var values: (predictions: Tensor, truth: Tensor)?
    if let targets = dataset.test.targets {
      let (outputs, label) = (try model.predict(images), dataset.label)
      values = (label?.values(of: outputs) ?? outputs, label?.values(of: targets) ?? targets)
      scores = RegressionScores(
        predictions: outputs, targets: targets,
        units: label?.targets.map { Double($0.deviation) })
      (matrix, first, mistakes) = (nil, [], [])
    } else {
      let guesses = try model.guesses(of: images)
      matrix = ConfusionMatrix(
        labels: labels, predictions: guesses.map(\.label), classCount: dataset.classNames.count)
      first = try Prediction.first(dataset.test, guesses, by: model)
      mistakes = try Prediction.worst(dataset.test, guesses, by: model)
      scores = nil
    }
    pictures = Self.draw(history, dataset, first, mistakes, values)
  }

  /// What the numbers that are predicted are called, or their places from 1.
  static func targetNames(of dataset: Dataset) -> [String] {
    let count = dataset.test.targets?.shape[1] ?? 0
    return dataset.label?.targets.map(\.name) ?? (0..<count).map { "\($0 + 1)" }
  }

  private static func draw(
    _ history: History, _ dataset: Dataset, _ first: [Prediction], _ mistakes: [Prediction],
    _ values: (predictions: Tensor, truth: Tensor)?
  ) -> Pictures {
    let (images, names) = (dataset.test.images, dataset.classNames)
    let hasAccuracy = !history.accuracy.isEmpty
    let goals = targetNames(of: dataset)
    let numbers = values.map { values in
      Chart.predictions(
        values.predictions, values.truth, names: goals, title: "Predictions of \(dataset.name)")
    }
    let targets =
      values.map { PredictedNumbers.all($0.predictions, $0.truth, names: goals) } ?? []
    let files =
      (hasAccuracy ? [Chart.accuracy(of: history)] : []) + [.loss(of: history)]
      + (numbers.map { [$0] } ?? [])
    let narrow =
      (hasAccuracy ? [Chart.accuracy(of: history, width: 440)] : [])
      + [.loss(of: history, width: 440)]
    let hasImages = values == nil && images.shape.rank == 2 && images.count > 0
    let panels = targets.flatMap { target in
      [target.againstTruth(of: targets.count), target.residuals(of: targets.count)]
        .map { Chart.panel($0) }
    }
    let grids =
      hasImages
      ? [
        Chart.grid(of: first, images, names, "Predictions"),
        Chart.grid(of: mistakes, images, names, "Worst mistakes, most confident first"),
      ] : []
    let drawn = Chart.svgs(files: files, inPage: narrow + grids + panels)
    let errors = drawn.compactMap { picture in
      if case .failure(let error) = picture { error } else { nil }
    }
    var rest = drawn[...]
    let accuracy = hasAccuracy ? rest.removeFirst() : nil
    let loss = rest.removeFirst()
    let file = numbers == nil ? nil : rest.removeFirst()
    var svgs = rest.map { try? $0.get() }[...]
    let narrowAccuracy = hasAccuracy ? svgs.removeFirst() : nil
    let narrowLoss = svgs.removeFirst()
    let grid = hasImages ? [svgs.removeFirst(), svgs.removeFirst()] : [nil, nil]
    return Pictures(
      accuracy: accuracy, loss: loss, narrowAccuracy: narrowAccuracy, narrowLoss: narrowLoss,
      predictions: grid[0], mistakes: grid[1], numbers: file,
      targets: targets.map { ($0.name, svgs.removeFirst(), svgs.removeFirst()) },
      error: errors.first)
  }
}

@available(*, unavailable, message: "It holds a model, which is used by one thread at a time.")
extension Report: Sendable {}
