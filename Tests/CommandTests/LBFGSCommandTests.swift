import FileTestSupport
import Foundation
import Testing

/// `maru train --optimizer lbfgs`.
struct LBFGSCommandTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private func train(_ line: String, _ more: [String] = []) throws -> ProcessResult {
    try Command.maru(
      Command.words("train --layers 4:softmax --optimizer lbfgs \(line)") + ["--dataset", data]
        + more)
  }

  @Test func itEndsWhereTheGradientIsSmall() throws {
    let result = try train("--l2 0.001 --epochs 500 --progress lines")
    #expect(result.exitCode == 0)
    let epochs = result.errorLines.filter { $0.hasPrefix("Epoch ") }
    #expect(1..<200 ~= epochs.count)
    let last = try #require(result.errorLines.last)
    let pattern =
      /ended after (\d+) epochs: the gradient fell to [1-9]\.\de-06 of its start after (\d+) passes over the samples/
    let match = try #require(last.wholeMatch(of: pattern), "\(last)")
    #expect(Int(match.1) == epochs.count)
    #expect(try #require(Int(match.2)) > epochs.count)
    #expect(result.output.hasSuffix("test accuracy: 1.0000\n"))
  }

  @Test func aLooserToleranceAndFewerEpochsEndItEarlier() throws {
    let lines = try ["--tolerance 0.01", "--epochs 3", "--epochs 500"].map { line in
      try train("--l2 0.001 --progress json \(line)").errorLines
    }
    #expect(1..<30 ~= lines[0].count && lines[1].count == 3)
    #expect(lines[0].count < lines[2].count)
    #expect(lines.allSatisfy { $0.allSatisfy { $0.hasPrefix("{") } })
  }

  @Test func oneEpochIsOne() throws {
    let last = try #require(
      try train("--l2 0.001 --tolerance 0.99 --progress lines").errorLines.last)
    #expect(last.hasPrefix("ended after 1 epoch: the gradient fell to "), "\(last)")
  }

  @Test func theRunsFolderTellsItsSettings() throws {
    let result = try train(
      "--l2 0.001 --tolerance 1e-4 --epochs 300 --progress none --batch-size full",
      ["--output", folder["run"]])
    expectSuccess(result)
    #expect(
      folder.contents.filter { $0.hasPrefix("run/") }.sorted()
        == [
          "accuracy.svg", "history.csv", "history.json", "loss.svg", "model.safetensors",
          "report.html", "summary.txt",
        ].map { "run/\($0)" })
    let history = try folder.text(of: "run/history.json")
    for part in [
      "\"optimizer\" : \"lbfgs\"", "\"tolerance\" : 0.0001", "\"steps\" : 1,",
      "\"l2\" : 0.001", "\"val_loss\" : [", "\"batch_size\" : 80",
    ] {
      #expect(history.contains(part), "\(part)")
    }
    #expect(!history.contains("learning_rate"))
    let summary = try folder.text(of: "run/summary.txt")
    #expect(
      summary.contains(
        "\noptimizer: lbfgs, tolerance 0.0001, L2 penalty 0.001, batch size 80, seed 0\n"))
    let report = try folder.text(of: "run/report.html")
    #expect(report.contains("Training ended early: the gradient fell to "))
    let evaluation = try Command.maru(["evaluate", folder["run"], "--dataset", data, "--json"])
    expectSuccess(evaluation)
    let figures = try #require(
      JSONSerialization.jsonObject(with: Data(evaluation.output.utf8)) as? [String: Any])
    // The model keeps its penalty.
    let loss = try #require(figures["loss"] as? Double)
    #expect(
      result.outputLines.first?.hasPrefix("test loss: \(String(format: "%.4f", loss)) ") == true)
  }

  @Test func thePenaltyIsForEveryOptimizerAndLayer() throws {
    let line =
      "train --layers 6:relu,4:softmax --optimizer sgd --learning-rate 0.0000001 --epochs 1 "
      + "--progress json --validation-split 0 --seed 4"
    let losses = try ["0", "0.5", "1"].map { l2 in
      let result = try Command.maru(Command.words("\(line) --l2 \(l2)") + ["--dataset", data])
      let figures = try JSONDecoder().decode(
        [String: Double].self, from: Data(try #require(result.errorLines.last).utf8))
      return try #require(figures["loss"])
    }
    // Glorot-uniform weights have a mean square of 2 / (fan-in + fan-out): 120·2/26 + 24·2/10 in all.
    let penalty = losses[2] - losses[0]
    #expect(abs(penalty / 14 - 1) < 0.3, "\(penalty)")
    #expect(abs((losses[1] - losses[0]) / penalty - 0.5) < 1e-3)
  }

  @Test func dropoutIsRefusedBeforeWork() throws {
    let result = try Command.maru(
      Command.words("train --optimizer lbfgs --layers 8:relu,dropout:0.5,4:softmax")
        + ["--dataset", data, "--output", folder["run"]])
    expectFailure(
      result, 64,
      "--layers: expected no dropout with --optimizer lbfgs, whose loss may not change from pass "
        + "to pass, got '8:relu,dropout:0.5,4:softmax'")
    #expect(!folder.contents.contains { $0.hasPrefix("run") })
  }

  /// There is no learning rate that could be lowered.
  @Test func dataThatOverflowIsAFailure() throws {
    let rows = (0..<20).map { "\($0 % 3 + 1)e38,\($0 % 2 + 2)e38,\($0 % 4)" }
    try folder.write(Array((["a,b,label"] + rows).joined(separator: "\n").utf8), to: "big.csv")
    let result = try Command.maru(
      Command.words("train --optimizer lbfgs --layers 4:softmax --scale none --progress none")
        + ["--dataset", folder["big.csv"], "--output", folder["run"]])
    #expect(result.exitCode == 65)
    let pattern =
      /maru: error: training diverged: the loss became (?:NaN|infinite) in epoch 1, step 1; values first left the range in the output of layer 0, dense/
    #expect(try #require(result.errorLines.last).wholeMatch(of: pattern) != nil, "\(result)")
    #expect(!folder.contents.contains { $0.hasPrefix("run") })
  }
}
