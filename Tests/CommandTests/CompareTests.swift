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
        ┏━━━━━━━━━━┳━━━━━━━━┳━━━━━━━━━┓
        ┃          ┃ a.json ┃ b .json ┃
        ┡━━━━━━━━━━╇━━━━━━━━╇━━━━━━━━━┩
        │ epochs   │      2 │       2 │
        │ loss     │ 1.0000 │  1.5000 │
        │ accuracy │ 0.7500 │  0.5000 │
        │ lr       │ 0.0100 │  0.1000 │
        └──────────┴────────┴─────────┘

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
}
