import FileTestSupport
import Foundation
import Testing

/// Runs that go on with other threads than they began with.
struct ResumeThreadsTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private static let line =
    "train --layers 128:relu,dropout:0.3,4:softmax --optimizer adam --batch-size 40 --seed 5"

  /// Interrupts a run of two threads, goes on with three, and gives what is said of that.
  private func goOn(_ line: String, epochs: Int = 3_000) throws -> ProcessResult {
    let stopped = try Command.maru(
      Command.words("\(line) --threads 2 --epochs \(epochs) --progress lines --dataset")
        + [data, "--output", folder["run"]], signal: (SIGINT, after: "Epoch 3/"))
    try #require(stopped.exitCode == 130, "\(stopped.errors)")
    return try Command.maru(
      Command.words("train --progress none --threads 3 --resume") + [folder["run"]])
  }

  /// A step stays cut into the parts that it was cut into.
  @Test(arguments: ["", " --deterministic"])
  func aRunGoesOnToTheSameBytes(option: String) throws {
    let line = Self.line + option
    expectSuccess(
      try Command.maru(
        Command.words("\(line) --threads 2 --epochs 3000 --progress none --dataset")
          + [data, "--output", folder["whole"]]))
    let result = try goOn(line)
    expectSuccess(result)
    #expect(result.errorLines == [])
    #expect(
      try folder.bytes(of: "run/model.safetensors") == folder.bytes(of: "whole/model.safetensors"))
    let history = try folder.text(of: "run/history.json")
    #expect(history.contains("\"threads\" : 3,"))
  }

  @Test func fullBatchesGoOnToo() throws {
    let result = try goOn(
      "train --layers 256:tanh,256:tanh,4:softmax --optimizer lbfgs --l2 0.001 --tolerance 0 --seed 2",
      epochs: 150)
    #expect(result.exitCode == 0 && result.errorLines == [], "\(result.errors)")
  }

  @Test func impossibleThreadsAreRefused() throws {
    expectFailure(
      try Command.maru(["train", "--resume", folder["run"], "--threads", "0"]), 64,
      "--threads: expected 1 to 1024, got 0", hint: "maru train --help")
  }
}
