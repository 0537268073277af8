import ArgumentParser
import Foundation
import Maru

/// A loss by its name, as `squared` or `huber:0.5`.
struct LossName: ExpressibleByArgument, RawRepresentable, Codable {
  let rawValue: String
  let loss: any Loss
  /// What the loss of a guess is at most that knows nothing of the inputs: of numbers, which have a
  /// deviation of 1, that of their mean.
  private let guessOfNumbers: Double?

  /// Whether it is of numbers; else of classes.
  var isOfNumbers: Bool { guessOfNumbers != nil }

  static let squared = LossName("squared", .meanSquaredError, guess: 1)
  static let crossEntropy = LossName("crossentropy", .softmaxCrossEntropy, guess: nil)

  static let allValueStrings = ["squared", "absolute", "huber[:DELTA]", "crossentropy"]

  private init(_ rawValue: String, _ loss: any Loss, guess: Double?) {
    (self.rawValue, self.loss, guessOfNumbers) = (rawValue, loss, guess)
  }

  init?(argument: String) { self.init(rawValue: argument) }

  init?(rawValue text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("squared", 1): self = .squared
    case ("absolute", 1): self.init(text, .meanAbsoluteError, guess: 1)
    case ("crossentropy", 1): self = .crossEntropy
    case ("huber", 1...2):
      guard let delta = parts.count == 1 ? 1 : Float(parts[1]), delta > 0, delta.isFinite else {
        return nil
      }
      self.init(text, .huber(delta: delta), guess: Double(min(0.5, delta)))
    default: return nil
    }
  }

  /// The loss of a guess, of so many classes.
  func guess(classes: Int) -> Double { guessOfNumbers ?? log(Double(classes)) }

  /// The loss that a data set is trained on: the one asked for, or that of its task.
  ///
  /// Throws a failure where the one asked for does not go with it.
  init(asked: LossName?, for dataset: Dataset) throws {
    guard let asked else {
      self = dataset.isOfNumbers ? .squared : .crossEntropy
      return
    }
    guard asked.isOfNumbers == dataset.isOfNumbers else {
      let fitting =
        dataset.isOfNumbers
        ? "squared, absolute or huber, since \(dataset.name) has numbers to predict"
        : "crossentropy, since \(dataset.name) has classes (--task regression takes their column "
          + "for numbers)"
      throw Failure.usage("--loss \(asked.rawValue): expected \(fitting)")
    }
    self = asked
  }
}
