import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

struct HistoryFileTests {
  private struct Parameters: Encodable { let epochs = 2 }
  private struct Contents: Decodable {
    let history: [String: [Double?]]
    let params: [String: Int]
  }

  @Test func shapeIsThatOfKerasAndWhatIsNotFiniteIsNull() throws {
    let folder = try TemporaryFolder()
    let history = History(epochs: [
      EpochRecord(
        epoch: 1, values: [("loss", 0.5), ("accuracy", 0.75), ("val_loss", 1)], seconds: 0.25),
      EpochRecord(
        epoch: 2, values: [("loss", .nan), ("accuracy", 0), ("val_loss", -.infinity)],
        seconds: 0.5),
    ])
    try HistoryFile.write(history, parameters: Parameters(), to: folder["history.json"])
    let read = try JSONDecoder().decode(Contents.self, from: folder.bytes(of: "history.json"))
    #expect(
      read.history == [
        "loss": [0.5, nil], "accuracy": [0.75, 0], "val_loss": [1, nil], "seconds": [0.25, 0.5],
      ])
    #expect(read.params == ["epochs": 2])
    #expect(try folder.text(of: "history.json").hasSuffix("}\n"))
    #expect(folder.contents == ["history.json"])
  }

  @Test func settingThatJSONCannotHoldIsAnError() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelFileError.self) {
      try HistoryFile.write(History(), parameters: ["rate": Double.nan], to: folder["h.json"])
    }
    #expect(error?.description.hasPrefix("\(folder["h.json"]): a setting that JSON cannot") == true)
    #expect(folder.contents == [])
  }

  // MARK: Reading

  @Test func whatWasWrittenIsRead() throws {
    struct Parameters: Encodable {
      let rate = Float(0.01)
      let name = "a \"b\" 한글"
      let seed = UInt64(7)
      let isFinal = true
      let loss: Double? = nil
      let list = [1]
    }
    let folder = try TemporaryFolder()
    let history = History(epochs: [
      EpochRecord(
        epoch: 1,
        values: [("loss", 0.1), ("accuracy", 0.75), ("val_loss", .nan), ("val_accuracy", 1)],
        seconds: 0.25),
      EpochRecord(
        epoch: 2,
        values: [("loss", 1e-9), ("accuracy", 1), ("val_loss", 3), ("val_accuracy", 0)],
        seconds: 0.5),
    ])
    try HistoryFile.write(history, parameters: Parameters(), to: folder["history.json"])
    let run = try HistoryFile.read(folder["history.json"])
    #expect(run.history == history)
    #expect(
      run.parameters == [
        "rate": "0.01", "name": "a \"b\" 한글", "seed": "7", "isFinal": "true",
      ])
  }

  @Test(arguments: [
    #"{"loss": [1.5, NaN], "acc": [0, 1], "val_loss": [2, -Infinity], "val_acc": [1, 0]}"#,
    #"{"params": null, "history": {"val_acc": [1, 0], "val_loss": [2, -Infinity], "#
      + #""acc": [0, 1], "loss": [1.5, NaN]}, "epoch": [0, 1]}"#,
  ])
  func historyOfKerasIsRead(_ text: String) throws {
    let folder = try TemporaryFolder()
    let run = try HistoryFile.read(try folder.write(Array(text.utf8), to: "keras.json"))
    #expect(run.history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
    #expect(run.history.loss[0] == 1.5 && run.history.loss[1].isNaN)
    #expect(run.history.accuracy == [0, 1] && run.history.validationAccuracy == [1, 0])
    #expect(run.history.validationLoss == [2, -.infinity])
    #expect(run.history.seconds.map(\.isNaN) == [true, true] && run.parameters.isEmpty)
  }

  @Test(arguments: ["sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy"])
  func accuracyOfEachKindIsRead(name: String) throws {
    let folder = try TemporaryFolder()
    let text = #"{"loss": [1, 2], "\#(name)": [0.5, 1], "val_\#(name)": [0.25, 0]}"#
    let run = try HistoryFile.read(try folder.write(Array(text.utf8), to: "keras.json"))
    #expect(run.history.accuracy == [0.5, 1] && run.history.validationAccuracy == [0.25, 0])
    #expect(run.notes.isEmpty)
  }

  @Test(arguments: [(5, 2, [2, 4]), (6, 2, [3, 6]), (7, 3, [2, 4, 6]), (4, 1, [4])])
  func shorterValidationIsThatOfSomeEpochs(epochs: Int, values: Int, places: [Int]) throws {
    let folder = try TemporaryFolder()
    let text =
      #"{"loss": \#(Array(repeating: 1, count: epochs)), "val_loss": \#(Array(1...values))}"#
    let run = try HistoryFile.read(try folder.write(Array(text.utf8), to: "keras.json"))
    let found = run.history.validationLoss
    #expect(found.indices.filter { !found[$0].isNaN }.map { $0 + 1 } == places)
    #expect(found.filter { !$0.isNaN } == (1...values).map(Double.init))
    #expect(
      run.notes == ["val_loss: \(values) of \(epochs) epochs, taken as every \(places[0])th"])
  }

  @Test(arguments: [",", ";", "\t"])
  func logOfKerasIsRead(separator: String) throws {
    let folder = try TemporaryFolder()
    let lines = [
      ["epoch", "accuracy", "loss", "val_loss"], ["0", "0.5", "2.5", "NA"],
      ["1", "0.75", "1e-3", "3"], [], ["0", "1", "nan", ""],
    ]
    let text = lines.map { $0.joined(separator: separator) + "\r\n" }.joined()
    let run = try HistoryFile.read(try folder.write(Array(text.utf8), to: "log.csv"))
    #expect(run.history.accuracy == [0.5, 0.75, 1])
    #expect(run.history.loss.prefix(2) == [2.5, 1e-3] && run.history.loss[2].isNaN)
    #expect(run.history.validationLoss.map(\.isNaN) == [true, false, true])
  }

  @Test func ownLogIsRead() throws {
    let folder = try TemporaryFolder()
    let history = History(
      epochs: [EpochRecord(epoch: 1, values: [("loss", 0.5), ("val_loss", 2)], seconds: 1)])
    let path = try folder.write(Array(history.csv.utf8), to: "log.csv")
    #expect(try HistoryFile.read(path).history.epochs.map(\.values) == history.epochs.map(\.values))
  }

  /// The order of a file's names is not kept, so that each is read several times.
  @Test func fullNameGoesBeforeTheShortOne() throws {
    let folder = try TemporaryFolder()
    for (first, second) in [("acc", "accuracy"), ("accuracy", "acc")] {
      let text = #"{"loss": [1], "\#(first)": [\#(first.count)], "\#(second)": [\#(second.count)]}"#
      let path = try folder.write(Array(text.utf8), to: "keras.json")
      for _ in 0..<20 { #expect(try HistoryFile.read(path).history.accuracy == [8]) }
    }
  }

  @Test(arguments: [
    ("", "neither a JSON object nor the log of a CSVLogger, which has a column loss"),
    (
      "epoch,accuracy\n0,1\n",
      "neither a JSON object nor the log of a CSVLogger, which has a column loss"
    ),
    (
      "epoch,loss\n0,1\n1\n",
      "neither a JSON object nor the log of a CSVLogger, which has a column loss"
    ),
    ("epoch,loss\n", "no loss of any epoch"),
    (#"{"history": {"loss": [1"#, "not a JSON file"),
    (#"{"loss": "\#u{FFFD}"#, "not a JSON file"),
    // Numbers that fuzzing found.
    (#"{"loss": [2, \#(String(repeating: "7", count: 60))1e+]}"#, "loss: expected numbers"),
    (#"{"loss": [1e]}"#, "loss: expected numbers"), (#"{"loss": [nan]}"#, "not a JSON file"),
    (#"{"loss": [1, "NaN"]}"#, "loss: expected numbers"),
    (#"{"a\": NaN": 1, "loss": [NaN]}"#, #"a": NaN: expected numbers"#),
    ("[1, 2]", #"expected {"history": {"loss": […], …}}"#),
    (#"{"history": [1]}"#, #"expected {"history": {"loss": […], …}}"#),
    ("{}", "no loss of any epoch"), (#"{"history": {"accuracy": [1]}}"#, "no loss of any epoch"),
    (#"{"history": {"loss": []}}"#, "no loss of any epoch"),
    (#"{"history": {"loss": 1}}"#, "loss: expected numbers"),
    (#"{"history": {"loss": [1, "2"]}}"#, "loss: expected numbers"),
    (#"{"history": {"loss": [1], "lr": [true]}}"#, "lr: expected numbers"),
    (
      #"{"history": {"loss": [1, 2], "accuracy": [1]}}"#,
      "accuracy: expected 2 epochs as of loss, found 1"
    ),
    (
      #"{"history": {"loss": [1, 2, 3, 4, 5], "val_loss": [1, 2, 3]}}"#,
      "val_loss: expected 5 epochs as of loss, found 3"
    ),
  ])
  func brokenHistoryIsAnError(_ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: "history.json")
    let error = expectRefusal(of: path, by: ModelFileError.self) { try HistoryFile.read(path) }
    #expect(error?.description == "\(path): \(problem)")
    #expect(error?.kind == .malformed)
  }

  /// Found by fuzzing. The mark stands for a byte that is nowhere in UTF-8.
  @Test(arguments: [#"{"a": 1, ? ["y"]}"#, #"{?"#, #"{"a?": [1]}"#, "?"])
  func historyOfOtherBytesIsAnError(_ text: String) throws {
    let folder = try TemporaryFolder()
    let bytes = text.utf8.map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
    let path = try folder.write(bytes, to: "history.json")
    let error = expectRefusal(of: path, by: ModelFileError.self) { try HistoryFile.read(path) }
    #expect(error?.description == "\(path): not text in UTF-8")
    #expect(error?.kind == .malformed)
  }

  @Test(arguments: [
    ("[0", ",0", 500_000, "]", #"expected {"history": {"loss": […], …}}"#),
    (#"{"loss": [0"#, ",NaN", 200_000, ", true]}", "loss: expected numbers"),
    (#"{"loss": [0"#, ",0", 500_000, "", "not a JSON file"),
    (#"{"loss": [{}"#, ",{}", 200_000, "]}", "loss: expected numbers"),
    (#"{"loss": [""]"#, #","a": """#, 100_000, "}", "a: expected numbers"),
  ])
  func largeHistoryIsRefusedWithinItsSize(
    _ start: String, _ middle: String, _ count: Int, _ end: String, _ problem: String
  ) throws {
    try expectRefusalOfLarge(start + String(repeating: middle, count: count) + end, problem)
  }

  /// Each setting takes the decoder some tries.
  @Test func historyOfManySettingsIsRefused() throws {
    let settings = (0..<100_000).map { #""\#($0)":1.5"# }.joined(separator: ",")
    try expectRefusalOfLarge(
      #"{"history": {"loss": [1]}, "params": {\#(settings)}}"#,
      "expected at most 1000 settings, found 100000")
  }

  private func expectRefusalOfLarge(_ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text.utf8, to: "history.json")
    let error = expectRefusal(
      of: path, bytesForOne: RefusalBounds.bytesForOneOfJSON, by: ModelFileError.self
    ) { try HistoryFile.read(path) }
    #expect(error?.description == "\(path): \(problem)")
  }

  @Test func historyThatIsNoFileIsAnError() throws {
    let folder = try TemporaryFolder()
    try folder.write(repeatElement(UInt8(ascii: "["), count: 100_000), to: "deep")
    let deep = expectRefusal(of: folder["deep"], by: ModelFileError.self) {
      try HistoryFile.read(folder["deep"])
    }
    #expect(deep?.description == "\(folder["deep"]): not a JSON file")
    let missing = #expect(throws: ModelFileError.self) { try HistoryFile.read(folder["none"]) }
    #expect(missing?.kind == .missing)
    let other = #expect(throws: ModelFileError.self) { try HistoryFile.read(folder.path) }
    #expect(
      other?.description == "\(folder.path): expected a history, found a folder or a device")
  }
}
