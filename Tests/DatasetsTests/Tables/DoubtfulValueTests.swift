import Datasets
import FileTestSupport
import Testing

/// Values of well-known public tables that are not what they look like.
struct DoubtfulValueTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func findings(
    _ header: String, _ rows: [String], _ settings: TableSettings = TableSettings()
  ) throws -> TableFindings {
    let text = ([header] + rows).joined(separator: "\n")
    let path = try folder.write(Array(text.utf8), to: "table.csv")
    return Dataset.findings(of: try Table(contentsOf: path), settings)
  }

  /// UCI's air quality: -200 where the instrument failed, decimal commas, two separators at the end of each
  /// row, and rows of nothing else behind.
  @Test func numbersFarFromAllOthersMayMeanNone() throws {
    let rows = (0..<200).map { row in
      let gas = row % 9 == 4 ? "-200" : "\(row * 7 % 61 / 10),\(row % 10)"
      return
        "\(10 + row / 24)/03/2004;\(row % 24).00.00;\(gas);\(row * 37 % 1100 + 700);\(row * 13 % 89),5;;"
    }
    let settings = TableSettings(labels: ["CO(GT)"], ignored: ["Date,Time"])
    let found = try findings(
      "Date;Time;CO(GT);PT08;RH;;", rows + Array(repeating: ";;;;;;", count: 11), settings)
    #expect(found.rows == 200 && found.problem == nil)
    #expect(found.lines.contains("11 lines of separators alone are skipped"))
    #expect(
      found.warnings == [
        "column 'CO(GT)' has -200 again and again, and else only numbers from 0 to 6.7; where it stands for "
          + "a missing value, leave these fields empty"
      ])
  }

  /// UCI's bank marketing: 999 days since nobody called.
  @Test func marksAreFoundAtBothEnds() throws {
    func warnings(_ value: (Int) -> String) throws -> [String] {
      let rows = (0..<300).map { "\(value($0)),\($0 * 7 % 31).5,\($0 % 2)" }
      return try findings("days,balance,label", rows).warnings
    }
    let end = "; where it stands for a missing value, leave these fields empty"
    #expect(
      try warnings { $0 % 5 == 0 ? "999" : "\($0 % 28)" } == [
        "column 'days' has 999 again and again, and else only numbers from 0 to 27\(end)"
      ])
    #expect(
      try warnings { $0 % 5 == 0 ? "-9" : "\($0 * 17 % 40)" } == [
        "column 'days' has -9 again and again, and else only numbers from 1 to 39\(end)"
      ])
    // Negative numbers, zeros, a number far away once, and levels are what they seem.
    #expect(try warnings { "\($0 * 17 % 200 - 40)" } == [])
    #expect(try warnings { $0 % 5 == 0 ? "0" : "\($0 % 28 + 500)" } == [])
    #expect(try warnings { $0 == 50 ? "9999" : "\($0 * 17 % 200)" } == [])
    #expect(try warnings { "\([200, 500, 1000, 8000][$0 % 4])" } == [])
    #expect(try warnings { "\(1 << ($0 % 12))" } == [])
  }

  /// Airbnb's listings: prices in dollars; and as others write theirs.
  @Test(
    arguments: [
      ("\"$1,234.50\"", 1234.5), ("-$3", -3), ("€ 12.25", 12.25), ("7 €", 7), ("£.5", 0.5),
      ("2000¥", 2000),
      ("+$ 1", 1),
    ] as [(String, Float)])
  func moneyIsANumber(text: String, value: Float) throws {
    let rows = (0..<40).map { "\($0 == 0 ? text : "$\($0 * 7 % 31)"),\($0 % 3).5,\($0 % 2)" }
    let found = try findings("price,stars,label", rows)
    #expect(found.columns[0].kind == .number && found.problem == nil && found.warnings == [])
    let table = try Table(contentsOf: folder.path + "/table.csv")
    #expect(table.text(0, of: table.columns[0]).flatMap { Float($0) } == value)
  }

  @Test(arguments: ["$", "$$1", "1$2", "€", "$-", "US$1", "1€€"])
  func otherTextsAreNoMoney(text: String) throws {
    let rows = (0..<40).map { "\($0 == 0 ? text : "\($0 * 7 % 31)"),\($0 % 3).5,\($0 % 2)" }
    let found = try findings("price,stars,label", rows)
    #expect(found.problem?.problem.contains("found '\(text)'; correct it") == true)
  }
}
