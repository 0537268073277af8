import Datasets
import FileTestSupport
import Foundation
import Tensors
import Testing

/// Tables in the layouts of well-known public ones: what is the label, and what goes into a model.
struct PublicLayoutTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func findings(
    _ rows: [String], header: String? = nil, _ settings: TableSettings = TableSettings(),
    name: String = "table.data"
  ) throws -> TableFindings {
    let text = ([header].compactMap { $0 } + rows).joined(separator: "\n")
    return try findings(text: text, settings, name: name)
  }

  private func findings(
    text: String, _ settings: TableSettings = TableSettings(), name: String = "table.data"
  ) throws -> TableFindings {
    let path = try folder.write(Array(text.utf8), to: name)
    return Dataset.findings(of: try Table(contentsOf: path), settings)
  }

  // MARK: Which column has the labels

  /// Kaggle's Titanic: a counter, the label, texts with commas, and blanks at the end.
  @Test(arguments: ["Survived", "Saved"])
  func theLabelHasAValueInEachRow(name: String) throws {
    let rows = (0..<60).map { row in
      let cabin = row % 4 == 0 ? "C\(row % 8)" : ""
      return "\(row + 1),\(row % 3 == 0 ? 1 : 0),\(row % 3 + 1),\"Doe, Mr. \(row)\","
        + "\(row % 2 == 0 ? "male" : "female"),\(row % 5 == 0 ? "" : "\(row).5"),\(cabin),"
        + (row == 7 ? "" : "SCQ".map(String.init)[row % 3])
    }
    let header = "PassengerId,\(name),Pclass,Name,Sex,Age,Cabin,Embarked"
    let found = try findings(rows, header: header)
    #expect(found.label?.name == name && found.label?.classes == ["0", "1"])
    #expect(found.features == ["Pclass", "Sex", "Age", "Cabin", "Embarked"])
    #expect(found.leftOut.map(\.column) == ["PassengerId", "Name"])
    // The rows to predict have no such column, and no label is guessed among the others.
    let test = try findings(
      rows.map {
        $0.split(separator: ",", maxSplits: 2)[0] + "," + $0.split(separator: ",", maxSplits: 2)[2]
      },
      header: header.replacing("\(name),", with: ""))
    #expect(test.label?.name == "Pclass" || test.problem != nil)
  }

  /// UCI's adult: whole numbers in front, two classes of text behind other texts.
  @Test func twoClassesBehindGoBeforeManyNumbersInFront() throws {
    let rows = (0..<300).map { row in
      "\(17 + row * 7 % 60), \(["Private", "?", "State-gov"][row % 3]), \(row * 977 % 5003), "
        + "\(["Male", "Female"][row % 2]), \(["United-States", "Mexico"][row % 5 / 4]), "
        + (row % 4 == 0 ? ">50K" : "<=50K")
    }
    let found = try findings(rows)
    #expect(found.label?.name == "6" && found.label?.classes == ["<=50K", ">50K"])
    #expect(
      found.lines[0]
        == "300 rows of 6 columns, commas between, no header, so columns are numbered from 1")
    #expect(found.lines[1] == "columns: 2 numbers, 4 categories; values missing in 2 (100)")
  }

  /// UCI's breast cancers: identifiers without order, then the classes, then numbers.
  @Test func identifiersInFrontAreNoFeaturesWithoutAWord() throws {
    func rows(_ classes: [String], last: Bool) -> [String] {
      (0..<100).map { row in
        let (id, kind) = ("\(row * 7_919_317 % 900_007)", classes[row % 5 / 3])
        let numbers = "\(Double(row * 31 % 97) / 7),\(Double(row * 17 % 89) / 3)"
        return last ? "\(id),\(row % 10 + 1),\(row % 7 + 1),\(kind)" : "\(id),\(kind),\(numbers)"
      }
    }
    let warning =
      "column '1' has a whole number of its own in nearly each row, as identifiers are; --ignore 1"
    let second = try findings(rows(["M", "B"], last: false))
    #expect(second.label?.name == "2" && second.label?.classes == ["B", "M"])
    #expect(second.warnings == [warning])
    let last = try findings(rows(["2", "4"], last: true))
    #expect(last.label?.name == "4" && last.label?.classes == ["2", "4"])
    #expect(last.warnings == [warning])
    let ignored = try findings(rows(["2", "4"], last: true), TableSettings(ignored: ["1"]))
    #expect(ignored.label?.name == "4" && ignored.warnings == [])
    let named = try findings(rows(["2", "4"], last: true), header: "CustomerID,a,b,kind")
    #expect(named.leftOut.map(\.reason) == ["a number of its own in each row"])
  }

  /// Texts alone: two classes in front (mushroom), as many at either end (car).
  @Test func textsAloneHaveTheLabelAtAnEndAndSaySo() throws {
    let texts = (0..<120).map {
      "\("abcdefg".map(String.init)[$0 % 7]),\("xyz".map(String.init)[$0 % 3])"
    }
    let front = try findings(texts.enumerated().map { "\($0 % 5 == 0 ? "p" : "e"),\($1)" })
    #expect(front.label?.name == "1" && front.label?.classes == ["e", "p"])
    let both = try findings(
      texts.enumerated().map {
        "\(["lo", "med", "hi"][$0 % 3]),\($1),\(["acc", "good", "bad"][$0 % 4 % 3])"
      })
    #expect(both.label?.name == "4")
    #expect(
      both.lines.contains {
        $0.contains("(the last column; column 1 has few values too; --label NAME|NUMBER)")
      })
  }

  /// UCI's abalone and letters: what stands out from its neighbours, and of two such the last.
  @Test func whatStandsOutIsTheLabel() throws {
    let abalone = (0..<200).map {
      "\("MFI".map(String.init)[$0 % 3]),\(Double($0 * 7 % 83) / 97),\(Double($0 * 3 % 71) / 89),\($0 % 14 + 3)"
    }
    #expect(try findings(abalone).label?.name == "4")
    let letters = (0..<300).map {
      "\("ABCDE".map(String.init)[$0 % 5]),\($0 * 3 % 16),\($0 * 5 % 16),\($0 * 7 % 16)"
    }
    #expect(try findings(letters).label?.name == "1")
    // The airfoil's noise: frequencies are measures, though there are few.
    let airfoil = (0..<200).map {
      "\([200, 500, 1000, 8000][$0 % 4])\t\($0 * 7 % 31).4\t\(Double($0 * 13 % 101) / 3)"
    }
    let found = try findings(airfoil)
    #expect(found.label?.name == "3" && found.label?.task == .regression)
  }

  /// A text of its own in most rows is no label (Kaggle's auto-mpg), nor is a column that is ignored.
  @Test func namesOfThingsAreNoLabels() throws {
    let rows = (0..<100).map {
      "\(Double($0 * 7 % 61) / 3),\($0 % 3 * 2 + 4),\($0 % 2),ford model \($0 * 3 / 4)"
    }
    let header = "mpg,cylinders,origin,car name"
    let found = try findings(rows, header: header)
    #expect(
      found.problem?.problem
        == "expected a column of labels; name it by --label NAME|NUMBER, found none by a usual name or "
        + "place among 4")
    let ignored = try findings(rows, header: header, TableSettings(ignored: ["car name"]))
    #expect(ignored.label?.name == "origin")
  }

  /// UCI's energy efficiency has two labels, of which one must not tell the other without a word.
  @Test func aSecondLabelIsSaid() throws {
    let rows = (0..<60).map { "\($0 * 7 % 11).5,\($0 * 3 % 13).5,\($0 % 17).25,\($0 * 5 % 19).75" }
    #expect(
      try findings(rows, header: "X1,X2,Y1,Y2").warnings == [
        "'Y2' is predicted from 'Y1' too; where that is not known before: --ignore Y1, or --label Y1,Y2 to "
          + "predict all"
      ])
    let classes = (0..<60).map { "\($0 * 7 % 11).5,\($0 % 17).25,\($0 % 2)" }
    #expect(
      try findings(classes, header: "X1,Y1,Y2").warnings == [
        "'Y2' is predicted from 'Y1' too; where that is not known before: --ignore Y1"
      ])
    #expect(try findings(rows, header: "X1,X2,X3,X4").warnings == [])
  }

  /// UCI's bike sharing: two columns add up to the label.
  @Test func columnsThatGiveTheLabelAwayAreSaid() throws {
    // By chance no number follows from the others.
    var generator = RandomGenerator(seed: 5)
    func number() -> Int { Int.random(in: 0..<1000, using: &generator) }
    let rows = (0..<90).map { _ in (number(), number(), number(), number()) }
    func warnings(_ header: String, _ row: ((Int, Int, Int, Int)) -> String) throws -> [String] {
      try findings(rows.map(row), header: header).warnings
    }
    let unless = "unless they are known when you predict"
    #expect(
      try warnings("temp,casual,registered,hum,cnt") {
        "\($0.0),\($0.1),\($0.2),\($0.3),\($0.1 + $0.2)"
      } == [
        "columns 'casual', 'registered' add up to the label 'cnt': leave them out with "
          + "--ignore casual,registered \(unless)"
      ])
    // A difference, rounded, with gaps.
    #expect(
      try warnings("id,cost,x,revenue,profit") {
        "\($0.0).5,\($0.1),\($0.3 < 40 ? "" : "\($0.3)"),\($0.2),\(Double($0.2 - $0.1) / 3)"
      } == [
        "the label 'profit' is a linear function of columns 'cost', 'revenue': leave them out with "
          + "--ignore cost,revenue \(unless)"
      ])
    #expect(
      try warnings("celsius,x,fahrenheit") { "\($0.0),\($0.1),\(Double($0.0) * 1.8 + 32)" } == [
        "the label 'fahrenheit' is a linear function of column 'celsius': leave it out with "
          + "--ignore celsius unless it is known when you predict"
      ])
    #expect(
      try warnings("cents,x,total") { "\($0.0 * 1000),\($0.1).5,\($0.0 * 1000)" } == [
        "column 'cents' is the label 'total' itself: leave it out with --ignore cents unless it is known "
          + "when you predict"
      ])
    // With nothing else to learn from that is no reproach; of five columns it is no leak; nor is what is
    // only nearly so.
    #expect(
      try warnings("a,b,y") { "\($0.0),\($0.1),\(3 * $0.0 + 2 * $0.1)" } == [
        "the label 'y' is a linear function of columns 'a', 'b', as maru fit-linear finds"
      ])
    #expect(
      try warnings("a,b,c,d,e,y") {
        "\($0.0),\($0.1),\($0.2),\($0.3),\($0.0 * $0.1),\($0.0 + $0.1 - $0.2 + 2 * $0.3 + $0.0 * $0.1)"
      } == [])
    #expect(
      try warnings("a,b,c,y") { "\($0.0),\($0.1),\($0.3),\(3 * $0.0 + 2 * $0.1 + $0.2 % 2)" } == [])
    // Fewer rows than a function of so many columns needs.
    #expect(
      try findings(
        (0..<10).map { "\($0 * 7 % 10).5,\($0 * 3 % 10).5,\($0 % 4).5,\($0 * $0 % 7).5" },
        header: "a,b,c,y"
      ).warnings == [])
  }

  /// seaborn's titanic: the classes under other names.
  @Test func classesUnderOtherNamesAreSaid() throws {
    let rows = (0..<60).map { row in
      let lives = row * 7 % 5 < 2
      return
        "\(lives ? 1 : 0),\(row % 3 + 1),\(row * 11 % 17).5,\(lives ? "yes" : "no"),\(lives || row % 20 == 4 ? "a" : "b")"
    }
    #expect(
      try findings(rows, header: "survived,pclass,age,alive,almost").warnings == [
        "column 'alive' has a value for each class of the label 'survived': leave it out with --ignore alive "
          + "unless it is known when you predict"
      ])
  }

  // MARK: What columns are

  /// UCI's car: few values that come up again, of which some are words.
  @Test func wordsAmongFewNumbersMakeACategory() throws {
    let rows = (0..<120).map {
      "\(["2", "3", "4", "5more"][$0 % 4]),\(["2", "4", "more"][$0 % 3]),\($0 % 7).5,\($0 % 5 == 0 ? "acc" : "unacc")"
    }
    let found = try findings(rows)
    #expect(found.problem == nil)
    #expect(found.columns.map(\.kind) == [.category, .category, .number, .category])
    let mistaken = try findings(
      rows.enumerated().map { $0 == 9 ? $1.replacing("more", with: "mor") : $1 })
    #expect(mistaken.problem == nil)
    // A word or two among numbers remain mistakes.
    let numbers = (0..<120).map { "\($0 == 9 || $0 == 11 ? "oops" : "\($0 % 6)"),\($0 % 2)" }
    #expect(
      try findings(numbers, header: "a,label").problem?.problem
        == "line 11: expected a finite number in column 'a', found 'oops' and 1 more like it; correct it, "
        + "or leave the column out: --ignore a")
  }

  /// UCI's household power: all columns of dates are named at once, and are no labels.
  @Test func datesAreNamedTogether() throws {
    let rows = (0..<40).map {
      "16/12/2006;17:\(10 + $0):00;\($0 % 9 == 0 ? "?;?" : "\($0 * 7 % 11).216;23\($0 % 10).5")"
    }
    let header = "Date;Time;Power;Voltage"
    let found = try findings(rows, header: header)
    #expect(
      found.lines.last
        == "label: 'Voltage' (the last column; --label NAME|NUMBER), regression (numbers; --task), from 230.5 to 239.5"
    )
    #expect(
      found.problem?.problem.hasSuffix("dates can't be learned from: --ignore Date,Time") == true)
    let ignored = try findings(rows, header: header, TableSettings(ignored: ["Date", "Time"]))
    #expect(ignored.label?.name == "Voltage" && ignored.features == ["Power"])
    #expect(
      ignored.warnings == [
        "5 of 40 rows are left out, since they have no label in column 'Voltage'; --missing refuse "
          + "refuses them"
      ])
  }

  // MARK: How rows are written

  /// UCI's auto-mpg: columns that blanks align, and a tab before a name in quotes.
  @Test func aTabAmongBlanksIsOneOfThem() throws {
    let rows = (0..<40).map {
      "\($0 * 7 % 31).0   \($0 % 3 + 4)   \($0 * 11).0      \($0 % 9 == 0 ? "?" : "130.0")      \($0 % 2)\t\"ford \($0)\""
    }
    let found = try findings(rows)
    #expect(found.separator == .blank && found.columns.count == 6)
    #expect(found.columns.map(\.missing) == [0, 0, 0, 5, 0, 0])
    // Texts with a blank stay one field between tabs.
    let tabs = try findings((0..<40).map { "New York\t\($0 % 7)\t\($0 % 2)" })
    #expect(tabs.separator == .tab && tabs.columns.count == 3)
  }

  /// UCI's seeds: some tabs are doubled.
  @Test func doubledTabsAreOneSeparator() throws {
    let rows = (0..<60).map {
      "\($0 * 7 % 11).5\t\($0 % 20 == 3 ? "\t" : "")\($0 % 13).25\t\($0 % 3 + 1)"
    }
    let found = try findings(rows)
    #expect(found.separator == .blank && found.columns.count == 3 && found.rows == 60)
    // Where a tab stands for a missing value, it is none.
    let missing = try findings(
      (0..<60).map { "\($0 * 7 % 11).5\t\($0 % 9 == 3 ? "" : "\($0 % 13)")\t\($0 % 3 + 1)" })
    #expect(missing.separator == .tab && missing.columns.map(\.missing) == [0, 7, 0])
  }

  /// Kaggle's spam: a header of which some names are empty, and texts that can't be learned from.
  @Test func emptyNamesLeaveAHeaderAHeader() throws {
    let rows = (0..<40).map { "\($0 % 7 == 0 ? "spam" : "ham"),\"go, until \($0) o'clock\",,," }
    let found = try findings(rows, header: "v1,v2,,,")
    #expect(found.rows == 40 && found.hasHeader)
    #expect(
      found.problem?.problem.hasPrefix(
        "expected two columns or more, found none beside the label to learn from; 'v2' is left out: a text "
          + "of its own in each row") == true)
  }

  /// UCI's concrete: names with commas in quotes and blanks around them.
  @Test func namesAreWithoutBlanksAround() throws {
    let rows = (0..<40).map { "\($0 * 7 % 11).5,\($0 * 3 % 13).25" }
    let found = try findings(rows, header: "\" Cement \",\"strength(MPa, megapascals) \"")
    #expect(found.columns.map(\.name) == ["Cement", "strength(MPa, megapascals)"])
    #expect(found.label?.name == "strength(MPa, megapascals)")
  }

  /// UCI's adult.test: a comment of C4.5 in front, which has bars for marks.
  @Test func aBarBeforeTheRowsMakesAComment() throws {
    let rows = (0..<40).map {
      "\($0 % 31), \("ab".map(String.init)[$0 % 2]), \($0 % 3 == 0 ? ">50K." : "<=50K.")"
    }
    let found = try findings(rows, header: "|1x3 Cross validator")
    #expect(found.rows == 40 && found.columns.count == 3 && !found.hasHeader)
    #expect(found.lines.contains("lines that begin with | are comments"))
    // With bars between, an index has no name.
    let index = try findings(
      (0..<40).map { "\($0)|\($0 * 7 % 11).5|\($0 % 2)" }, header: "|size|kind")
    #expect(index.rows == 40 && index.columns.map(\.name) == ["", "size", "kind"])
  }

  /// Excel's: rows that were emptied, before, between and behind the others.
  @Test(arguments: [",", ";", "\t", "|"])
  func rowsOfSeparatorsAloneAreBlankLines(separator: String) throws {
    let empty = separator + " " + separator
    let rows = (0..<40).flatMap { row in
      ["\(row % 7).5,\(row * 3 % 5),\(row % 2)".replacing(",", with: separator)]
        + (row % 10 == 9 ? [empty] : [])
    }
    let header = "size,count,kind".replacing(",", with: separator)
    let found = try findings([empty, header] + rows + [empty, empty + separator])
    #expect(found.rows == 40 && found.hasHeader && found.columns.map(\.missing) == [0, 0, 0])
    // Of those behind the header.
    #expect(found.lines.contains("6 lines of separators alone are skipped"))
    // Lines are counted with them.
    let wrong = try findings(rows + [rows[0].replacing("0.5", with: "oops")], header: header)
    #expect(
      wrong.problem?.problem.hasPrefix("line 46: expected a finite number in column 'size'") == true
    )
    // A row with a value stays one.
    let one = try findings(rows + [separator + "1" + separator], header: header)
    #expect(one.rows == 41 && one.columns.map(\.missing) == [1, 0, 1])
  }

  /// Any text is a table, whatever its name ends in.
  @Test(arguments: [
    "optdigits.tra", "airfoil_self_noise.dat", "adult.test", "sonar.all-data", "table",
  ])
  func anyTextIsATable(name: String) throws {
    let path = try folder.write(Array("1,2,a\n3,4,b\n".utf8), to: name)
    #expect(try DatasetSource(parsing: path) == .csv(path))
    for bytes: [UInt8] in [[], [0x31, 0x2C, 0], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]] {
      let other = try folder.write(bytes, to: name)
      #expect(throws: DatasetError.self) { try DatasetSource(parsing: other) }
    }
  }
}
