import Layers

/// The area under the curve of the receiver operating characteristic, for two classes: the chance
/// that a sample of class 1 gets a higher score than one of class 0, a tie counting ½
/// (Hanley and McNeil 1982).
///
/// For a model of two classes, where a sample's score is how far output 1 is above output 0, or of
/// one yes-or-no decision, whose output it is. It is exact, from the ranks of all scores, as
/// scikit-learn's `roc_auc_score`; NaN where a class is missing, or a score is NaN.
public struct ROCAUC: Metric {
  /// Creates the metric.
  public init() {}

  /// `auc`
  public var name: String { "auc" }

  /// Two: the score and the class.
  public func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    guard outputs.classCount == 2 else {
      throw ModelError("expects two classes or one decision, got \(outputs)")
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
      notes[row, 0] = outputs.count == 1 ? scores[row, 0] : scores[row, 1] - scores[row, 0]
      notes[row, 1] = Float(labels[row])
    }
  }

  /// The area.
  public func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    var (no, yes): ([Float], [Float]) = ([], [])
    for row in 0..<notes.rows {
      let score = notes[row, 0]
      if score.isNaN { return .nan }
      if notes[row, 1] == 1 { yes.append(score) } else { no.append(score) }
    }
    no.sort()
    yes.sort()
    // Twice the number of pairs in which yes is higher: those below count 2, ties 1. A whole number.
    var (below, notAbove, pairs) = (0, 0, 0)
    for score in yes {
      while below < no.count && no[below] < score { below += 1 }
      while notAbove < no.count && no[notAbove] <= score { notAbove += 1 }
      pairs += below + notAbove
    }
    return Double(pairs) / (2 * Double(no.count) * Double(yes.count))
  }
}

extension Metric where Self == ROCAUC {
  /// The area under the ROC curve; see ``ROCAUC``.
  public static var rocAUC: ROCAUC { ROCAUC() }
}
