import FileTestSupport
import Foundation
import Testing

struct TrainTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private func train(_ line: String, _ more: [String] = []) throws -> ProcessResult {
    try Command.maru(
      Command.words("train --layers 4:softmax --learning-rate 0.5 \(line)")
        + ["--dataset", data] + more)
  }

  private static let overview = "80 training and 20 test images of 4×5, 4 classes"
  private static let summary = """
    ┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━┓
    ┃ Layer (type)      ┃ Output shape ┃ Parameters ┃ Operations ┃
    ┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━┩
    │ dense (Dense)     │ (batch, 4)   │         84 │        160 │
    │ softmax (Softmax) │ (batch, 4)   │          0 │         80 │
    └───────────────────┴──────────────┴────────────┴────────────┘
    Total parameters: 84 (336.00 B)
    Operations for a sample: 240

    """

  // MARK: Progress

  @Test(arguments: ["lines", "auto"])
  func linesAreOneAnEpochOnStandardError(_ mode: String) throws {
    let result = try train("--epochs 3 --progress \(mode)")
    #expect(result.exitCode == 0)
    // A line on old kernels may come between.
    let lines = result.errorLines.filter { !$0.hasPrefix("OpenBLAS uses its ") }
    #expect(lines.count == 4)
    #expect(lines.first == "\(data): \(Self.overview)")
    for (index, line) in lines.dropFirst().enumerated() {
      let pattern =
        /Epoch (\d)\/3 - \d+ms - \d+[mu]?s\/step - accuracy: [01]\.\d{4} - loss: \d\.\d{4} - val_accuracy: [01]\.\d{4} - val_loss: \d\.\d{4}/
      let match = try #require(line.wholeMatch(of: pattern), "\(line)")
      #expect(match.1 == "\(index + 1)")
    }
    #expect(result.output.hasPrefix(Self.summary))
    let rest = result.output.dropFirst(Self.summary.count)
    #expect(rest.wholeMatch(of: /test loss: \d\.\d{4} - test accuracy: [01]\.\d{4}\n/) != nil)
  }

  @Test func linesWithoutValidationHaveNoFiguresOfIt() throws {
    let result = try train("--epochs 1 --validation-split 0 --progress lines")
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("Epoch 1/1 - ") && !result.errors.contains("val_"))
  }

  @Test func jsonIsAnObjectAnEpochAndNothingElse() throws {
    let result = try train("--epochs 3 --progress json")
    #expect(result.exitCode == 0)
    #expect(result.errorLines.count == 3)
    for (index, line) in result.errorLines.enumerated() {
      let object = try JSONDecoder().decode([String: Double].self, from: Data(line.utf8))
      #expect(
        object.keys.sorted()
          == ["accuracy", "epoch", "loss", "seconds", "val_accuracy", "val_loss"])
      #expect(object["epoch"] == Double(index + 1))
      #expect(try (0...1).contains(#require(object["val_accuracy"])))
    }
    #expect(
      result.output.wholeMatch(of: /test loss: \d\.\d{4} - test accuracy: [01]\.\d{4}\n/) != nil)
  }

  @Test func jsonHasNullForWhatIsNotFinite() throws {
    let result = try train(
      "--epochs 4 --seed 1 --optimizer momentum --learning-rate 3.4e38 --progress json")
    // Training ends with the epoch whose loss is not finite, and a line says so.
    #expect((2...5).contains(result.errorLines.count))
    #expect(result.errorLines.dropLast().last?.contains("\"loss\": null, ") == true)
  }

  /// A model that knows nothing is no result: nothing is written, and what was there stays.
  @Test(arguments: ["lines", "none"])
  func trainingThatDivergesIsAFailureAndSavesNothing(_ progress: String) throws {
    let line = "--seed 1 --optimizer momentum --force --progress \(progress)"
    let failure =
      /maru: error: training diverged: the loss became (?:NaN|infinite) in epoch \d, step \d; values first left the range in the output of layer 0, dense; try a --learning-rate below 3\.4e\+38/
    for _ in 1...2 {
      let before = folder.contents
      let result = try train(
        "\(line) --epochs 4 --learning-rate 3.4e38", ["--output", folder["run"]])
      #expect(result.exitCode == 65)
      #expect(try #require(result.errorLines.last).wholeMatch(of: failure) != nil, "\(result)")
      #expect(!result.output.contains("saved") && !result.output.contains("test loss"))
      #expect(folder.contents == before)
      expectSuccess(try train("--epochs 1 --force --progress none", ["--output", folder["run"]]))
    }
  }

  @Test func noneIsSilent() throws {
    let result = try train("--epochs 1 --progress none")
    expectSuccess(result)
    #expect(
      result.output.wholeMatch(of: /test loss: \d\.\d{4} - test accuracy: [01]\.\d{4}\n/) != nil)
  }

  /// In a pipe once per epoch, without codes; how it is redrawn is tested on a terminal.
  @Test func barIsKerasLine() throws {
    let result = try train("--epochs 2 --batch-size 8 --progress bar")
    #expect(result.exitCode == 0)
    let lines = result.errorLines.filter { !$0.hasPrefix("OpenBLAS uses its ") }
    try #require(lines.count == 5)
    #expect(lines[1] == "Epoch 1/2" && lines[3] == "Epoch 2/2")
    for line in [lines[2], lines[4]] {
      let pattern =
        /8\/8 ━{20} 0s \d+[mu]?s\/step - accuracy: \S+ - loss: \S+ - val_accuracy: \S+ - val_loss: [\d.]+/
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }
  }

  // MARK: The run's folder

  private struct HistoryContents: Decodable {
    struct Parameters: Decodable {
      let dataset, layers, optimizer, split, core: String
      let epochs, steps, threads, parameters, batch_size: Int
      let seed: UInt64
      let learning_rate: Float
      let validation_split, test_loss, test_accuracy: Double
    }
    let history: [String: [Double]]
    let params: Parameters
  }

  @Test func profileShowsTheWorkOfAStep() throws {
    let result = try train("--epochs 2 --profile --progress none")
    #expect(result.exitCode == 0 && result.errors == "")
    #expect(result.outputLines.first?.hasPrefix("test loss: ") == true)
    let rows = result.outputLines.filter { $0.hasPrefix("│ ") }
      .map { $0.split(separator: "│").map { $0.trimmingCharacters(in: .whitespaces) } }
    #expect(
      rows.map { $0.prefix(2).joined(separator: " ") } == [
        " gather", "dense forward", " loss", "dense gradient and update", " update", " waiting",
        " step",
      ])
    #expect(rows.allSatisfy { $0.count == 6 } && rows.last?[3] == "100.0 %")
  }

  @Test func outputHoldsTheModelAndItsHistory() throws {
    let result = try train(
      "--epochs 5 --batch-size 16 --seed 7 --threads 2 --optimizer momentum --progress none",
      ["--output", folder["a/run"]])
    expectSuccess(result)
    try #require(result.outputLines.count == 2)
    #expect(result.outputLines[1] == "saved: \(folder["a/run"])")
    #expect(
      folder.contents.filter { $0.hasPrefix("a/run/") }
        == [
          "accuracy.svg", "history.csv", "history.json", "loss.svg", "model.safetensors",
          "report.html", "state.maru", "summary.txt",
        ].map { "a/run/\($0)" })

    let contents = try JSONDecoder().decode(
      HistoryContents.self, from: folder.bytes(of: "a/run/history.json"))
    let names = ["loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
    #expect(contents.history.keys.sorted() == names.sorted())
    #expect(contents.history.values.allSatisfy { $0.count == 5 })
    let parameters = contents.params
    #expect(parameters.dataset == data && parameters.layers == "4:softmax")
    #expect(parameters.optimizer == "momentum" && parameters.learning_rate == 0.5)
    // 64 of the 80 samples are trained on.
    #expect(parameters.batch_size == 16 && parameters.steps == 4 && parameters.epochs == 5)
    #expect(parameters.validation_split == 0.2 && parameters.split == "last")
    #expect(parameters.seed == 7 && parameters.threads == 2 && parameters.parameters == 84)
    #expect(!parameters.core.isEmpty && (0...1).contains(parameters.test_accuracy))

    let rows = try folder.text(of: "a/run/history.csv").split(separator: "\n")
      .map { $0.split(separator: ",").map(String.init) }
    #expect(rows.first == ["epoch"] + names)
    #expect(rows.dropFirst().compactMap { $0.first } == ["1", "2", "3", "4", "5"])
    for (column, name) in names.enumerated() {
      #expect(rows.dropFirst().map { Double($0[column + 1]) } == contents.history[name])
    }

    let summary = try folder.text(of: "a/run/summary.txt")
    #expect(summary.hasPrefix("\(data): \(Self.overview)\n\(Self.summary)"))
    #expect(
      summary.contains("\noptimizer: momentum, learning rate 0.5, batch size 16, seed 7\n"))
    #expect(summary.hasSuffix("\n\(result.outputLines[0])\n"))

    let loaded = try Command.maru(["summary", folder["a/run/model.safetensors"]])
    expectSuccess(loaded)
    #expect(loaded.output == Self.summary)
  }

  @Test func existingRunIsReplacedWhole() throws {
    expectSuccess(try train("--epochs 3 --progress none", ["--output", folder["run"]]))
    let before = try Stripes.bytesOfRun(folder)
    try folder.write(Array("mine".utf8), to: "run/notes.txt")
    expectSuccess(
      try train("--epochs 2 --seed 5 --force --progress none", ["--output", folder["run"]]))
    let after = try Stripes.bytesOfRun(folder)
    for (name, bytes) in before { #expect(after[name] != bytes, "\(name)") }
    #expect(try folder.text(of: "run/history.csv").split(separator: "\n").count == 3)
    #expect(try folder.text(of: "run/notes.txt") == "mine")
    #expect(folder.contents.filter { $0.hasPrefix("run/") }.count == 9)
  }

  // MARK: Settings

  @Test func sameSeedGivesTheSameBytes() throws {
    let line =
      "--epochs 3 --batch-size 8 --progress none --split shuffled --threads 2 "
      + "--layers 16:relu,dropout:0.3,4:softmax"
    var models: [Data] = []
    for (index, seed) in [11, 11, 12].enumerated() {
      expectSuccess(try train("\(line) --seed \(seed)", ["--output", folder["run\(index)"]]))
      models.append(try folder.bytes(of: "run\(index)/model.safetensors"))
    }
    #expect(models[0] == models[1] && models[0] != models[2])
  }

  @Test func oneThreadAndTwoGiveTheSameBytes() throws {
    var models: [Data] = []
    for threads in [1, 2] {
      expectSuccess(
        try train(
          "--epochs 3 --batch-size 8 --seed 11 --threads \(threads) --progress none",
          ["--output", folder["run\(threads)"]]))
      models.append(try folder.bytes(of: "run\(threads)/model.safetensors"))
    }
    #expect(models[0] == models[1])
  }

  /// BLAS may round a product of half the units in another way, so a hidden layer's bits may differ
  /// between numbers of threads, but no more than that.
  @Test func moreThreadsChangeNoMoreThanTheRounding() throws {
    var losses: [Double] = []
    for threads in [1, 2, 5] {
      let result = try train(
        "--epochs 5 --batch-size 8 --seed 11 --threads \(threads) --progress json "
          + "--layers 16:relu,dropout:0.3,4:softmax")
      let last = try #require(result.errorLines.last)
      losses.append(
        try #require(JSONDecoder().decode([String: Double].self, from: Data(last.utf8))["loss"]))
    }
    #expect(losses.allSatisfy { abs($0 - losses[0]) < 1e-4 }, "\(losses)")
  }

  @Test func fullBatchIsOneStep() throws {
    expectSuccess(
      try train("--epochs 2 --batch-size full --progress none", ["--output", folder["run"]]))
    let history = try folder.text(of: "run/history.json")
    #expect(history.contains("\"batch_size\" : 80,") && history.contains("\"steps\" : 1,"))
    let lines = try train("--epochs 2 --batch-size full --progress bar").errors
    #expect(lines.contains("\n1/1 "))
  }

  /// 80 samples, 20 of each class, a part of 0.34 held out: 52 are left, or 13 of each class.
  @Test(arguments: [("last", 52), ("shuffled", 52), ("stratified", 52)])
  func splitsHoldOutTheirPart(_ split: String, _ trained: Int) throws {
    expectSuccess(
      try train(
        "--epochs 1 --batch-size 1 --validation-split 0.34 --split \(split) --progress none",
        ["--output", folder["run"]]))
    let history = try folder.text(of: "run/history.json")
    #expect(history.contains("\"split\" : \"\(split)\""))
    #expect(history.contains("\"steps\" : \(trained),"))
  }

  /// Of 20 samples per class, ⌊20 · 0.88⌋ = 17 are kept: 68 of 80, where the other splits keep 70.
  @Test func stepsAreThoseOfTheSplit() throws {
    let line = "--epochs 1 --batch-size 1 --validation-split 0.12 --progress none"
    for (split, steps) in [("stratified", 68), ("last", 70)] {
      expectSuccess(try train("\(line) --split \(split)", ["--output", folder[split]]))
      #expect(
        try folder.text(of: "\(split)/history.json").contains("\"steps\" : \(steps),"), "\(split)")
    }
  }

  @Test(arguments: ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
  func everyOptimizerLearnsTheStripes(_ optimizer: String) throws {
    let rate = optimizer.contains("m") && optimizer != "momentum" ? "0.02" : "0.2"
    let result = try train(
      "--epochs 30 --batch-size 8 --seed 2 --learning-rate \(rate) --optimizer \(optimizer) "
        + "--progress none")
    expectSuccess(result)
    #expect(result.output.hasSuffix("test accuracy: 1.0000\n"), "\(result.output)")
  }

  @Test func archivesTrainAsPlainFilesDo() throws {
    let line = "--epochs 1 --progress none --seed 3"
    let plain = try train(line)
    try gzip(Stripes.names.map { "\(data)/\($0)" })
    #expect(folder.contents.filter { $0.hasSuffix(".gz") }.count == 4)
    let packed = try train(line)
    expectSuccess(packed)
    #expect(packed.output == plain.output)
  }

  @Test func splitThatLeavesNothingIsRefused() throws {
    let line = "--epochs 1 --progress none --validation-split"
    for (value, kept) in [("0.999", 0), ("0.0001", 79)] {
      let result = try train("\(line) \(value)", ["--output", folder["run"]])
      if kept == 0 {
        expectFailure(
          result, 64,
          "--validation-split: the validation split leaves 0 of 80 samples to train on "
            + "and 80 to validate on")
        #expect(!folder.contents.contains("run"))
      } else {
        expectSuccess(result)
      }
    }
  }
}

extension Stripes {
  /// The files of a run by name.
  fileprivate static func bytesOfRun(_ folder: TemporaryFolder) throws -> [String: Data] {
    let names = folder.contents.filter { $0.hasPrefix("run/") }
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try folder.bytes(of: $0)) })
  }
}
