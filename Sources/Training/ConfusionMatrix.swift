/// How often samples of each class were predicted as each class, and what follows from it.
///
/// A share of nothing, 0/0, counts as 0, as in scikit-learn: the precision of a class that was
/// never predicted, the recall of one that never occurred, the accuracy over no samples.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The number of samples by true class, then predicted class.
  public let counts: [[Int]]

  /// Counts the samples.
  ///
  /// Traps where there are not as many predictions as labels, or where a class is not below
  /// `classCount`.
  /// - Parameters:
  ///   - labels: the true class of each sample, from 0
  ///   - predictions: the predicted class of each sample
  ///   - classCount: the number of classes; one more than the highest that occurs unless given
  public init(labels: [Int], predictions: [Int], classCount: Int? = nil) {
    require(
      labels.count == predictions.count,
      "ConfusionMatrix: expected a prediction a label, got \(labels.count) labels and \(predictions.count) predictions"
    )
    let classes = classCount ?? 1 + max(labels.max() ?? -1, predictions.max() ?? -1)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (label, prediction) in zip(labels, predictions) {
      require(
        0 <= label && label < classes && 0 <= prediction && prediction < classes,
        "ConfusionMatrix: expected classes from 0 to below \(classes), got \(label) predicted as \(prediction)"
      )
      counts[label][prediction] += 1
    }
    self.counts = counts
  }

  /// The number of classes.
  public var classCount: Int { counts.count }

  /// The number of samples.
  public var sampleCount: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The share of samples predicted as what they are.
  public var accuracy: Double { share(counts.indices.reduce(0) { $0 + hits($1) }, of: sampleCount) }

  /// The number of samples of a class.
  public func support(_ label: Int) -> Int { counts[label].reduce(0, +) }

  /// Of the samples predicted as a class, the share that are of it: TP / (TP + FP).
  public func precision(_ label: Int) -> Double { share(hits(label), of: predicted(label)) }

  /// Of the samples of a class, the share predicted as it: TP / (TP + FN).
  public func recall(_ label: Int) -> Double { share(hits(label), of: support(label)) }

  /// The harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN) (Van Rijsbergen 1979).
  public func f1(_ label: Int) -> Double {
    share(2 * hits(label), of: predicted(label) + support(label))
  }

  /// The mean precision over the classes, each counting the same.
  public var macroPrecision: Double { mean(precision) }

  /// The mean recall over the classes, each counting the same.
  public var macroRecall: Double { mean(recall) }

  /// The mean F1 over the classes, each counting the same.
  public var macroF1: Double { mean(f1) }

  private func hits(_ label: Int) -> Int { counts[label][label] }

  private func predicted(_ label: Int) -> Int { counts.reduce(0) { $0 + $1[label] } }

  private func share(_ part: Int, of whole: Int) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole)
  }

  private func mean(_ figure: (Int) -> Double) -> Double {
    classCount == 0 ? 0 : counts.indices.reduce(0) { $0 + figure($1) } / Double(classCount)
  }
}

extension ConfusionMatrix {
  /// The counts as a table: a row a true class, a column a predicted one.
  /// - Parameters:
  ///   - names: the name of each class; their numbers unless given
  ///   - width: the most cells that it may take on a terminal, as several tables if need be
  public func table(names: [String]? = nil, width: Int? = nil) -> String {
    let names = checked(names)
    var table = TextTable(
      [("true \\ predicted", .left)] + names.map { (header: $0, alignment: .right) })
    for (name, row) in zip(names, counts) { table.append([name] + row.map(\.grouped)) }
    return table.text(width: width)
  }

  /// Precision, recall, F1 and support of each class as a table, then their means and the accuracy.
  ///
  /// What scikit-learn's `classification_report` tells, to four decimals.
  /// - Parameters:
  ///   - names: the name of each class; their numbers unless given
  ///   - width: the most cells that it may take on a terminal
  public func report(names: [String]? = nil, width: Int? = nil) -> String {
    var table = TextTable([
      ("class", .left), ("precision", .right), ("recall", .right), ("F1", .right),
      ("support", .right),
    ])
    for (label, name) in checked(names).enumerated() {
      let shares = [precision(label), recall(label), f1(label)]
      table.append([name] + shares.map { $0.fixed(4) } + [support(label).grouped])
    }
    table.appendRule()
    let means = [macroPrecision, macroRecall, macroF1].map { $0.fixed(4) }
    table.append(["macro average"] + means + [sampleCount.grouped])
    table.append(["accuracy", "", "", accuracy.fixed(4), sampleCount.grouped])
    return table.text(width: width)
  }

  private func checked(_ names: [String]?) -> [String] {
    let names = names ?? counts.indices.map { "\($0)" }
    require(
      names.count == classCount,
      "ConfusionMatrix: expected \(classCount) class names, got \(names.count)")
    return names
  }
}
