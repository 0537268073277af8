import Tensors

/// How a table becomes samples; what is nil is found out, and said.
public struct TableSettings: Sendable, Hashable, Codable {
  /// How the text is written.
  public var options: TableOptions
  /// What is predicted: a column by its name or its number from 1; several columns of numbers each by
  /// itself, or in one text with commas between. Found out where it is empty.
  public var labels: [String]
  /// Columns to leave out, told in the same way.
  public var ignored: [String]
  /// What is to be predicted.
  public var task: Preparation.Task?
  /// How numbers are scaled; unless given, to mean 0 and deviation 1, and pixels by 255.
  public var scale: Preparation.Scale?
  /// What becomes of missing values.
  public var missing: Preparation.Missing
  /// The file to test with; nil for a part of the rows.
  public var testFile: String?
  /// The part of the rows to test with, where there is no file for that.
  public var testSplit: Double
  /// Which rows these are.
  public var split: TableSplit.Kind
  /// What a random split follows from.
  public var seed: UInt64
  /// The size that pictures are brought to; nil for the size that all have.
  public var imageSize: PictureSize?

  /// Creates settings.
  public init(
    options: TableOptions = TableOptions(), labels: [String] = [], ignored: [String] = [],
    task: Preparation.Task? = nil, scale: Preparation.Scale? = nil,
    missing: Preparation.Missing = .mean, testFile: String? = nil, testSplit: Double = 0.2,
    split: TableSplit.Kind = .stratified, seed: UInt64 = 0, imageSize: PictureSize? = nil
  ) {
    require(
      0 < testSplit && testSplit < 1,
      "TableSettings: expected a test split above 0 and below 1, got \(testSplit)")
    (self.options, self.labels, self.ignored, self.task) = (options, labels, ignored, task)
    (self.scale, self.missing, self.testFile) = (scale, missing, testFile)
    (self.testSplit, self.split, self.seed) = (testSplit, split, seed)
    self.imageSize = imageSize
  }
}

/// Which rows of a table are held out to test with; the same settings give the same ones.
public struct TableSplit: Sendable, Hashable, Codable {
  /// How they are chosen.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// At random, each class in the same proportion; of numbers, at random.
    case stratified
    /// At random.
    case shuffled
    /// The last ones.
    case last
  }

  /// How they are chosen.
  public let kind: Kind
  /// The part that is held out.
  public let fraction: Double
  /// What the choice follows from.
  public let seed: UInt64

  /// Creates a split.
  public init(_ kind: Kind, fraction: Double, seed: UInt64) {
    (self.kind, self.fraction, self.seed) = (kind, fraction, seed)
  }

  /// The rows to train on and those held out, each in rising order.
  ///
  /// Of each class one row at least is trained on.
  /// - Parameters:
  ///   - count: the number of rows
  ///   - labels: the class of each; nil for numbers
  func rows(_ count: Int, labels: [Int]?) -> (training: [Int], heldOut: [Int]) {
    var generator = RandomGenerator(seed: seed, for: .data)
    let all = Array(0..<count)
    let groups: [[Int]]
    switch (kind, labels) {
    case (.last, _):
      let kept = kept(of: count)
      return (Array(all[..<kept]), Array(all[kept...]))
    case (.stratified, let labels?):
      groups = Self.groups(labels)
    default: groups = [all]
    }
    var isHeldOut = [Bool](repeating: false, count: count)
    // What classes have beyond whole rows adds up, so that many small ones also give their part.
    var owed = 0.0
    for group in groups {
      owed += Double(group.count) * fraction
      let part = min(Int(owed.rounded()), group.count - 1)
      owed = min(1, owed - Double(part))
      for row in group.shuffled(using: &generator).prefix(max(0, part)) { isHeldOut[row] = true }
    }
    return (all.filter { !isHeldOut[$0] }, all.filter { isHeldOut[$0] })
  }

  /// The rows of each label, in the order of the labels.
  private static func groups(_ labels: [Int]) -> [[Int]] {
    guard let least = labels.min(), let greatest = labels.max() else { return [] }
    var groups = [[Int]](repeating: [], count: greatest - least + 1)
    for (row, label) in labels.enumerated() { groups[label - least].append(row) }
    return groups.filter { !$0.isEmpty }
  }

  private func kept(of count: Int) -> Int { count - Int((Double(count) * fraction).rounded()) }
}
