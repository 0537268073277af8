import Testing
import TestSupport
import Text
import Training

@Suite struct ConfusionMatrixTests {
  /// The predictions that Goldens/make_goldens.py shows to scikit-learn.
  static let labels = (0..<60).map { ($0 * $0 + $0 / 5) % 4 }
  static let predictions = labels.enumerated().map { $0 % 3 == 0 ? $0 / 2 % 3 : $1 }

  @Test func figuresAreThoseOfScikitLearn() {
    let matrix = ConfusionMatrix(
      labels: Self.labels, predictions: Self.predictions, classCount: 5)
    let golden = Goldens.confusion
    #expect(matrix.counts == golden.counts)
    #expect(matrix.classCount == 5 && matrix.sampleCount == 60)
    expectClose((0..<5).map(matrix.precision), golden.precision, within: 1e-15)
    expectClose((0..<5).map(matrix.recall), golden.recall, within: 1e-15)
    expectClose((0..<5).map(matrix.f1), golden.f1, within: 1e-15)
    #expect((0..<5).map(matrix.support) == golden.support)
    expectClose(
      [matrix.macroPrecision, matrix.macroRecall, matrix.macroF1], golden.macro, within: 1e-15)
    #expect(matrix.accuracy == golden.accuracy)
  }

  @Test func theClassesAreThoseThatOccurUnlessGiven() {
    #expect(ConfusionMatrix(labels: [0, 1], predictions: [0, 2]).classCount == 3)
    #expect(ConfusionMatrix(labels: [3], predictions: [0]).classCount == 4)
    #expect(
      ConfusionMatrix(labels: [1, 1, 0], predictions: [0, 1, 0]).counts == [[1, 0], [1, 1]])
  }

  @Test func aShareOfNothingIsZero() {
    let empty = ConfusionMatrix(labels: [], predictions: [])
    #expect(empty.accuracy == 0 && empty.macroF1 == 0 && empty.classCount == 0)
    let oneSided = ConfusionMatrix(labels: [0, 0], predictions: [1, 1])
    #expect(oneSided.precision(0) == 0 && oneSided.recall(1) == 0 && oneSided.f1(0) == 0)
  }

  @Test func tablesNameTheClasses() {
    let matrix = ConfusionMatrix(
      labels: [0, 0, 0, 1, 1, 1, 1], predictions: [0, 0, 1, 1, 1, 1, 0])
    #expect(
      matrix.table(names: ["bag", "shirt"]) == """
        ┏━━━━━━━━━━━━━━━━━━┳━━━━━┳━━━━━━━┓
        ┃ true \\ predicted ┃ bag ┃ shirt ┃
        ┡━━━━━━━━━━━━━━━━━━╇━━━━━╇━━━━━━━┩
        │ bag              │   2 │     1 │
        │ shirt            │   1 │     3 │
        └──────────────────┴─────┴───────┘

        """)
    #expect(
      matrix.report(names: ["bag", "shirt"]) == """
        ┏━━━━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━┳━━━━━━━━━┓
        ┃ class         ┃ precision ┃ recall ┃     F1 ┃ support ┃
        ┡━━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━╇━━━━━━━━━┩
        │ bag           │    0.6667 │ 0.6667 │ 0.6667 │       3 │
        │ shirt         │    0.7500 │ 0.7500 │ 0.7500 │       4 │
        ├───────────────┼───────────┼────────┼────────┼─────────┤
        │ macro average │    0.7083 │ 0.7083 │ 0.7083 │       7 │
        │ accuracy      │           │        │ 0.7143 │       7 │
        └───────────────┴───────────┴────────┴────────┴─────────┘

        """)
    #expect(matrix.table().contains("│ 1                │ 1 │ 3 │"))
  }

  /// Of class 7 none of 3 is right, of class 9 one of 2, of class 20 four of 5; of all others the one.
  private static func large(_ count: Int) -> ConfusionMatrix {
    let labels = Array(0..<count) + [7, 7, 9, 20, 20, 20, 20]
    var predictions = labels
    for (index, prediction) in [(7, 8), (9, 7), (count, 8), (count + 1, 3), (count + 3, 1)] {
      predictions[index] = prediction
    }
    return ConfusionMatrix(labels: labels, predictions: predictions)
  }

  @Test func theWorstStandFirst() {
    let matrix = Self.large(51)
    #expect(matrix.worstClasses(5) == [7, 8, 9, 1, 3])
    #expect(
      matrix.worstPairs(3).map { [$0.label, $0.prediction, $0.count] } == [
        [7, 8, 2], [9, 7, 1], [7, 3, 1],
      ])
    // A class that does not occur is none of the worst.
    #expect(
      ConfusionMatrix(labels: [1], predictions: [1], classCount: 3).worstClasses(3) == [1])
    #expect(matrix.cells.count == 51 + 3)
    #expect(matrix.counts[7][8] == 2 && matrix.counts.joined().reduce(0, +) == 58)
  }

  @Test func allClassesAreShownUpTo50() {
    let matrix = ConfusionMatrix(labels: Array(0..<50), predictions: Array(0..<50))
    #expect(matrix.report().split(separator: "\n").count == 50 + 7)
    #expect(matrix.table().split(separator: "\n").count == 50 + 4)
  }

  /// As many lines for any number of classes, and no memory by the square of it.
  @Test(arguments: [51, 200_000])
  func ofMoreClassesTheWorstAreShown(_ count: Int) {
    let matrix = Self.large(count)
    let report = matrix.report(names: (0..<count).map { "class \($0)" })
    let lines = report.split(separator: "\n")
    #expect(lines.count == 20 + 7)
    #expect(lines[1].hasPrefix("┃ worst 20 of \(count.grouped) classes ┃ precision"))
    #expect(lines[3].hasPrefix("│ class 7 ") && lines[4].hasPrefix("│ class 8 "))
    #expect(lines[3].hasSuffix("│    0.0000 │ 0.0000 │ 0.0000 │       3 │"))
    #expect(lines[24].hasPrefix("│ macro average "))
    #expect(
      matrix.table() == """
        ┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┳━━━━━━━┳━━━━━━━━━━━━━━┓
        ┃ most often confused ┃ predicted ┃ count ┃ of the class ┃
        ┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━╇━━━━━━━━━━━━━━┩
        │ 7                   │ 8         │     2 │       66.7 % │
        │ 9                   │ 7         │     1 │       50.0 % │
        │ 7                   │ 3         │     1 │       33.3 % │
        │ 20                  │ 1         │     1 │       20.0 % │
        └─────────────────────┴───────────┴───────┴──────────────┘

        """)
  }

  @Test func mistakesTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ConfusionMatrix(labels: [0], predictions: [])
      }, "ConfusionMatrix: expected one prediction per label, got 1 labels and 0 predictions")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ConfusionMatrix(labels: [0, 2], predictions: [0, 0], classCount: 2)
      }, "ConfusionMatrix: expected classes from 0 to below 2, got 2 predicted as 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ConfusionMatrix(labels: [0], predictions: [-1])
      }, "ConfusionMatrix: expected classes from 0 to below 1, got 0 predicted as -1")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ConfusionMatrix(labels: [0], predictions: [1]).table(names: ["one"])
      }, "ConfusionMatrix: expected 2 class names, got 1")
  }
}
