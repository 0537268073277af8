import Text

/// How often samples of each class were predicted as each class, and what follows from it.
///
/// A share of nothing, 0/0, counts as 0, as in scikit-learn: the precision of a class that was
/// never predicted, the recall of one that never occurred, the accuracy over no samples.
///
/// It keeps what is not 0, so that it takes no more memory with thousands of classes.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The samples of one class that were predicted as one class.
  public struct Cell: Sendable, Hashable {
    /// The true class.
    public let label: Int
    /// The predicted class.
    public let prediction: Int
    /// The number of samples, never 0.
    public let count: Int
  }

  /// The most classes that tables and pictures show all of; of more, they show the worst.
  public static let mostShown = 50

  /// The number of classes.
  public let classCount: Int
  /// The number of samples.
  public let sampleCount: Int
  /// What is not 0, by true class, then predicted class.
  public let cells: [Cell]
  /// By class: the samples of it, those predicted as it, and those that are both.
  private let supports, predicted, hits: [Int]

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
      "ConfusionMatrix: expected one prediction per label, got \(labels.count) labels and \(predictions.count) predictions"
    )
    let classes = classCount ?? 1 + max(labels.max() ?? -1, predictions.max() ?? -1)
    let none = [Int](repeating: 0, count: classes)
    var (supports, predicted, hits) = (none, none, none)
    var counts: [Int: Int] = [:]
    for (label, prediction) in zip(labels, predictions) {
      require(
        0 <= label && label < classes && 0 <= prediction && prediction < classes,
        "ConfusionMatrix: expected classes from 0 to below \(classes), got \(label) predicted as \(prediction)"
      )
      counts[label * classes + prediction, default: 0] += 1
      supports[label] += 1
      predicted[prediction] += 1
      if label == prediction { hits[label] += 1 }
    }
    cells = counts.sorted { $0.key < $1.key }.map { place, count in
      Cell(label: place / classes, prediction: place % classes, count: count)
    }
    (self.classCount, sampleCount) = (classes, labels.count)
    (self.supports, self.predicted, self.hits) = (supports, predicted, hits)
  }

  /// The number of samples by true class, then predicted class: `classCount`² numbers, put together
  /// at each call.
  public var counts: [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
    for cell in cells { counts[cell.label][cell.prediction] = cell.count }
    return counts
  }

  /// The share of samples predicted as what they are.
  public var accuracy: Double { share(hits.reduce(0, +), of: sampleCount) }

  /// The number of samples of a class.
  public func support(_ label: Int) -> Int { supports[label] }

  /// Of the samples predicted as a class, the share that are of it: TP / (TP + FP).
  public func precision(_ label: Int) -> Double { share(hits[label], of: predicted[label]) }

  /// Of the samples of a class, the share predicted as it: TP / (TP + FN).
  public func recall(_ label: Int) -> Double { share(hits[label], of: supports[label]) }

  /// The harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN) (Van Rijsbergen 1979).
  public func f1(_ label: Int) -> Double {
    share(2 * hits[label], of: predicted[label] + supports[label])
  }

  /// The mean precision over the classes, each counting the same.
  public var macroPrecision: Double { mean(precision) }

  /// The mean recall over the classes, each counting the same.
  public var macroRecall: Double { mean(recall) }

  /// The mean F1 over the classes, each counting the same.
  public var macroF1: Double { mean(f1) }

  /// The classes that occur, the one of the lowest F1 first; of equal ones that of more samples.
  /// - Parameter most: how many at most
  public func worstClasses(_ most: Int) -> [Int] {
    let scores = supports.indices.filter { supports[$0] > 0 }.map { (label: $0, f1: f1($0)) }
    let sorted = scores.sorted { a, b in
      (a.f1, -supports[a.label], a.label) < (b.f1, -supports[b.label], b.label)
    }
    return sorted.prefix(most).map(\.label)
  }

  /// What was taken for something else, that of the most samples first; of equal ones the one of the
  /// larger share of its class.
  /// - Parameter most: how many at most
  public func worstPairs(_ most: Int) -> [Cell] {
    let order = { [supports] (a: Cell, b: Cell) in
      (-a.count, supports[a.label], a.label, a.prediction)
        < (-b.count, supports[b.label], b.label, b.prediction)
    }
    return Array(cells.filter { $0.label != $0.prediction }.sorted(by: order).prefix(most))
  }

  private func share(_ part: Int, of whole: Int) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole)
  }

  private func mean(_ figure: (Int) -> Double) -> Double {
    classCount == 0 ? 0 : (0..<classCount).reduce(0) { $0 + figure($1) } / Double(classCount)
  }
}

extension ConfusionMatrix {
  /// How many classes and pairs are shown where there are too many classes to show all.
  package static let worstShown = 20

  /// Whether there are too many classes to show all.
  package var isLarge: Bool { classCount > Self.mostShown }

  /// The classes to show: all, or the worst.
  package var shownClasses: [Int] {
    isLarge ? worstClasses(Self.worstShown) : Array(0..<classCount)
  }

  /// The pairs to show where there are too many classes for a table of all.
  package var shownPairs: [Cell] { worstPairs(Self.worstShown) }

  /// Precision, recall and F1 of a class.
  package func figures(_ label: Int) -> [Double] { [precision(label), recall(label), f1(label)] }

  /// Their means over the classes.
  package var macroFigures: [Double] { [macroPrecision, macroRecall, macroF1] }

  /// The samples of a cell as a share of those of their true class.
  package func shareOfClass(_ cell: Cell) -> Double { share(cell.count, of: supports[cell.label]) }

  /// The counts as a table: a row a true class, a column a predicted one. Of more than
  /// ``mostShown`` classes, the pairs that were confused most often.
  /// - Parameters:
  ///   - names: the name of each class; their numbers unless given
  ///   - width: the most cells that it may take on a terminal, as several tables if need be
  public func table(names: [String]? = nil, width: Int? = nil) -> String {
    let names = checked(names)
    if isLarge { return pairs(names, width) }
    var table = TextTable(
      [("true \\ predicted", .left)] + names.map { (header: $0, alignment: .right) })
    for (name, row) in zip(names, counts) { table.append([name] + row.map(\.grouped)) }
    return table.text(width: width)
  }

  private func pairs(_ names: [String], _ width: Int?) -> String {
    var table = TextTable([
      ("most often confused", .left), ("predicted", .left), ("count", .right),
      ("of the class", .right),
    ])
    for cell in shownPairs {
      table.append([
        names[cell.label], names[cell.prediction], cell.count.grouped,
        "\((100 * shareOfClass(cell)).fixed(1)) %",
      ])
    }
    return table.text(width: width)
  }

  /// Precision, recall, F1 and support of each class as a table, then their means over all classes
  /// and the accuracy. Of more than ``mostShown`` classes, those of the lowest F1.
  ///
  /// What scikit-learn's `classification_report` tells, to four decimals.
  /// - Parameters:
  ///   - names: the name of each class; their numbers unless given
  ///   - width: the most cells that it may take on a terminal
  public func report(names: [String]? = nil, width: Int? = nil) -> String {
    let (names, shown) = (checked(names), shownClasses)
    let head = isLarge ? "worst \(shown.count) of \(classCount.grouped) classes" : "class"
    var table = TextTable([
      (head, .left), ("precision", .right), ("recall", .right), ("F1", .right),
      ("support", .right),
    ])
    for label in shown {
      table.append(
        [names[label]] + figures(label).map { $0.fixed(4) } + [support(label).grouped])
    }
    table.appendRule()
    table.append(["macro average"] + macroFigures.map { $0.fixed(4) } + [sampleCount.grouped])
    table.append(["accuracy", "", "", accuracy.fixed(4), sampleCount.grouped])
    return table.text(width: width)
  }

  private func checked(_ names: [String]?) -> [String] {
    let names = names ?? (0..<classCount).map { "\($0)" }
    require(
      names.count == classCount,
      "ConfusionMatrix: expected \(classCount) class names, got \(names.count)")
    return names
  }
}
