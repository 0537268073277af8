import Layers

/// A figure over samples that is reported beside the loss.
///
/// It *notes* a few numbers of each sample, and computes its value from the notes of all: of an
/// epoch, of the samples that a model is validated on, or of those that it is evaluated on. So the
/// value depends neither on batches nor on how work is cut into parts, and it may be any function of
/// the samples, such as an area under a curve. Every sample counts the same, whatever its class
/// weighs in training.
public protocol Metric: Sendable {
  /// Its name in a history, such as `accuracy`.
  var name: String { get }

  /// Whether a higher value is a better one; true unless a metric says otherwise.
  var isHigherBetter: Bool { get }

  /// How many numbers it notes of each sample.
  ///
  /// Throws ``ModelError`` where it has no meaning for such outputs, in words that go after the
  /// metric's name: `expects values, got 3 classes`.
  func noteCount(for outputs: Outputs) throws(ModelError) -> Int

  /// Writes the notes of some samples.
  ///
  /// It is called from several threads at once, in every step, and must not allocate.
  /// - Parameters:
  ///   - scores: [samples, outputs], what the model gives
  ///   - targets: the targets of these samples
  ///   - outputs: what the outputs stand for
  ///   - notes: [samples, notes], receives all of them; without gaps between its rows
  func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>)

  /// The value over the samples whose notes are given, at least one.
  ///
  /// Notes may come from a file: whatever they are, it must not trap.
  func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double
}

extension Metric {
  /// True.
  public var isHigherBetter: Bool { true }
}

/// What a compiled model gives to its loss and metrics.
public struct Outputs: Sendable, CustomStringConvertible {
  /// How many there are of each sample.
  public let count: Int
  /// What they stand for.
  public let kind: OutputKind
  /// Whether they are scores, and not what an output activation makes of them.
  public let areScores: Bool

  /// Describes outputs.
  public init(count: Int, kind: OutputKind, areScores: Bool) {
    self.count = count
    self.kind = kind
    self.areScores = areScores
  }

  /// How many classes they tell apart: of one yes-or-no decision two, nil of several decisions and of
  /// values.
  public var classCount: Int? {
    switch kind {
    case .classes: count
    case .decisions: count == 1 ? 2 : nil
    case .values: nil
    }
  }

  /// What an output of a decision has to be above to mean yes: a score 0, a probability ½.
  public var threshold: Float { areScores ? 0 : 0.5 }

  /// As `3 classes`, `1 decision`.
  public var description: String {
    let names =
      switch kind {
      case .classes: ("class", "classes")
      case .decisions: ("decision", "decisions")
      case .values: ("value", "values")
      }
    return "\(count) \(count == 1 ? names.0 : names.1)"
  }

  /// The class that a row of them predicts, which ``classCount`` tells there is: that of the highest,
  /// of equal ones the first; nil where one is NaN.
  package func prediction(_ row: UnsafePointer<Float>) -> Int? {
    if kind == .decisions { return row[0].isNaN ? nil : row[0] > threshold ? 1 : 0 }
    var highest = 0
    for index in 0..<count {
      if row[index].isNaN { return nil }
      if row[index] > row[highest] { highest = index }
    }
    return highest
  }
}

extension MatrixView<Float> {
  /// The mean of all elements, in double precision.
  var mean: Double {
    var sum = 0.0
    forEachRun { run, count in
      for index in 0..<count { sum += Double(run[index]) }
    }
    return sum / Double(rows * columns)
  }
}
