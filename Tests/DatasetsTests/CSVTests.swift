import Datasets
import FileTestSupport
import Testing

struct CSVTests {
  private func load(_ text: String) throws -> (path: String, set: Result<Dataset, any Error>) {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: "data.CSV")
    return (path, Result { try Dataset.load(DatasetSource(parsing: path)) })
  }

  private static let rows = "1,2,b\n3,4,a\n5,6,b\n7,8,a\n9,10,c\n11,12,b"

  private func check(_ text: String) throws {
    let (path, result) = try load(text)
    let set = try result.get()
    #expect(set.name == path)
    #expect(set.classNames == ["a", "b", "c"])
    #expect(set.train.images.values?.elements == [1, 2, 3, 4, 5, 6, 7, 8, 11, 12])
    #expect(set.train.images.values?.shape == [5, 2])
    #expect(set.train.labels == [1, 0, 1, 0, 1])
    #expect(set.test.images.values?.elements == [9, 10])
    #expect(set.test.labels == [2])
  }

  @Test(
    "a header or none, line breaks of all kinds, a mark, blanks and quotes",
    arguments: [
      rows, rows + "\n", "x,y,kind\n" + rows, "\u{FEFF}x,y,kind\n" + rows,
      rows.replacing("\n", with: "\r\n") + "\r\n", rows.replacing(",", with: " ,\t"),
      rows.replacing("\n", with: "\r"), "x,y,kind\r" + rows.replacing("\n", with: "\r") + "\r",
      "\"a \"\"b\"\", or\nc\",y,\"label\"\r\n" + rows, rows.replacing("a", with: "\"a\""),
      rows.replacing("b\n", with: "\"b\"\r\n"), "0,1,Label\n" + rows,
      rows.replacing("1,2", with: "1.0,+2e0").replacing("3", with: ".3E1"),
    ])
  func forms(text: String) throws { try check(text) }

  @Test func labelsMayStandAnywhereUnderTheirName() throws {
    try check("x,LABEL,y\n1,b,2\n3,a,4\n5,b,6\n7,a,8\n9,c,10\n11,b,12\n")
    try check("label,0,1\nb,1,2\na,3,4\nb,5,6\na,7,8\nc,9,10\nb,11,12\n")
  }

  @Test func integersAsLabelsAreOrderedAsNumbers() throws {
    let set = try load("1,10\n1,9\n1,-1\n1,9\n1,2\n").set.get()
    #expect(set.classNames == ["-1", "2", "9", "10"])
    #expect(set.train.labels == [3, 2, 0, 2] && set.test.labels == [1])
  }

  @Test func labelsInQuotesMayHoldAnything() throws {
    let set = try load("1,\"a,\"\"b\"\"\n c\"\n1,é\n1,é\n1,é\n1,é\n").set.get()
    #expect(set.classNames == ["a,\"b\"\n c", "é"])
  }

  @Test(
    arguments: [
      ("", "expected rows of numbers and a label, found an empty file"),
      ("1\n2\n", "line 1: expected two columns or more, found 1"),
      ("x,label\n", "expected 5 samples or more, found 0"),
      ("1,a\n2,a\n3,a\n4,a\n", "expected 5 samples or more, found 4"),
      ("1,2,a\n3,a\n", "line 2: expected 3 fields, found 2"),
      ("1,2,a\n3,4,a,\n", "line 2: expected 3 fields, found 4"),
      ("1,2,a\n\n3,4,a\n", "line 2: expected 3 fields, found 1"),
      (
        "x,y,z\r\n1,2,a\r\n1,nan,a\r\n", "line 3: expected a finite number in column 2, found 'nan'"
      ),
      ("1,a\ninf,a\n", "line 2: expected a finite number in column 1, found 'inf'"),
      ("1,a\n1e39,a\n", "line 2: expected a finite number in column 1, found '1e39'"),
      ("1,a\n0x10,a\n", "line 2: expected a finite number in column 1, found '0x10'"),
      ("1,a\n,a\n", "line 2: expected a finite number in column 1, found ''"),
      ("1,a\n1 2,a\n", "line 2: expected a finite number in column 1, found '1 2'"),
      ("1,a\n1,\n", "line 2: expected a label, found none"),
      ("1,a\n12\u{0}345.5,a\n", "line 2: expected text in column 1, found a null byte"),
      ("1,2,a\n1,\"12\u{0}\",a\n", "line 2: expected text in column 2, found a null byte"),
      ("1,a\u{0}\n", "line 1: expected text in column 2, found a null byte"),
      ("1,2,a\n\u{0}", "line 2: expected text in column 1, found a null byte"),
      ("\"x\ny\",\"z\"\n1,a\n?,a\n", "line 4: expected a finite number in column 1, found '?'"),
      ("1,\"a\n\n\n", "line 1: expected a closing quote, found the end of the file"),
      ("1,a\n2,\"a\"b\n", "line 2: expected a comma behind a closing quote, found something else"),
      ("1,a\n2,a\"b\"\n", "line 2: expected quotes around a whole field, found one within"),
    ])
  func wrongFileIsRefused(text: String, problem: String) throws {
    try expectProblem(text, problem)
  }

  private func expectProblem(_ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: "data.csv")
    let error = expectRefusal(of: path, by: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: path))
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(problem)")
  }

  private static let million = 1_000_000

  /// Texts by their names, which would be large in a test's name.
  private static let large: KeyValuePairs<String, (text: String, problem: String)> = [
    "a million commas": (
      String(repeating: ",", count: million),
      "line 1: expected at most 100000 fields in a file of its size, found more"
    ),
    "a million commas in a later row": (
      "1,a\n" + String(repeating: "1,", count: million / 2),
      "line 2: expected at most 100000 fields in a file of its size, found more"
    ),
    "as many fields as there may be": (
      String(repeating: "1,", count: 99_999) + "1\n" + String(repeating: ",", count: 800_000),
      "line 2: expected at most 100000 fields in a file of its size, found more"
    ),
    "a million line breaks": (
      String(repeating: "\n", count: million), "line 1: expected two columns or more, found 1"
    ),
    "a line without an end": (
      String(repeating: "1", count: million), "line 1: expected two columns or more, found 1"
    ),
    "a number without an end": (
      "1,a\n" + String(repeating: "1", count: million) + ",a",
      "line 2: expected a finite number in column 1, found '\(String(repeating: "1", count: 40))'"
    ),
    "a quote without an end": (
      "\"" + String(repeating: "a", count: million),
      "line 1: expected a closing quote, found the end of the file"
    ),
    "quotes alone": (
      String(repeating: "\"", count: million), "line 1: expected two columns or more, found 1"
    ),
    "a label without an end": (
      "1," + String(repeating: "a", count: million),
      "line 1: expected a label of at most 1000 bytes in column 2, found one of 1000000"
    ),
    "wrong after many rows": (
      String(repeating: "1,a\n", count: million / 4) + "1",
      "line 250001: expected 2 fields, found 1"
    ),
    "wrong after many labels": (
      (0..<million / 8).map { "1,\(100_000 + $0)\n" }.joined() + "1",
      "line 125001: expected 2 fields, found 1"
    ),
  ]

  @Test(arguments: large.map(\.key))
  func largeFileIsRefusedWithinItsSize(name: String) throws {
    let (text, problem) = try #require(Self.large.first { $0.key == name }?.value)
    try expectProblem(text, problem)
  }

  @Test func textInAnotherEncodingIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0x31, 0x2C, 0xFC, 0x0A], to: "data.csv")
    let error = expectRefusal(of: path, by: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: path))
    }
    #expect(error?.description == "\(path): expected text in UTF-8, found other bytes")
  }
}
