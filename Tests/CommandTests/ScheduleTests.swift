import FileTestSupport
import Foundation
import Testing

/// Learning rates that change while a network is trained.
struct ScheduleTests {
  private static func train(_ options: String) throws -> (model: Data, folder: TemporaryFolder) {
    let (folder, data) = try Stripes.inNewFolder()
    let result = try Command.maru(
      "train --layers 6:relu,4:softmax --optimizer sgd --batch-size 8 --epochs 4 --progress none "
        + "--output \(folder["run"]) \(options) --dataset", [data])
    expectSuccess(result)
    return (try Data(contentsOf: URL(fileURLWithPath: folder["run/model.safetensors"])), folder)
  }

  /// Ten steps an epoch: what is the same function of the step trains to the same bytes.
  @Test(arguments: [
    ("exponential:0.1:factor=1", "0.1"), ("step:0.1:every=4", "0.1"),
    ("cosine:0.1:floor=0.1", "0.1"),
    ("step:0.1:factor=0.5:every=2", "step:0.1:factor=0.5:every=2.01"),
    ("cosine:0.1:warmup=1", "cosine:0.1:warmup=1.04:floor=0"),
  ])
  func ratesThatAreEqualTrainToTheSameBytes(_ first: String, _ second: String) throws {
    let models = try [first, second].map { try Self.train("--learning-rate \($0)").model }
    #expect(models[0] == models[1])
  }

  @Test(arguments: [
    "cosine:0.1", "cosine:0.1:warmup=2", "step:0.1:every=1", "exponential:0.1:factor=0.5",
  ])
  func ratesThatChangeTrainToOtherBytes(_ rate: String) throws {
    let models = try [rate, "0.1"].map { try Self.train("--learning-rate \($0)").model }
    #expect(models[0] != models[1])
  }

  /// A run that is gone on with has the schedule of the whole.
  @Test func aScheduleIsKeptByTheRun() throws {
    let whole = try Self.train("--learning-rate exponential:0.2:factor=0.5")
    let (folder, data) = try Stripes.inNewFolder()
    let line = "train --layers 6:relu,4:softmax --optimizer sgd --batch-size 8 --progress none "
    let first = try Command.maru(
      line
        + "--learning-rate exponential:0.2:factor=0.5 --epochs 2 --output \(folder["run"]) --dataset",
      [data])
    expectSuccess(first)
    expectSuccess(
      try Command.maru("train --resume \(folder["run"]) --epochs 4 --progress none"))
    let model = try Data(contentsOf: URL(fileURLWithPath: folder["run/model.safetensors"]))
    #expect(model == whole.model)
    let history = try String(contentsOfFile: folder["run/history.json"], encoding: .utf8)
    #expect(history.contains(#""exponential:0.2:factor=0.5""#))
  }

  /// Of each class of 20 samples 17 are trained on, 68 in all, in 4 steps.
  @Test func stepsAreThoseThatAreMade() throws {
    let split = "--batch-size 17 --validation-split 0.12 --split stratified"
    let models = try ["step:0.1:every=0.4", "step:0.1:every=0.5"].map {
      try Self.train("\(split) --learning-rate \($0)").model
    }
    #expect(models[0] == models[1])
  }

  /// Tables and runs that are gone on with have other numbers of epochs than the exercise.
  @Test func aWarmUpMayBeLongerThanTheExercise() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<60).map { "\($0 % 7),\($0 % 5),\($0 % 2)\n" }.joined()
    let data = try folder.write(Array("a,b,label\n\(rows)".utf8), to: "t.csv")
    expectSuccess(
      try Command.maru(
        "train --learning-rate cosine:0.01:warmup=31 --progress none --dataset", [data]))
  }

  @Test(arguments: [
    ("step:0.1:factor=0", "--learning-rate: expected a factor above 0 and up to 1, got 0.0"),
    ("step:0.1:every=1e300", "--learning-rate: expected every up to 1000000000 epochs, got 1e+300"),
    ("cosine:0", "--learning-rate: expected a number above 0, got 0.0"),
    ("cosine:0.1:warmup=4", "--learning-rate: expected a warm-up shorter than 4 epochs, got 4.0"),
    ("cosine:0.1:floor=0.2", "--learning-rate: expected a floor up to 0.1, got 0.2"),
  ])
  func ratesThatCannotBeAreRefused(_ rate: String, _ line: String) throws {
    let (_, data) = try Stripes.inNewFolder()
    let result = try Command.maru(
      "train --layers 4:softmax --epochs 4 --learning-rate \(rate) --dataset", [data])
    expectFailure(result, 64, line, hint: "maru train --help")
  }

  @Test(arguments: [
    "cosine", "cosine:a", "cosine:0.1:every=1", "step:0.1:every=0", "linear:0.1", "0.1:",
  ])
  func textsThatAreNoneNameTheOption(_ rate: String) throws {
    let result = try Command.maru("train --learning-rate \(rate)")
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("--learning-rate <rate>"), "\(result.errors)")
  }

  /// The exercise's own warm-up is a part of the epochs, so that any number of them will do.
  @Test func theExerciseOfImagesTakesFewEpochs() throws {
    let folder = try TemporaryFolder()
    let result = try Command.maru(
      "train --exercise cnn --epochs 1 --dataset", [folder["none"]])
    #expect(result.exitCode == 66, "\(result.errors)")
  }
}
