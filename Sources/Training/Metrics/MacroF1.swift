import Layers

/// The mean of the classes' F1, `2·TP / (2·TP + FP + FN)`, each class counting the same however
/// many samples it has.
///
/// It is the mean over all classes of the model, and 0 of one that neither occurs nor is predicted:
/// scikit-learn's `f1_score(average="macro", labels=range(classes), zero_division=0)`, and
/// ``ConfusionMatrix/macroF1``. Of one yes-or-no decision the two answers are the classes.
public struct MacroF1: Metric {
  /// Creates the metric.
  public init() {}

  /// `f1_macro`
  public var name: String { "f1_macro" }

  /// Two: the predicted class, −1 where an output is NaN, and the true one.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    guard outputs.classCount != nil else {
      throw ModelError("expects classes or one decision, got \(outputs)")
    }
    return 2
  }

  /// Writes the notes of some samples.
  public func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    guard let labels = targets.labels else { return }
    for row in 0..<scores.rows {
      notes[row, 0] = Float(outputs.prediction(scores.row(row)) ?? -1)
      notes[row, 1] = Float(labels[row])
    }
  }

  /// The mean of the classes' F1.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    let classes = outputs.classCount ?? 0
    var (hits, counts) = ([Int](repeating: 0, count: classes), [Int](repeating: 0, count: classes))
    for row in 0..<notes.rows {
      let predicted = Int(exactly: notes[row, 0]) ?? -1
      let label = Int(exactly: notes[row, 1]) ?? -1
      // Once as TP or FP, and once as TP or FN.
      if 0..<classes ~= predicted { counts[predicted] += 1 }
      if 0..<classes ~= label { counts[label] += 1 }
      if 0..<classes ~= label && label == predicted { hits[label] += 1 }
    }
    let scores = zip(hits, counts).map { $1 == 0 ? 0 : 2 * Double($0) / Double($1) }
    return scores.reduce(0, +) / Double(classes)
  }
}

extension Metric where Self == MacroF1 {
  /// The mean of the classes' F1; see ``MacroF1``.
  public static var macroF1: MacroF1 { MacroF1() }
}
