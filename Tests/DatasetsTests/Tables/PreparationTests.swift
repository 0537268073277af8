import Datasets
import FileTestSupport
import Foundation
import Testing

/// What is learned of a table, and how it is applied to others.
struct PreparationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func path(_ text: String, _ name: String = "data.csv") throws -> String {
    try folder.write(Array(text.utf8), to: name)
  }

  private func table(_ text: String) throws -> Table { try Table(contentsOf: path(text)) }

  private func findings(_ text: String, _ settings: TableSettings = TableSettings()) throws
    -> TableFindings
  {
    Dataset.findings(of: try table(text), settings)
  }

  /// Learns from all rows.
  private func learned(_ text: String, label: String? = nil, scale: Preparation.Scale? = nil) throws
    -> Preparation
  {
    try Preparation(
      learnedFrom: table(text),
      TableSettings(labels: label.map { [$0] } ?? [], scale: scale, testFile: "another"))
  }

  private func values(_ preparation: Preparation, _ text: String) throws -> [Float] {
    let table = try Table(contentsOf: path(text, "new.csv"), for: preparation)
    return try preparation.samples(of: table).values?.elements ?? []
  }

  // MARK: The label and the task

  private static let wine = (0..<30).map { "\($0 / 10 + 1),\($0 * 7 % 13).5,\($0 * 11 % 17).25" }

  @Test(
    arguments: [
      // A usual name, in letters of any case, wherever it is.
      ("class,a,b\n", "class", ["1", "2", "3"]), ("Y,a,b\n", "Y", ["1", "2", "3"]),
      ("TARGET,a,b\n", "TARGET", ["1", "2", "3"]),
      ("Diagnosis,a,b\n", "Diagnosis", ["1", "2", "3"]),
      ("outcome,a,b\n", "outcome", ["1", "2", "3"]), ("Species,a,y\n", "Species", ["1", "2", "3"]),
      // The first without a header, since the last is no class.
      ("", "1", ["1", "2", "3"]),
    ])
  func labelIsFound(header: String, name: String, classes: [String]) throws {
    let found = try findings(header + Self.wine.joined(separator: "\n"))
    #expect(found.problem == nil)
    #expect(found.label?.name == name)
    #expect(found.label?.task == .classification && found.label?.classes == classes)
    #expect(found.features.count == 2)
    let line = try #require(found.lines.first { $0.hasPrefix("label: ") })
    #expect(line.contains("--label") && line.contains(header == "" ? "column 1" : "'\(name)'"))
  }

  @Test func coordinatesAreNoLabel() throws {
    let rows = (0..<20).map { "\($0 * 3 % 7).5,\($0 * 5 % 11).5,\($0 % 2 == 0 ? "a" : "b")" }
    let found = try findings("x,y,kind\n" + rows.joined(separator: "\n"))
    #expect(found.label?.name == "kind")
    #expect(
      try findings("x,y\n" + rows.map { String($0.dropLast(2)) }.joined(separator: "\n")).label?
        .name == "y")
  }

  @Test(arguments: [
    // Text among numbers, at either end; numbers of few values at the end; a number that counts first.
    ("a,1.5,2.5\nb,2.5,1.5\n", "1"), ("1.5,2.5,a\n2.5,1.5,b\n", "3"),
    ("1.5,2.5,0\n2.5,1.5,1\n", "3"),
    ("a,1,2\nb,2,1\n", "1"),
  ])
  func labelIsFoundByPlace(rows: String, name: String) throws {
    let text = String(repeating: rows, count: 10)
    let found = try findings(text)
    #expect(found.hasHeader == false && found.label?.name == name)
    let counted = text.split(separator: "\n").enumerated().map { "\($0),\($1)" }
    let shifted = try findings(counted.joined(separator: "\n"))
    #expect(shifted.label?.name == Int(name).map { "\($0 + 1)" })
    #expect(shifted.leftOut.map(\.column) == ["1"])
  }

  @Test func labelIsAsked() throws {
    let text = "name,a,b\n" + (0..<30).map { "n\($0),\($0).5,text \($0)" }.joined(separator: "\n")
    let none = try findings(text)
    #expect(none.label == nil)
    #expect(none.problem?.problem.contains("--label NAME|NUMBER") == true)
    for label in ["a", "A", "2"] {
      let found = try findings(text, TableSettings(labels: [label]))
      #expect(found.label?.name == "a" && found.label?.task == .regression)
    }
    let wrong = try findings(text, TableSettings(labels: ["c"]))
    #expect(
      wrong.problem?.problem == "expected a column 'c' for --label, found the columns name, a, b")
  }

  @Test func taskFollowsFromTheValues() throws {
    func task(_ values: [String], _ name: String = "value") throws -> Preparation.Task? {
      let rows = values.enumerated().map { "\($0 * 7 % 11).5,\($1)" }
      return try findings("a,\(name)\n" + rows.joined(separator: "\n")).label?.task
    }
    #expect(try task((0..<60).map { "\($0 % 5).5" }) == .regression)
    #expect(try task((0..<60).map { "\($0 % 5)" }) == .classification)
    #expect(try task((0..<60).map { "\($0 % 5).0" }) == .classification)
    #expect(try task((0..<60).map { "\($0 * 37 % 60)" }) == .regression)
    #expect(try task((0..<60).map { "\($0 % 30 * 1000)" }) == .regression)
    #expect(try task((0..<60).map { "\($0 % 30)" }, "label") == .classification)
    #expect(try task((0..<60).map { $0 % 3 == 0 ? "Yes" : "no" }) == .classification)
  }

  /// 1 and 1.0 are one class; Yes and yes are two, which is said; two labels of one name too.
  @Test func whatLooksWrongIsSaid() throws {
    let mixed = try findings(
      "a,label\n"
        + (0..<20).map { "\($0 * 7 % 11).5,\($0 % 2 == 0 ? "1" : "1.0")" }.joined(separator: "\n"))
    #expect(mixed.label?.classes == ["1"])
    #expect(
      mixed.warnings == ["column 'label' has one class alone, '1'; --label for another column"])
    let cases = try findings(
      "a,label\n"
        + (0..<20).map { "\($0 * 7 % 11).5,\(["Yes", "yes", "YES ", "no"][$0 % 4])" }
        .joined(separator: "\n"))
    #expect(cases.label?.classes == ["YES", "Yes", "no", "yes"])
    #expect(
      cases.warnings
        == [
          "the classes 'YES', 'Yes', 'yes' of column 'label' differ in the case of their letters alone"
        ])
    let twice = try findings(
      "label,a,label\n"
        + (0..<20).map { "\($0 % 2),\($0 * 7 % 11).5,\($0 % 2)" }.joined(separator: "\n"))
    #expect(twice.label?.name == "label" && twice.features == ["a"])
    #expect(twice.leftOut.map(\.column) == ["label.1"])
    #expect(
      twice.warnings == [
        "2 columns are named 'label': 1, 3; choose by number: --label N, --ignore N"
      ])
    let many = try findings(
      "a,label\n" + (0..<20).map { "\($0 * 7 % 11).5,c\($0 * 3 / 4)" }.joined(separator: "\n"))
    #expect(
      many.warnings == [
        "column 'label' has 15 classes in 20 rows; --task regression for numbers, --label for another column"
      ])
  }

  @Test func rowsSortedByClassAreSaid() throws {
    let rows = (0..<30).map { "\($0 * 7 % 11).5,\($0 / 10)" }.joined(separator: "\n")
    #expect(try findings("a,label\n" + rows).warnings == [])
    #expect(
      try findings("a,label\n" + rows, TableSettings(testSplit: 0.4, split: .last)).warnings == [
        "the rows are sorted by 'label', so that the last ones are of few classes; --split stratified",
        "no row to train on is of '2'; --split stratified",
      ])
  }

  // MARK: Columns

  private static let mixed = """
    Id,age,city,smoker,same,note,rate,label
    1,20,Rome,yes,7,one,10%,a
    2,,Oslo,no,7,two,20%,b
    3,40,Rome,yes,7,three,30%,a
    4,60,,no,7,four,40%,b
    """

  @Test func columnsBecomeInputs() throws {
    let preparation = try learned(Self.mixed)
    #expect(preparation.columns.map(\.name) == ["age", "city", "smoker", "rate"])
    #expect(preparation.inputs == 2 + 3 + 1 + 1)
    // 20, 40 and 60 have the deviation √(800/3), 10% to 40% √125.
    let (age, rate): (Float, Float) = (
      20 / Float(800.0 / 3).squareRoot(), 5 / Float(125).squareRoot()
    )
    let first: [Float] = [-age, 0, 0, 1, 0, 1, -3 * rate]
    let second: [Float] = [0, 1, 1, 0, 0, -1, -rate]
    let third: [Float] = [0, 0, 0, 1, 0, 1, rate]
    let fourth: [Float] = [age, 0, 0, 0, 1, -1, 3 * rate]
    let expected = first + second + third + fourth
    let found = try values(preparation, Self.mixed)
    #expect(found.elementsEqual(expected) { abs($0 - $1) < 1e-6 }, "\(found)")
    let said = try findings(Self.mixed, TableSettings(testFile: "another"))
    #expect(said.leftOut.map(\.column) == ["Id", "same", "note"])
    #expect(
      said.leftOut.map(\.reason)
        == ["which only counts the rows", "the same in all rows", "a text of its own in each row"])
  }

  /// A value that is missing in rows to test with alone is the mean, without an input of its own.
  @Test func indicatorsAreLearnedFromRowsToTrainOn() throws {
    let rows = (0..<20).map { "\($0 == 19 ? "" : "\($0 * 7 % 11).5"),\($0 % 2)" }
    let settings = TableSettings(testSplit: 0.2, split: .last)
    let held = try Preparation(
      learnedFrom: table("a,label\n" + rows.joined(separator: "\n")), settings)
    #expect(held.inputs == 1)
    let trained = try Preparation(
      learnedFrom: table("a,label\n" + rows.reversed().joined(separator: "\n")), settings)
    #expect(trained.inputs == 2)
  }

  /// By name, whatever the order; what is unseen has no input, and what is missing the mean.
  @Test func otherTablesGoTheSameWay() throws {
    let preparation = try learned(Self.mixed)
    let whole = try values(preparation, Self.mixed)
    let other = "rate;city;smoker;more;age\n\"30%\";Rome;TRUE;x;40\n0;Bern;0;y;\n"
    let found = try values(preparation, other)
    #expect(Array(found[..<7]) == Array(whole[14..<21]))
    #expect(found[7...10] == [0, 1, 0, 0] && found[11] == 0)
    let table = try Table(contentsOf: folder.path + "/new.csv", for: preparation)
    #expect(
      preparation.notes(on: table) == [
        "the model does not know 'more': left out",
        "column 'city': the model has not seen 'Bern'",
      ])
    let lacking = #expect(throws: DatasetError.self) {
      try values(preparation, "age,smoker\n1,yes\n")
    }
    #expect(
      lacking?.problem
        == "expected the columns that the model learned from, found none named 'city', 'rate' among "
        + "age, smoker")
  }

  @Test func rareCategoriesShareAnInput() throws {
    let rows = (0..<400).map {
      "\($0 < 396 ? $0 % 3 == 0 ? "x" : "y" : "rare\($0)"),\($0 * 7 % 11).5,\($0 % 2)"
    }
    let preparation = try learned("kind,a,label\n" + rows.joined(separator: "\n"))
    #expect(preparation.columns[0].categories == ["x", "y"] && preparation.columns[0].hasOthers)
    #expect(
      try values(preparation, "kind,a\nx,1\nrare398,1\nnew,1\n")[0..<4].dropLast() == [1, 0, 0])
    let found = try values(preparation, "kind,a\nx,1\nrare398,1\nnew,1\n")
    #expect(found[4..<7] == [0, 0, 1] && found[8..<11] == [0, 0, 1])
  }

  @Test(
    arguments: [
      (Preparation.Scale.minmax, [0, 0.25, 1] as [Float]), (.none, [0, 1, 4]),
    ])
  func numbersAreScaledAsAsked(scale: Preparation.Scale, expected: [Float]) throws {
    let text = "a,label\n0,x\n1,y\n4,x\n"
    let preparation = try learned(text, scale: scale)
    #expect(try values(preparation, text).elementsEqual(expected) { abs($0 - $1) < 1e-7 })
  }

  @Test func numbersThatAreNoBytesAreDividedToo() throws {
    let text = "a,label\n51,x\n102.5,y\n510,x\n"
    let preparation = try learned(text, scale: .pixels)
    let expected: [Float] = [0.2, 102.5 / 255, 2]
    #expect(try values(preparation, text).elementsEqual(expected) { abs($0 - $1) < 1e-6 })
  }

  @Test func columnsThatDifferInScaleAreSaid() throws {
    let rows = (0..<10).map { "\($0 * 100_000 + 5),\($0 * 7 % 4).5,\($0 % 2)" }
    let text = "price,age,label\n" + rows.joined(separator: "\n")
    #expect(try findings(text).warnings == [])
    #expect(
      try findings(text, TableSettings(scale: Preparation.Scale.none)).warnings.map {
        $0.hasSuffix("; --scale standard")
      }
        == [true])
  }

  /// Means and scales are of the rows to train on, and of no others.
  @Test func heldOutRowsAreNotLearnedFrom() throws {
    let rows = (0..<10).map { "\($0 < 8 ? $0 % 4 : 1000),\($0 % 2)" }.joined(separator: "\n")
    let dataset = try Dataset.load(
      .csv(path("a,label\n" + rows)), table: TableSettings(testSplit: 0.2, split: .last))
    let column = try #require(dataset.preparation?.columns.first)
    #expect(column.mean == 1.5 && column.offset == 1.5)
    #expect(dataset.train.count == 8 && dataset.test.count == 2)
    #expect(dataset.test.images.values?.elements.allSatisfy { $0 > 800 } == true)
  }

  // MARK: Pixels

  private func pixels(_ rows: Int, label: Bool, header: Bool) -> String {
    let names = (label ? ["label"] : []) + (0..<64).map { "pixel\($0)" }
    let body = (0..<rows).map { row in
      ((label ? ["\(row % 2)"] : []) + (0..<64).map { "\($0 < 3 ? 0 : (row * 31 + $0 * 7) % 256)" })
        .joined(separator: ",")
    }
    return ((header ? [names.joined(separator: ",")] : []) + body).joined(separator: "\n")
  }

  @Test(arguments: [true, false])
  func pixelsStayBytes(header: Bool) throws {
    let preparation = try learned(pixels(20, label: true, header: header))
    #expect(preparation.scale == .pixels && preparation.inputs == 64)
    let table = try Table(
      contentsOf: path(pixels(20, label: false, header: header)), for: preparation)
    let images = try preparation.samples(of: table)
    #expect(images.values == nil && images.shape == [64])
    let first: [UInt8] = (0..<64).map { column in column < 3 ? 0 : UInt8(column * 7 % 256) }
    #expect(Array(images.pixels.prefix(64)) == first)
    let other =
      "label," + (0..<64).map { "pixel\($0)" }.joined(separator: ",") + "\n1,"
      + (0..<64).map { _ in "0.5" }.joined(separator: ",")
    if header {
      let error = #expect(throws: DatasetError.self) { try values(preparation, other) }
      #expect(
        error?.problem.contains("expected whole numbers from 0 to 255 in column 'pixel0'") == true)
    }
  }

  @Test func fewLevelsAreNoPixels() throws {
    let text = pixels(20, label: true, header: true)
    let dim = text.split(separator: "\n").enumerated().map { row, line in
      row == 0
        ? String(line)
        : line.split(separator: ",").map { "\((Int($0) ?? 0) % 17)" }.joined(separator: ",")
    }
    #expect(try learned(dim.joined(separator: "\n")).scale == .standard)
  }

  // MARK: Numbers to predict

  @Test func targetsHaveMeanZero() throws {
    let rows = (0..<50).map { "\($0 * 7 % 11).5,\($0 * 3).25" }.joined(separator: "\n")
    let dataset = try Dataset.load(.csv(path("a,price\n" + rows)))
    let targets = try #require(dataset.train.targets).elements
    #expect(targets.count == 40 && dataset.classNames == [] && dataset.train.labels == [])
    let mean = targets.reduce(0, +) / 40
    let square = targets.reduce(0) { $0 + $1 * $1 } / 40
    #expect(abs(mean) < 1e-6 && abs(square - 1) < 1e-5)
    let label = try #require(dataset.preparation?.label)
    let prices = Set((0..<50).map { Float($0 * 3) + 0.25 })
    #expect(
      targets.allSatisfy { prices.contains((label.targets[0].value(of: $0) * 4).rounded() / 4) })
  }

  @Test func severalTargetsHaveAScaleEach() throws {
    let rows = (0..<50).map { "\($0 * 7 % 11).5,\($0 * 3).25,\(1000 - $0 * $0)" }
    let text = "a,price,rent\n" + rows.joined(separator: "\n")
    for labels in [["price,rent"], ["price", "rent"], ["2,3"], ["PRICE", "3"]] {
      let dataset = try Dataset.load(.csv(path(text)), table: TableSettings(labels: labels))
      let label = try #require(dataset.label)
      #expect(label.task == .regression && label.targets.map(\.name) == ["price", "rent"])
      #expect(dataset.preparation?.columns.map(\.name) == ["a"])
      let targets = try #require(dataset.train.targets)
      #expect(targets.shape == [40, 2])
      for column in 0..<2 {
        let values = (0..<40).map { targets[$0, column] }
        #expect(abs(values.reduce(0, +) / 40) < 1e-6)
        #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 40 - 1) < 1e-5)
      }
      let prices = Set((0..<50).map { Float($0 * 3) + 0.25 })
      let values = label.values(of: targets)
      #expect((0..<40).allSatisfy { prices.contains((values[$0, 0] * 4).rounded() / 4) })
    }
  }

  /// A model that is trained further takes other tables as the one that it has learned from.
  @Test func whatWasLearnedIsKept() throws {
    let first = try learned(Self.mixed)
    let second = try Table(
      contentsOf: path(Self.mixed.replacing("\n", with: "\n") + "\n", "second.csv"), for: first)
    let dataset = try Dataset(of: second, keeping: first)
    #expect(dataset.preparation?.columns == first.columns)
    #expect(dataset.preparation?.scale == first.scale)
    #expect(dataset.preparation?.source.checksum != first.source.checksum)
    // Of the file that it has learned from, the same rows are held out, whatever is asked for.
    let whole = try Dataset.load(.csv(path(Self.mixed)), table: TableSettings(seed: 3))
    let known = try #require(whole.preparation)
    let same = try Dataset(
      of: Table(contentsOf: path(Self.mixed), for: known), TableSettings(seed: 4), keeping: known)
    #expect(same.test.checksum == whole.test.checksum)
  }

  // MARK: The split

  @Test func splitIsSeededAndStratified() throws {
    let rows = (0..<100).map { "\($0 * 7 % 11).5,\($0 < 80 ? "a" : "b")" }.joined(separator: "\n")
    let path = try path("a,label\n" + rows)
    let sets = try [1, 1, 2].map { try Dataset.load(.csv(path), table: TableSettings(seed: $0)) }
    for set in sets {
      #expect(set.test.labels.count { $0 == 0 } == 16 && set.test.labels.count { $0 == 1 } == 4)
    }
    #expect(sets[0].test.images.values?.elements == sets[1].test.images.values?.elements)
    #expect(sets[0].test.images.values?.elements != sets[2].test.images.values?.elements)
  }

  @Test func oneRowOfEachClassIsTrainedOn() throws {
    let rows = (0..<40).map { "\($0 * 7 % 11).5,c\($0)" } + (0..<10).map { "\($0).5,d" }
    let dataset = try Dataset.load(.csv(path("a,label\n" + rows.joined(separator: "\n"))))
    #expect(Set(dataset.train.labels).count == 41)
    #expect(dataset.train.labels.count { dataset.classNames[$0] == "d" } >= 7)
  }

  @Test func testFileIsTakenWhole() throws {
    let rows = (0..<20).map { "\($0 * 7 % 11).5,\($0 % 2 == 0 ? "a" : "b")" }.joined(
      separator: "\n")
    let test = try path("label,x\nb,1\nb,2\nb,3\n", "test.csv")
    let dataset = try Dataset.load(
      .csv(path("x,label\n" + rows)), table: TableSettings(testFile: test))
    #expect(dataset.train.count == 20 && dataset.test.labels == [1, 1, 1])
    let other = try path("label,x\nb,1\nc,2\nc,3\n", "test.csv")
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.csv(path("x,label\n" + rows)), table: TableSettings(testFile: other))
    }
    #expect(
      error?.description
        == "\(other): line 3: the model tells a, b apart, column 'label' also has c")
  }

  // MARK: What is refused

  @Test(
    arguments: [
      (
        "a,b,label\n1,2,x\n1,oops,y\n3,inf,x\n4,1,y\n5,2,x\n",
        "line 3: expected a finite number in column 'b', found 'oops' and 1 more like it; correct it, "
          + "or leave the column out: --ignore b"
      ),
      (
        "a,label\n1,x\n2,y\n1e39,x\n",
        "line 4: expected a finite number in column 'a', found '1e39'; correct it, or leave the column "
          + "out: --ignore a"
      ),
      (
        "a,b,label\n1,0x10,x\n2,3,y\n4,5,y\n",
        "line 2: expected a finite number in column 'b', found '0x10'; correct it, or leave the column "
          + "out: --ignore b"
      ),
      (
        "a,day,label\n1,2024-01-02,x\n2,2024-01-03,y\n",
        "line 2: expected numbers or categories in column 'day', found '2024-01-02'; dates can't be "
          + "learned from: --ignore day"
      ),
      (
        "a,label\n1,\n2,?\n",
        "line 2: expected a label in column 'label', found none and 1 more like it; remove the rows "
          + "without one"
      ),
      ("label\n1\n2\n", "expected two columns or more, found none beside the label to learn from"),
      (
        "a,label\n1,x\n",
        "1 rows leave 1 to train on and 0 to test with; --test-split R holds out another part, "
          + "--test FILE tests with another file"
      ),
    ])
  func wrongTableIsRefused(text: String, problem: String) throws {
    let path = try path(text)
    let error = #expect(throws: DatasetError.self) { try Dataset.load(.csv(path)) }
    #expect(error?.description == "\(path): \(problem)")
    #expect(try findings(text).problem?.problem == problem)
  }

  @Test func missingValuesAreRefusedOnDemand() throws {
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(
        .csv(path("a,label\n1,x\n,y\n3,x\nNA,y\n")), table: TableSettings(missing: .refuse))
    }
    #expect(
      error?.problem
        == "line 3: expected a value in column 'a', found none and 1 more like it; --missing mean "
        + "takes the mean in its place")
    let labels = try findings("a,label\n1,x\n2,\n3,y\n", TableSettings(missing: .refuse))
    #expect(
      labels.problem?.problem
        == "line 3: expected a label in column 'label', found none; remove the rows without one")
  }

  /// Rows without a label are neither trained on nor tested with, which is said.
  @Test(arguments: ["x,y", "1.5,2.25"])
  func rowsWithoutLabelsAreLeftOut(labels: String) throws {
    let values: [String] = labels.split(separator: ",").map(String.init) + ["", "?"]
    let rows = (0..<100).map { "\($0 * 7 % 11).5,\(values[$0 % 4])" }.joined(separator: "\n")
    let path = try path("a,label\n" + rows)
    let dataset = try Dataset.load(.csv(path))
    #expect(dataset.train.count + dataset.test.count == 50 && dataset.test.count > 5)
    #expect(
      dataset.findings?.warnings == [
        "50 of 100 rows are left out, since they have no label in column 'label'; --missing refuse "
          + "refuses them"
      ])
    let preparation = try #require(dataset.preparation)
    let again = try preparation.labelled(Table(contentsOf: path, for: preparation))
    #expect(again.count == dataset.test.count)
  }

  @Test func labelThatIsTooLongIsRefused() throws {
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(
        .csv(path("a,label\n1,x\n2,\(String(repeating: "y", count: 2000))\n")))
    }
    #expect(
      error?.problem
        == "line 3: expected a label of at most 1000 bytes in column 'label', found one of 2000")
  }

  // MARK: The value itself

  @Test func preparationIsData() throws {
    let preparation = try learned(Self.mixed)
    let data = try JSONEncoder().encode(preparation)
    #expect(try JSONDecoder().decode(Preparation.self, from: data) == preparation)
  }

  /// Of the file that was learned from, the rows held out; of another, all.
  @Test func rowsToScoreAreThoseHeldOut() throws {
    let rows = (0..<50).map { "\($0 * 7 % 11).5,\($0 % 2)" }.joined(separator: "\n")
    let text = "a,label\n" + rows
    let dataset = try Dataset.load(.csv(path(text)))
    let preparation = try #require(dataset.preparation)
    let same = try Table(contentsOf: folder.path + "/data.csv", for: preparation)
    let scored = try preparation.labelled(same)
    #expect(scored.images.values?.elements == dataset.test.images.values?.elements)
    #expect(scored.labels == dataset.test.labels && preparation.isHeldOut(of: same))
    let other = try Table(contentsOf: path(text + "\n", "other.csv"), for: preparation)
    #expect(try preparation.labelled(other).count == 50 && !preparation.isHeldOut(of: other))
  }
}
