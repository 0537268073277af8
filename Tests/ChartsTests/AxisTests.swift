import Charts
import Testing

struct AxisTests {
  @Test(
    arguments: [
      (0.0...1.0, 5, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
      (0.475...1, 3, ["0.6", "0.8", "1.0"]),
      (-0.37...0.37, 3, ["-0.2", "0.0", "0.2"]), (-2...2, 3, ["-2", "0", "2"]),
      (18_000...136_000, 4, ["50000", "100000"]), (0...1.2e9, 3, ["0", "5.0e+08", "1.0e+09"]),
      (0.693118...0.693152, 4, ["0.69312", "0.69313", "0.69314", "0.69315"]),
      (1e-9...3e-9, 3, ["1e-09", "2e-09", "3e-09"]),
    ] as [(ClosedRange<Double>, Int, [String])])
  func marksAreRoundAndDiffer(_ range: ClosedRange<Double>, _ most: Int, _ texts: [String]) {
    #expect(Axis.marks(of: range, most: most).map(\.text) == texts)
  }

  @Test(arguments: [
    [1e308, -1e308], [1e307, -1e307], [9.9e306, -9.9e306], [.greatestFiniteMagnitude],
    [.leastNonzeroMagnitude, 0],
    [1, 1.0000000000000002], [1e9, 1e9 + 2], [-1e-300, 1e-300], [0, 9e306],
  ])
  func marksOfAnyNumbersAreFewAndDiffer(_ values: [Double]) {
    for highest in [1, .infinity] {
      let marks = Axis.marks(of: Axis.range(of: values, highest: highest), most: 10)
      #expect(2...10 ~= marks.count)
      #expect(Set(marks.map(\.text)).count == marks.count)
      #expect(marks.allSatisfy { $0.text.count <= 13 })
    }
  }

  @Test func wideMarksMoveTheFrameAndNotTheName() throws {
    let scripts = [[1, 2], [1e5, 2e5]].map { losses in
      Chart.loss(of: Fixture.history(["loss": losses])).script.split(separator: "\n")
    }
    let margins = scripts.map { $0.filter { $0.hasPrefix("set lmargin") } }
    let names = scripts.map { $0.filter { $0.hasPrefix("set label \"loss\"") } }
    #expect(margins[0] == ["set lmargin at screen 0.109375"])
    #expect(margins[1] != margins[0] && names[1] == names[0])
  }
}
