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
/// each class, the confusion matrix, the first predictions and the worst mistakes; the layers, the
/// settings and the machine. Where gnuplot cannot draw, a line stands in place of pictures.
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
    /// The first reason of all.
    let error: ChartError?
  }

  /// Scores the model on the test samples, and draws the pictures.
  ///
  /// Throws ``/Training/ModelError`` where data and model do not fit. The model must be compiled. It
  /// blocks the thread that calls it until all is scored and drawn.
  /// - Parameters:
  ///   - model: a model that tells the data's classes apart
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
    if dataset.test.targets == nil {
      let guesses = try model.guesses(of: images)
      matrix = ConfusionMatrix(
        labels: labels, predictions: guesses.map(\.label), classCount: dataset.classNames.count)
      first = try Prediction.first(dataset.test, guesses, by: model)
      mistakes = try Prediction.worst(dataset.test, guesses, by: model)
    } else {
      (matrix, first, mistakes) = (nil, [], [])
    }
    pictures = Self.draw(history, dataset, first, mistakes)
  }

  private static func draw(
    _ history: History, _ dataset: Dataset, _ first: [Prediction], _ mistakes: [Prediction]
  ) -> Pictures {
    let (images, names) = (dataset.test.images, dataset.classNames)
    let hasAccuracy = !history.accuracy.isEmpty
    let files = (hasAccuracy ? [Chart.accuracy(of: history)] : []) + [.loss(of: history)]
    let narrow =
      (hasAccuracy ? [Chart.accuracy(of: history, width: 440)] : [])
      + [.loss(of: history, width: 440)]
    let hasImages = images.shape.rank == 2 && images.count > 0
    let grids =
      hasImages
      ? [
        Chart.grid(of: first, images, names, "Predictions"),
        Chart.grid(of: mistakes, images, names, "Worst mistakes, most confident first"),
      ] : []
    let drawn = Chart.svgs(files: files, inPage: narrow + grids)
    let errors = drawn.compactMap { picture in
      if case .failure(let error) = picture { error } else { nil }
    }
    var rest = drawn[...]
    let accuracy = hasAccuracy ? rest.removeFirst() : nil
    let loss = rest.removeFirst()
    var svgs = rest.map { try? $0.get() }[...]
    let narrowAccuracy = hasAccuracy ? svgs.removeFirst() : nil
    return Pictures(
      accuracy: accuracy, loss: loss, narrowAccuracy: narrowAccuracy,
      narrowLoss: svgs.removeFirst(), predictions: svgs.popFirst() ?? nil,
      mistakes: svgs.popFirst() ?? nil, error: errors.first)
  }
}

@available(*, unavailable, message: "It holds a model, which is used by one thread at a time.")
extension Report: Sendable {}
