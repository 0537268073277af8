import Tensors
import TestSupport
import Testing
import Text
import Training

@Suite struct TextTableTests {
  private func table(_ rows: [[String]]) -> TextTable {
    var table = TextTable(
      rows[0].enumerated().map { ($1, $0 == 0 ? .left : .right) })
    for row in rows.dropFirst() { table.append(row) }
    return table
  }

  private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

  @Test func lettersOfTwoCellsKeepTheColumns() {
    let text = table([["class", "n"], ["가방", "1"], ["bag", "10"]]).text()
    #expect(
      text == """
        ┏━━━━━━━┳━━━━┓
        ┃ class ┃  n ┃
        ┡━━━━━━━╇━━━━┩
        │ 가방  │  1 │
        │ bag   │ 10 │
        └───────┴────┘

        """)
  }

  @Test func namesBreakNoLineAndCommandNothing() {
    let text = table([["a\nb", "\u{202E}"], ["\u{1B}[31m", "x\ty"]]).text()
    #expect(lines(text).count == 5)
    #expect(lines(text)[1] == #"┃ a\nb       ┃ \u{202E} ┃"#)
    #expect(lines(text)[3] == #"│ \u{1B}[31m │     x\ty │"#)
  }

  private let runs = [
    ["", "first run", "second run"],
    ["layers", "flatten,128:relu,dropout:0.2,10:softmax", "10:softmax"],
    ["seed", "18446744073709551615", "1"],
  ]

  @Test func longWordsAreShortenedAndNumbersAreNot() {
    #expect(table(runs).text(width: 100) == table(runs).text())
    let narrow = table(runs).text(width: 50)
    #expect(
      narrow == """
        ┏━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┓
        ┃        ┃                first run ┃ second run ┃
        ┡━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━┩
        │ layers │ flatten,128:relu,dropou… │ 10:softmax │
        │ seed   │     18446744073709551615 │          1 │
        └────────┴──────────────────────────┴────────────┘

        """)
    #expect(table(runs).text(width: 20).contains("18446744073709551615"))
  }

  @Test func blanksGiveWayBeforeTheTableIsCut() {
    let counts = (0..<3).map { ["\($0)", "1,000", "0", "7"] }
    let matrix = [["true \\ predicted", "0", "1", "2"]] + counts
    #expect(
      table(matrix).text(width: 25) == """
        ┏━━━━━━━━━━┳━━━━━━┳━━┳━━┓
        ┃ true \\ p…┃     0┃ 1┃ 2┃
        ┡━━━━━━━━━━╇━━━━━━╇━━╇━━┩
        │ 0        │ 1,000│ 0│ 7│
        │ 1        │ 1,000│ 0│ 7│
        │ 2        │ 1,000│ 0│ 7│
        └──────────┴──────┴──┴──┘

        """)
  }

  @Test func columnsThatDoNotFitStandBelow() {
    let names = ["가방과 신발", "Sandal", "Sneaker", "Ankle boot"]
    let text = table([["class"] + names] + names.map { [$0, "1", "22", "333", "4,444"] })
      .text(width: 40)
    let heads = lines(text).filter { $0.hasPrefix("┃") }
    #expect(
      heads == ["┃ class       ┃ 가방과 신발 ┃ Sandal ┃", "┃ class       ┃ Sneaker ┃ Ankle boot ┃"])
    #expect(lines(text).count == 2 * 8)
  }

  @Test func namesThatWouldLookTheSameAreNotShortened() {
    let names = (1...4).map { "a long name of column \($0)" }
    let text = table([["row"] + names, ["x", "1", "2", "3", "4"]]).text(width: 70)
    #expect(names.allSatisfy { text.contains($0) })
    let rows = [["name", "n", "m"]] + (1...3).map { ["a long name of row \($0)", "\($0)", "5"] }
    #expect((1...3).allSatisfy { table(rows).text(width: 28).contains("row \($0)") })
  }

  /// Whatever is in it, no line is wider than it may be, as long as numbers have room.
  @Test func noLineIsWiderThanAsked() {
    var random = RandomGenerator(seed: 11)
    let letters = Array("abc가나 ,-é")
    func integer(_ end: Int) -> Int { Int(random.next() % UInt64(end)) }
    for _ in 0..<300 {
      let columns = 1 + integer(12)
      let field = { (most: Int) in
        String((0..<integer(most + 1)).map { _ in letters[integer(letters.count)] })
      }
      let rows = (0..<1 + integer(6)).map { _ in
        (0..<columns).map { _ in
          integer(2) == 0 ? "\(integer(100_000))" : field(60)
        }
      }
      let width = 40 + integer(160)
      let lines = lines(table(rows).text(width: width))
      #expect(lines.allSatisfy { String($0).cells <= width }, "\(rows), \(width)")
    }
  }

  @Test func tablesOfTheLibraryTakeAWidth() throws {
    let matrix = ConfusionMatrix(labels: [0, 1, 2], predictions: [0, 1, 1])
    let names = ["first of the classes", "second of the classes", "third of the classes"]
    let model = try Sequential(inputShape: [4], [Dense(3), LeakyReLU(), Softmax()])
    for text in [
      matrix.table(names: names, width: 48), matrix.report(names: names, width: 48),
      model.summary(width: 40),
    ] {
      let table = lines(text).filter { !$0.hasPrefix("Total") }
      #expect(table.allSatisfy { String($0).cells <= 48 }, "\(text)")
    }
    #expect(matrix.table(names: names).split(separator: "\n")[0].count > 80)
  }
}
