import FileTestSupport
import Foundation
import Testing

struct CompareTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs the command in the folder, so that names are short.
  private func compare(_ arguments: String...) throws -> ProcessResult {
    try Command.shell(
      #"cd "$1" && shift && exec "$0" compare "$@""#, [folder.path] + arguments)
  }

  private func write(_ text: String, to name: String) throws {
    try folder.write(Array(text.utf8), to: name)
  }

  private static let slow = """
    {"history": {"loss": [1.5, 0.25], "accuracy": [0.5, 0.9], "seconds": [0.5, 0.25],
      "val_loss": [1.25, 0.5], "val_accuracy": [0.625, 0.875]},
     "params": {"dataset": "digits", "layers": "10:softmax", "optimizer": "sgd",
      "learning_rate": 0.01, "batch_size": 64, "epochs": 2, "steps": 750, "seed": 1,
      "validation_split": 0.2, "split": "last", "threads": 2, "core": "Haswell",
      "parameters": 7850, "test_loss": 0.375, "test_accuracy": 0.88}}
    """

  @Test func whatDiffersAndWhatCameOutIsATable() throws {
    try write(Self.slow, to: "slow/history.json")
    try write(
      """
      {"history": {"loss": [null], "accuracy": [0.1], "seconds": [10]},
       "params": {"dataset": "digits", "layers": "flatten,128:relu,10:softmax",
        "optimizer": "adam", "learning_rate": 0.001, "batch_size": 64, "epochs": 9, "seed": 1,
        "validation_split": 0, "split": "last", "threads": 2, "core": "Haswell",
        "parameters": 101770, "test_loss": null, "test_accuracy": 0.1}}
      """, to: "fast.json")
    let result = try compare("slow", "fast.json")
    expectSuccess(result)
    #expect(
      result.output == """
        the same in all: dataset digits, batch size 64, seed 1, threads 2, core Haswell
        ┏━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
        ┃               ┃       slow ┃                   fast.json ┃
        ┡━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
        │ layers        │ 10:softmax │ flatten,128:relu,10:softmax │
        │ parameters    │       7850 │                      101770 │
        │ optimizer     │        sgd │                        adam │
        │ learning rate │       0.01 │                       0.001 │
        │ validation    │   last 0.2 │                        none │
        ├───────────────┼────────────┼─────────────────────────────┤
        │ epochs        │          2 │                           1 │
        │ time          │     0.75 s │                     10.00 s │
        │ loss          │     0.2500 │                         nan │
        │ accuracy      │     0.9000 │                      0.1000 │
        │ val_loss      │     0.5000 │                           – │
        │ val_accuracy  │     0.8750 │                           – │
        │ test_loss     │     0.3750 │                           – │
        │ test_accuracy │     0.8800 │                      0.1000 │
        └───────────────┴────────────┴─────────────────────────────┘

        """)
  }

  @Test func historiesOfKerasNeedNoSettings() throws {
    try write(#"{"loss": [2, 1], "acc": [0.5, 0.75], "lr": [0.1, 0.01]}"#, to: "a.json")
    try write(#"{"loss": [2, 1.5], "acc": [0.5, 0.5], "lr": [0.1, 0.1]}"#, to: "b\n.json")
    let result = try compare("a.json", "b\n.json")
    expectSuccess(result)
    #expect(
      result.output == """
        ┏━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━━┓
        ┃          ┃ a.json ┃ b\\n.json ┃
        ┡━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━━┩
        │ epochs   │      2 │        2 │
        │ loss     │ 1.0000 │   1.5000 │
        │ accuracy │ 0.7500 │   0.5000 │
        │ lr       │ 0.0100 │   0.1000 │
        └──────────┴────────┴──────────┘

        """)
  }

  @Test func runsOfTrainAreCompared() throws {
    let run = try StripesRun()
    let result = try Command.maru(["compare", run.path, run.path + "/history.json"])
    expectSuccess(result)
    let first = try #require(result.outputLines.first)
    #expect(
      first.hasPrefix(
        "the same in all: dataset \(run.data), layers 4:softmax, parameters 84, optimizer sgd, "
          + "learning rate 0.5, batch size 16, validation last 0.2, seed 1, threads "))
    #expect(result.output.contains("│ test_accuracy │ "))
  }

  @Test func foldersThatAllShareAreLeftOut() throws {
    for name in ["a/b/first", "a/b/second"] { try write(Self.slow, to: "\(name)/history.json") }
    for prefix in ["a/b/", "./a/b/", folder["a/b/"]] {
      let result = try compare(
        "\(prefix)first", "\(prefix)second/", "\(prefix)second/history.json", "--chart", "c.svg",
        "--force")
      expectSuccess(result)
      #expect(
        result.outputLines[2].split(separator: "┃").dropFirst().map { $0.filter { $0 != " " } } == [
          "first", "second", "second/history.json",
        ])
      let svg = try folder.text(of: "c.svg")
      #expect(svg.contains(">first<") && svg.contains(">second<"))
    }
    let result = try compare("a/b/first", folder["a/b/first"])
    #expect(result.output.contains("┃ a/b/first ┃ \(folder["a/b/first"]) ┃"))
  }

  @Test func fileThatIsNoHistoryIsNamed() throws {
    try write(Self.slow, to: "slow/history.json")
    try write(#"{"history": {}}"#, to: "empty.json")
    expectFailure(try compare("slow", "empty.json"), 65, "empty.json: no loss of any epoch")
    expectFailure(
      try compare("slow", "none"), 66, "none: cannot read: No such file or directory")
    #expect(mkdir(folder["bare"], 0o755) == 0)
    expectFailure(
      try compare("bare", "slow"), 66,
      "bare/history.json: cannot read: No such file or directory")
  }

  @Test func aNullByteEndsNoNumber() throws {
    let forged = Self.slow.replacing(#""test_loss": 0.375"#, with: #""test_loss": "0.375\u0000""#)
    try write(Self.slow, to: "slow/history.json")
    try write(forged, to: "forged/history.json")
    let result = try compare("slow", "forged")
    expectSuccess(result)
    #expect(result.output.contains("│ test_loss     │ 0.3750 │      – │"))
  }

  // MARK: The chart

  @Test(arguments: ["svg", "PNG"])
  func curvesAreDrawnIntoOnePicture(_ ending: String) throws {
    try write(Self.slow, to: "slow/history.json")
    try write(#"{"loss": [2, 1], "acc": [0.5, 0.75]}"#, to: "keras's.json")
    let result = try compare("slow", "keras's.json", "--chart", "chart.\(ending)")
    expectSuccess(result)
    #expect(result.output.contains("┃       slow ┃ keras's.json ┃"))
    #expect(result.outputLines.last == "saved: chart.\(ending)")
    let bytes = try folder.bytes(of: "chart.\(ending)")
    if ending == "svg" {
      let svg = String(decoding: bytes, as: UTF8.self)
      #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
      #expect(svg.contains(">slow<") && svg.contains(">keras's.json<"))
    } else {
      #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
  }

  @Test func chartThatCannotBeIsAnErrorAndNothingElse() throws {
    try write(Self.slow, to: "slow/history.json")
    let before = folder.contents
    expectFailure(
      try compare("slow", "slow", "--chart", "chart.pdf"), 64,
      "--chart: chart.pdf: expected a name that ends in .svg or .png", hint: "maru compare --help")
    expectFailure(
      try compare("slow", "slow", "--chart", "none/chart.svg"), 74,
      "none/chart.svg: cannot write: No such file or directory")
    let history = folder["slow"]
    expectFailure(
      try Command.maru(
        ["compare", history, history, "--chart", folder["chart.svg"]],
        environment: ["PATH": folder.path]), 66,
      "pictures need gnuplot, which is not on the PATH: apt install gnuplot-nox")
    #expect(folder.contents == before)
  }
}
