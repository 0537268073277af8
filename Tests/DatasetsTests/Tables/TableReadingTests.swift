import CLibdeflate
import Datasets
import FileTestSupport
import Foundation
import Tensors
import Testing

/// What is read of a text, whatever it becomes later.
struct TableReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func table(
    _ bytes: [UInt8], _ options: TableOptions = TableOptions(), name: String = "data.csv"
  ) throws -> Table {
    try Table(contentsOf: folder.write(bytes, to: name), options)
  }

  private func table(_ text: String, _ options: TableOptions = TableOptions()) throws -> Table {
    try table(Array(text.utf8), options)
  }

  private func values(_ table: Table) -> [[String?]] {
    (0..<table.rowCount).map { row in table.columns.map { table.text(row, of: $0) } }
  }

  private static let rows = "1,2.5,b\n3,4,a\n5,6,b\n7,8,a\n9,10,c\n11,-12,b"
  private static let expected = [
    ["1", "2.5", "b"], ["3", "4", "a"], ["5", "6", "b"], ["7", "8", "a"], ["9", "10", "c"],
    ["11", "-12", "b"],
  ]

  private func check(
    _ table: Table, names: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(table.columns.map(\.name) == names, sourceLocation: sourceLocation)
    #expect(values(table) == Self.expected, sourceLocation: sourceLocation)
    #expect(
      table.columns.map(\.kind) == [.number, .number, .category], sourceLocation: sourceLocation)
  }

  @Test(
    "line breaks of all kinds, blanks, quotes, separators at the end, comments",
    arguments: [
      rows, rows + "\n", rows.replacing("\n", with: "\r\n") + "\r\n",
      rows.replacing("\n", with: "\r"), rows.replacing(",", with: " ,\t"),
      rows.replacing("a", with: "\"a\""), rows.replacing("b\n", with: "\"b\"\r\n"),
      rows.replacing("1,2.5", with: "1.0,+25e-1").replacing("3", with: ".3E1"),
      "\n\n" + rows.replacing("\n", with: "\n\n") + "\n   \n",
      rows.replacing("\n", with: ",\n") + ",", rows.replacing("3,4,a", with: "3,4,a,"),
      rows.replacing(",", with: ";"), rows.replacing(",", with: "\t"),
      rows.replacing(",", with: "|"), rows.replacing(",", with: " "),
      "  " + rows.replacing(",", with: "   ").replacing("\n", with: "  \n "),
      "# made by numpy, 2024\n" + rows + "\n# the end\n", rows.replacing(",", with: ", "),
      rows.replacing(",", with: ";").replacing(".", with: ","),
      rows.replacing(",", with: "\t").replacing(".", with: ","),
      rows.replacing("1,2.5", with: "\"1\", \"2.5\""),
    ])
  func forms(text: String) throws {
    check(try table(text), names: ["1", "2", "3"])
    check(try table("\u{FEFF}" + text), names: ["1", "2", "3"])
  }

  @Test(
    "headers",
    arguments: [
      ("x,y,kind", ["x", "y", "kind"]), ("0,1,Label", ["0", "1", "Label"]),
      ("0,1,2", ["0", "1", "2"]), ("2019,2020,2021", ["2019", "2020", "2021"]),
      ("# x,y,kind", ["x", "y", "kind"]), ("#x, y, kind", ["x", "y", "kind"]),
      ("x,y,kind,", ["x", "y", "kind"]), ("y,kind", ["", "y", "kind"]),
      ("\"a \"\"b\"\", or\nc\",y,\"label\"", ["a \"b\", or\nc", "y", "label"]),
      ("x,x,x", ["x", "x.1", "x.2"]), ("#,y,kind", ["#", "y", "kind"]),
    ])
  func headers(header: String, names: [String]) throws {
    check(try table(header + "\n" + Self.rows), names: names)
    check(try table("\u{FEFF}" + header + "\r\n" + Self.rows), names: names)
  }

  /// Numbers that name columns: years, steps, many in order.
  @Test(
    arguments: [
      ("country,1990,1995,2000", "a,3.5,4,1\nb,2,1.5,7\nc,8,8,1.25\n"),
      ("country,2020,2019", "a,3.5,4\nb,2,1.5\n"),
      ("400,405,410,415,grade", "0.5,0.25,0.1,0.75,1\n0.5,0.5,0.1,0.25,0\n"),
      ("kind,0.5,0.7,1.1,2,2.5,3,7,9", "a,1,2,1,1,3,4,5,5\nb,1,1,3,1,5,4,2,5\nc,9,8,7,6,7,8,9,1\n"),
    ])
  func headersOfNumbers(header: String, rows: String) throws {
    let found = try table(header + "\n" + rows)
    #expect(found.columns.map(\.name) == header.split(separator: ",").map(String.init))
    let asked = try table(header + "\n" + rows, TableOptions(hasHeader: false))
    #expect(asked.rowCount == found.rowCount + 1 && asked.columns[0].name == "1")
  }

  /// Rows below are in order too, or the first is so by chance.
  @Test(arguments: [
    "a,1990,1995,2000\nb,1991,1996,2001\nc,1985,1995,2004\n", "a,1,5,7\nb,3,2,9\nc,4,4,1\n",
    "1,2,4,9,12,20,31,40\n3,4,6,7,8,9,10,11\n0,1,5,6,7,8,19,20\n", "a,1850.5,1900.5\nb,7,8\n",
    "a,400,405,410,415\nb,1,2,3,4\nc,7,8,9,10\n", "1,2,3\n",
  ])
  func noHeaderOfNumbers(text: String) throws {
    let table = try table(text)
    #expect(table.columns[0].name == "1")
    #expect(table.rowCount == text.split(separator: "\n").count)
  }

  /// Without a header all texts come up again, and numbers do not only count the columns.
  @Test(arguments: [
    "p,x,s\ne,x,y\np,b,s\ne,b,y\n", "1,2,3\n2,3,4\n3,4,5\n", "1,2,a\n3,4,b\n", "5.1,3.5,setosa\n",
  ])
  func noHeader(text: String) throws {
    #expect(try table(text).columns.map(\.name) == ["1", "2", "3"])
    let asked = try table(text, TableOptions(hasHeader: true))
    let first = text.split(separator: "\n")[0].split(separator: ",").map(String.init)
    #expect(asked.columns.map(\.name) == first)
    #expect(asked.rowCount == text.split(separator: "\n").count - 1)
  }

  @Test func unicodeAndArchives() throws {
    let text = "x,y,Größe\n" + Self.rows
    let units = Array(text.utf16)
    let little = units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    let plain = Array(text.utf8)
    for (index, bytes) in [plain, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big, gzip(plain)]
      .enumerated()
    {
      for name in ["\(index).csv", "\(index).tsv", "\(index).txt", "\(index).csv.gz"] {
        check(try table(bytes, name: name), names: ["x", "y", "Größe"])
        let path = folder.path + "/" + name
        #expect(try DatasetSource(parsing: path) == .csv(path))
      }
    }
    let unmarked = Array(("x,y,label\n" + Self.rows).utf16).flatMap { [UInt8($0 & 255), 0] }
    check(try table(unmarked), names: ["x", "y", "label"])
  }

  /// One block of a text ends within a quoted field, and rows keep their order.
  @Test func largeTextsAreReadInBlocks() throws {
    var rows: [String] = []
    for row in 0..<200_000 {
      rows.append("\(row % 251),\(Double(row) / 8),\"line \(row % 7)\nwith, comma\"")
    }
    let table = try table("a,b,c\n" + rows.joined(separator: "\n"))
    #expect(table.rowCount == rows.count)
    for row in stride(from: 0, to: rows.count, by: 997) {
      #expect(table.text(row, of: table.columns[0]) == "\(row % 251)")
      #expect(table.text(row, of: table.columns[2]) == "line \(row % 7)\nwith, comma")
    }
    // A quote in a comment turns what is inside and outside of quotes.
    let odd = try self.table("# 5\" long\na,b,c\n" + rows.joined(separator: "\n"))
    #expect(odd.rowCount == rows.count)
    #expect(odd.text(199_999, of: odd.columns[2]) == "line 2\nwith, comma")
  }

  /// The first rows of each block show bytes, and later ones something else; there are fewer rows than
  /// lines.
  @Test(arguments: ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n"])
  func laterRowsMayBeOfAnotherKind(lineBreak: String) throws {
    func row(_ row: Int) -> [String] {
      let isOdd = row == 123_456
      return [
        "\(row % 256)", isOdd ? "256" : "7", isOdd ? "" : "8", isOdd ? "x" : "9",
        isOdd ? "yes" : "",
        "\(row)", isOdd ? "7.0" : "7", isOdd ? "-1" : "3.5", "t\(row % 3)",
      ]
    }
    let text = (0..<150_000).map { row($0).joined(separator: ",") }.joined(separator: lineBreak)
    let table = try table(text, TableOptions(hasHeader: false))
    #expect(table.rowCount == 150_000)
    #expect(
      table.columns.map(\.kind)
        == [.number, .number, .number, .number, .boolean, .number, .number, .number, .category])
    #expect(table.columns.map(\.missing) == [0, 0, 1, 0, 149_999, 0, 0, 0, 0])
    for index in [0, 1, 255, 256, 70_001, 123_455, 123_456, 123_457, 149_999] {
      let expected = row(index).map { $0 == "" ? nil : $0 == "7.0" ? "7" : $0 }
      #expect(table.columns.map { table.text(index, of: $0) } == expected, "row \(index)")
    }
  }

  /// It is that of gzip, whatever threads read.
  @Test func checksumIsThatOfTheWholeFile() throws {
    let bytes = Array((0..<900_000).map { "\($0 / 3),\($0 % 7)\n" }.joined().utf8)
    let table = try table(bytes)
    let preparation = try Preparation(learnedFrom: table, TableSettings(labels: ["2"]))
    let expected = bytes.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
    #expect(bytes.count > 3 << 21 && preparation.source.checksum == expected)
  }

  // MARK: Numbers

  /// What the first rows do not show is found in the later ones.
  @Test(
    arguments: [
      ("1;a\n", "3,5;b\n", "3.5"), ("1\ta\n", "0,125\tb\n3,5\tb\n", "0.125"),
      ("1,234;7;a\n", "3.5;7;b\n", "3.5"), ("1|a\n", "3.5|b\n", "3.5"),
    ])
  func decimalMarksOfLaterRowsAreFound(first: String, later: String, value: String) throws {
    let table = try table(String(repeating: first, count: 100) + later)
    #expect(table.columns[0].kind == .number)
    #expect(table.text(100, of: table.columns[0]) == value)
  }

  /// Both marks in one column, or one that was not asked for: it is said.
  @Test func otherDecimalMarksAreTold() throws {
    let mixed = try table(
      String(repeating: "1;a\n", count: 100) + "2.5;a\n3,5;a\n4.5;b\n",
      TableOptions(hasHeader: false))
    #expect(mixed.text(100, of: mixed.columns[0]) == "2.5")
    let problem = Dataset.findings(of: mixed, TableSettings(labels: ["2"])).problem
    #expect(problem?.description.contains("found '3,5'") == true)
    let rows = "1;a\n2,5;b\n3,5;a\n4,5;b\n"
    let asked = try table(
      rows, TableOptions(separator: .semicolon, decimal: .point, hasHeader: false))
    #expect(
      Dataset.findings(of: asked, TableSettings(labels: ["2"])).warnings.contains(
        "column '1': '2,5' is a text, and a number only with ',' before the decimals; --decimal ,"))
    let quoted = try table(
      rows.replacing(/\d,\d/) { "\"\($0.output)\"" }.replacing(";", with: ","),
      TableOptions(hasHeader: false))
    #expect(
      Dataset.findings(of: quoted, TableSettings(labels: ["2"])).warnings.contains {
        $0.hasSuffix("a file with other separators can have such decimals")
      })
  }

  /// To the nearest Float, as the C library rounds.
  @Test func numbersAreExact() throws {
    var generator = RandomGenerator(seed: 5)
    var texts = [
      "0", "-0", "1", "255", "256", "16777217", "16777219", "0.1", "1e-45", "3.4028235e38", "1e-50",
      "8388608.5", "8388609.5", "9007199254740993", "0.000000059604644775390625",
      "1.00000005960464477539062500000000001", "1.000000059604644775390625",
      "123456789012345678901234",
      "340282346638528859811704183484516925440", "1.17549435e-38", "1.1754942e-38", "00012.50",
      "1e19", "9.999999999999999999e19", "1e20", "3.4e38", "1e-22", "1234567890123456789e-22",
      "1e-23", "1e-37", "1e-38",
      "1234567890123456789e-37", "9.999999999999999999e-20", "1.000000000000000000e-05",
      "12345678", "123456789", "12345678.12345678", "1234567812345678", "0.00000000", "1E5",
      "1e+05",
      "7e-0", "0e0", "1e00001", "1e000000",
    ]
    for _ in 0..<20_000 {
      let bits = UInt32(truncatingIfNeeded: generator.next())
      let value = Float(bitPattern: bits)
      if value.isFinite { texts.append("\(value)") }
      let digits = Int(generator.next() % 19) + 1
      let text = (0..<digits).map { _ in String(generator.next() % 10) }.joined()
      texts.append(text)
      texts.append("\(text.prefix(digits / 2)).\(text.suffix(digits - digits / 2))")
      if value.isFinite { texts.append(String(format: "%.18e", value)) }
      // Close to the middle between two Floats.
      let middle = (Double(value.magnitude) + Double(value.magnitude.nextUp)) / 2
      if middle.isFinite && middle > 1e-9 && middle < 1e9 {
        texts.append(String(format: "%.17g", middle))
      }
    }
    let table = try table(
      texts.map { $0 + ",a" }.joined(separator: "\n"), TableOptions(hasHeader: false))
    let numbers = try samples(of: table, label: "2")
    for (row, text) in texts.enumerated() {
      #expect(numbers[row].bitPattern == Float(text)?.bitPattern, "\(text)")
    }
  }

  /// As NumPy writes them; bytes are bytes in any form.
  @Test func wholeNumbersAreBytesInAnyForm() throws {
    let forms = ["255", "255.0", "2.550000000000000000e+02", "2550e-1", "25.5E1", "0.255e3"]
    let zeros = ["0", "0.0", "0.000000000000000000e+00", "0e5", "0e-9", "00"]
    let rows = (forms + zeros).map { Array(repeating: $0, count: 64).joined(separator: ",") + ",a" }
    let table = try table(rows.joined(separator: "\n"), TableOptions(hasHeader: false))
    let settings = TableSettings(labels: ["65"], testFile: "none")
    let preparation = try Preparation(learnedFrom: table, settings)
    let pixels = Array(try preparation.samples(of: table).pixels)
    #expect(pixels == [UInt8](repeating: 255, count: 6 * 64) + [UInt8](repeating: 0, count: 6 * 64))
    for other in ["256", "-1", "2.55", "0.5", "25500e-3", "1e3", "-0"] {
      let table = try self.table(
        (rows + [rows[0].replacing("255", with: other)]).joined(separator: "\n"),
        TableOptions(hasHeader: false))
      #expect(
        try Preparation(learnedFrom: table, settings).samples(of: table).values != nil, "\(other)")
    }
  }

  private func samples(of table: Table, label: String) throws -> [Float] {
    let settings = TableSettings(labels: [label], scale: Preparation.Scale.none, testFile: "none")
    let preparation = try Preparation(learnedFrom: table, settings)
    return try preparation.samples(of: table).values?.elements ?? []
  }

  @Test(
    arguments: [
      ("1,234;a", ".", 1234), ("\"1,234,567.5\";a", ".", 1_234_567.5), ("1.234,5;a", ",", 1234.5),
      ("12.5%;a", ".", 12.5), ("12.5 %;a", ".", 12.5), ("1 234 567;a", ".", 1_234_567),
      ("1'234.25;a", ".", 1234.25), ("1\u{A0}234;a", ".", 1234), ("1\u{202F}234,5;a", ",", 1234.5),
      ("-1,234;a", ".", -1234), ("+7;a", ".", 7), (".5;a", ".", 0.5), ("5.;a", ".", 5),
      ("-.5e1;a", ".", -5),
    ] as [(String, String, Float)])
  func numbersAsPeopleWriteThem(row: String, decimal: String, value: Float) throws {
    let options = TableOptions(
      separator: .semicolon, decimal: .init(rawValue: decimal), hasHeader: false)
    let text = (0..<4).map { "\(row.replacing(";a", with: ";\($0)x"))" }.joined(separator: "\n")
    let table = try table(text + "\n2;y\n", options)
    #expect(table.columns[0].kind == .number)
    #expect(try samples(of: table, label: "2") == [value, value, value, value, 2])
  }

  // MARK: Kinds

  @Test func kindsAreFound() throws {
    let table = try table(
      """
      number,boolean,category,day,time,empty,gone
      1,true,red,2024-01-31,12:30,,5
      NA,False,blue,2024-02-01 12:00:05,12:45:10,,n/a
      3.5,TRUE,?,31/12/2024,1:05,NaN,7
      4,no,red,5 Jan 2024,2:05,,
      """)
    #expect(
      table.columns.map(\.kind) == [.number, .boolean, .category, .date, .date, .empty, .number])
    #expect(table.columns.map(\.missing) == [1, 0, 1, 0, 0, 4, 2])
    #expect(table.text(2, of: table.columns[2]) == nil)
    #expect(table.text(1, of: table.columns[0]) == nil)
  }

  // MARK: What is wrong

  @Test(
    arguments: [
      ("", "expected rows of values, found an empty file"),
      ("1,2,a\n3,a\n", "line 2: expected 3 fields, found 2"),
      ("x,y,z\n1,2,a\n3,4,a,5\n", "line 3: expected 3 fields, found 4"),
      ("1,a\n12\u{0}345.5,a\n", "line 2: expected text, found a null byte"),
      ("1,2,a\n1,\"12\u{0}\",a\n", "line 2: expected text, found a null byte"),
      ("x\u{0},y\n1,2\n", "line 1: expected text, found a null byte"),
      ("1,2,a\n\u{0}", "line 2: expected text, found a null byte"),
      ("1,\"a\n\n\n", "line 1: expected a closing quote, found the end of the file"),
      (
        "1,a\n2,\"a\"b\n",
        "line 2: expected a separator behind a closing quote, found something else"
      ),
      ("1,a\n2,a\"b\"\n", "line 2: expected quotes around a whole field, found one within"),
      (
        "x,y,z,w\n1,2,3\n1,2,3\n",
        "expected as many names in the header as fields in a row, 3, found 4"
      ),
      (
        "1,2,a\r\n\r\n3,4,a\r\n5,a\r\n", "line 4: expected 3 fields, found 2"
      ),
    ])
  func wrongTextIsRefused(text: String, problem: String) throws {
    try expectProblem(Array(text.utf8), problem)
  }

  private func expectProblem(_ bytes: [UInt8], _ problem: String) throws {
    let path = try folder.write(bytes, to: "data.csv")
    let error = expectRefusal(of: path, by: DatasetError.self) { try Table(contentsOf: path) }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(problem)")
  }

  @Test func textInAnotherEncodingIsRefused() throws {
    let problem =
      "expected text in UTF-8, as `iconv -f WINDOWS-1252 -t UTF-8` makes it of that of Excel, "
      + "found other bytes"
    try expectProblem([0x31, 0x2C, 0x61, 0x0A, 0x31, 0x2C, 0xFC, 0x0A], "line 2: \(problem)")
    try expectProblem([0xFC, 0x2C, 0x61, 0x0A, 0x31, 0x2C, 0x62, 0x0A], "line 1: \(problem)")
  }

  private static let million = 1_000_000

  /// Texts by their names, which would be large in a test's name.
  private static let large: KeyValuePairs<String, (text: String, problem: String)> = [
    "a million commas": (
      "1" + String(repeating: ",", count: million),
      "line 1: expected at most 100000 fields in a file of its size, found more"
    ),
    "a million commas in a later row": (
      "1,a\n" + String(repeating: "1,", count: million / 2),
      "line 2: expected at most 100000 fields in a file of its size, found more"
    ),
    "a million commas behind many rows": (
      String(repeating: "1,a\n", count: 1000) + String(repeating: "1,", count: million / 2),
      "line 1001: expected 2 fields, found 500001"
    ),
    "a million line breaks": (
      String(repeating: "\n", count: million), "expected rows of values, found an empty file"
    ),
    "a quote without an end": (
      "\"" + String(repeating: "a", count: million),
      "line 1: expected a closing quote, found the end of the file"
    ),
    "wrong after many rows": (
      String(repeating: "1,a\n", count: million) + "1",
      "line 1000001: expected 2 fields, found 1"
    ),
    "wrong after many texts": (
      (0..<million / 8).map { "1,\(100_000 + $0)x\n" }.joined() + "1",
      "line 125001: expected 2 fields, found 1"
    ),
    "wrong in the first of many blocks": (
      "1,a\n1\n" + String(repeating: "1,\"a\"\n", count: million) + "1",
      "line 2: expected 2 fields, found 1"
    ),
  ]

  @Test(arguments: large.map(\.key))
  func largeTextIsRefusedWithinItsSize(name: String) throws {
    let (text, problem) = try #require(Self.large.first { $0.key == name }?.value)
    try expectProblem(Array(text.utf8), problem)
  }

  @Test func archivesThatAreCutAreRefused() throws {
    let path = try folder.write(gzip(Array(Self.rows.utf8)).dropLast(3), to: "data.csv.gz")
    let error = expectRefusal(of: path, by: DatasetError.self) { try Table(contentsOf: path) }
    #expect(error?.description.contains("expected a whole gzip archive") == true)
  }
}
