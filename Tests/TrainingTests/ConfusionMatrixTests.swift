import Testing
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

  @Test func mistakesTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = ConfusionMatrix(labels: [0], predictions: [])
    }
    await #expect(processExitsWith: .failure) {
      _ = ConfusionMatrix(labels: [0, 2], predictions: [0, 0], classCount: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = ConfusionMatrix(labels: [0], predictions: [-1])
    }
    await #expect(processExitsWith: .failure) {
      _ = ConfusionMatrix(labels: [0], predictions: [1]).table(names: ["one"])
    }
  }
}
