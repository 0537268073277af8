import FileTestSupport
import Foundation
import Maru
import Testing

/// Runs that are interrupted, killed, or short of disk, and go on.
struct SurvivalTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  /// Thousands of short steps with dropout, Adam and early stopping, a second in all.
  private func arguments(_ more: String = "--progress none", epochs: Int = 3_000) -> [String] {
    Command.words(
      "train --layers 30:relu,dropout:0.3,4:softmax --optimizer adam --epochs \(epochs) "
        + "--batch-size 8 --seed 5 --split stratified --early-stopping 5000 --threads 2 \(more)")
      + ["--dataset", data]
  }

  /// The model of a run that nothing interrupts.
  private func wholeModel(epochs: Int = 3_000) throws -> Data {
    expectSuccess(try Command.maru(arguments(epochs: epochs) + ["--output", folder["whole"]]))
    return try folder.bytes(of: "whole/model.safetensors")
  }

  private var temporaries: [String] { folder.contents.filter { $0.contains(".tmp") } }

  // MARK: Two processes

  @Test(arguments: ["--progress none", "--progress none --deterministic"])
  func twoProcessesMakeTheSameBytes(_ more: String) throws {
    for name in ["first", "second"] {
      expectSuccess(
        try Command.maru(arguments(more, epochs: 5) + ["--output", folder[name]]))
    }
    let first = try folder.bytes(of: "first/model.safetensors")
    #expect(try folder.bytes(of: "second/model.safetensors") == first)
  }

  @Test func deterministicRunsDoNotDependOnThreads() throws {
    let models = try [1, 2, 5].map { threads in
      let line =
        "train --layers 512:relu,4:softmax --epochs 2 --batch-size 8 --seed 1 --deterministic "
        + "--progress none --threads \(threads)"
      let run = folder["threads\(threads)"]
      expectSuccess(try Command.maru(Command.words(line) + ["--dataset", data, "--output", run]))
      return try folder.bytes(of: "threads\(threads)/model.safetensors")
    }
    #expect(models[1] == models[0] && models[2] == models[0])
  }

  // MARK: Interrupts

  @Test(arguments: [SIGINT, SIGTERM], ["run", "deep/er/run"])
  func interruptSavesTheRunAndSaysHowToGoOn(
    _ signal: Int32, _ output: String
  ) throws {
    let endless = Command.words("train --layers 4:softmax --epochs 100000000 --progress lines")
    let run = folder[output]
    let result = try Command.maru(
      endless + ["--dataset", data, "--output", run], signal: (signal, after: "Epoch 3/"))
    #expect(result.exitCode == 128 + signal)
    let pattern =
      /interrupted in epoch (\d+) after step \d; to go on: maru train --resume (.*)/
    let match = try #require(result.errorLines.last?.wholeMatch(of: pattern))
    #expect(String(match.2) == run)
    #expect(
      folder.contents.filter { $0.hasPrefix(output + "/") } == [output + "/checkpoint.maru"])
    let epoch = try #require(Int(match.1))
    let resume = "train --resume \(run) --progress none --epochs"
    expectFailure(
      try Command.maru(Command.words("\(resume) 1")), 64,
      "--epochs: expected at least \(epoch), which are begun, got 1")
    let rest = try Command.maru(Command.words("\(resume) \(epoch)"))
    expectSuccess(rest)
    #expect(rest.outputLines.last == "saved: \(run)")
    #expect(!folder.contents.contains(output + "/checkpoint.maru"))
  }

  /// nohup has the hangup ignored, and the run go on to its end.
  @Test(arguments: [("env --default-signal=HUP", "129"), ("nohup", "0")])
  func theEndOfTheTerminalSavesTheRun(_ start: String, _ exitCode: String) throws {
    let result = try Command.shell(
      #"""
      run=$1; shift
      \#(start) "$0" "$@" --checkpoint-every 500 --output "$run" & child=$!
      until [ -e "$run/checkpoint.previous.maru" ]; do sleep 0.01; done
      kill -HUP $child; wait $child; echo $?
      """#, [folder["run"]] + arguments(epochs: 1_000))
    #expect(result.outputLines.last == exitCode)
    if exitCode == "0" {
      #expect(try folder.bytes(of: "run/model.safetensors") == wholeModel(epochs: 1_000))
    } else {
      #expect(
        result.errorLines.last?.hasSuffix("to go on: maru train --resume \(folder["run"])") == true)
      #expect(folder.contents.contains("run/checkpoint.maru"))
    }
  }

  @Test func interruptWithoutAFolderLeavesNothing() throws {
    let result = try Command.maru(
      Command.words("train --layers 4:softmax --epochs 100000000 --progress lines")
        + ["--dataset", data], signal: (SIGINT, after: "Epoch 3/"))
    #expect(result.exitCode == 130)
    #expect(folder.contents.allSatisfy { $0.hasPrefix("data") })
  }

  /// The first interrupt waits for the end of a step, of which the only one takes long.
  @Test func aSecondInterruptEndsTheCommandAtOnce() throws {
    let line =
      "train --layers 9000:relu,9000:relu,4:softmax --batch-size full --epochs 1000000 "
      + "--optimizer adam --progress none --threads 1"
    let result = try Command.shell(
      #"""
      "$0" \#(line) --dataset "$1" --output "$2" & child=$!
      # From when its folder is there, a first signal is noted; then the step begins.
      until [ -d "$2" ]; do sleep 0.05; done; sleep 2
      kill -INT $child; sleep 0.05; kill -INT $child; wait $child; echo $?
      """#, [data, folder["run"]])
    #expect(result.outputLines.last == "130")
    #expect(result.errors == "")
    #expect(temporaries.isEmpty)
  }

  @Test(arguments: ["checkpoint.maru", "checkpoint.previous.maru"])
  func anInterruptedRunIsNotOverwritten(_ name: String) throws {
    try folder.write([1], to: "run/\(name)")
    let result = try Command.maru(arguments() + ["--output", folder["run"]])
    expectFailure(
      result, 64,
      "--output \(folder["run"]): holds a run that was interrupted; go on with it by maru train "
        + "--resume \(folder["run"]), or remove \(folder["run"])/\(name)")
    #expect(try folder.bytes(of: "run/\(name)") == Data([1]))
  }

  // MARK: Kills

  /// Kills a training at random moments, again and again, until it gets through. It saves its state
  /// after every step, so that kills come while a checkpoint is written.
  @Test func killedRunsGoOnToTheSameBytes() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = RandomGenerator(seed: seed)
    let whole = try wholeModel(epochs: 200)
    var (kills, killedWrites) = (0, 0)
    while kills < 25 {
      try? FileManager.default.removeItem(atPath: folder["run"])
      var (isComplete, wasKilled) = (false, false)
      while !isComplete {
        let hasBegun = folder.contents.contains("run/checkpoint.maru")
        let call =
          hasBegun
          ? ["train", "--resume", folder["run"], "--progress", "none"]
          : arguments(epochs: 200) + ["--checkpoint-every", "1", "--output", folder["run"]]
        let result = try Command.shell(
          #"exec timeout -s KILL \#(generator.uniform(0.05, 1)) "$0" "$@""#, call)
        wasKilled = result.exitCode != 0
        kills += wasKilled ? 1 : 0
        // A kill may also come after the model was saved, while the report is made.
        isComplete =
          folder.contents.contains("run/model.safetensors")
          && !folder.contents.contains("run/checkpoint.maru")
        killedWrites += temporaries.isEmpty ? 0 : 1
        // The file and the link to the one before it: those of earlier kills are gone.
        #expect(temporaries.count <= 2, "seed \(seed)")
        #expect([0, 137, -9].contains(result.exitCode), "\(result.errors), seed \(seed)")
      }
      #expect(try folder.bytes(of: "run/model.safetensors") == whole, "seed \(seed)")
      #expect(wasKilled || temporaries.isEmpty, "seed \(seed)")
    }
    #expect(killedWrites > 0, "seed \(seed)")
  }

  @Test func aDamagedCheckpointGivesWayToTheOneBefore() throws {
    let whole = try wholeModel()
    try interruptRun("--progress lines --checkpoint-every 5")
    var bytes = try folder.bytes(of: "run/checkpoint.maru")
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: "run/checkpoint.maru")
    let path = folder["run/checkpoint.maru"]
    let result = try Command.maru(
      Command.words(
        "train --resume \(folder["run"]) --progress none --checkpoint-every 10000"))
    #expect(result.exitCode == 0)
    #expect(result.errorLines.count == 1)
    #expect(
      result.errors.hasPrefix("\(path): not a whole checkpoint: the checksum of section ")
        && result.errors.hasSuffix(" is wrong; going on from the one before\n"))
    #expect(try folder.bytes(of: "run/model.safetensors") == whole)
  }

  /// The settings of a checkpoint may be such as no command line gives, its checksums being right.
  @Test(arguments: [
    #""threads":2"#: #""threads":0"#, #""epochs":3000"#: #""epochs":-1"#,
    #""earlyStopping":5000"#: #""earlyStopping":-3"#, #""layers":{"l2":0"#: #""layers":{"l2":-1"#,
    #"{"samples":{"_0":8}}"#: #"{"samples":{"_0":0}}"#, "4:softmax": "4:softmix",
    #""learningRate":0.001"#: #""learningRate":-1"#, #""tolerance":"#: #""tolerence":"#,
  ])
  func impossibleSettingsOfACheckpointAreRefused(_ sound: String, _ broken: String) throws {
    try interruptRun()
    let path = folder["run/checkpoint.maru"]
    let checkpoint = try Checkpoint(contentsOf: path)
    #expect(checkpoint.settings.contains(sound), "\(checkpoint.settings)")
    try Checkpoint(
      checkpoint.state, settings: checkpoint.settings.replacing(sound, with: broken)
    ).write(to: path)
    try FileManager.default.removeItem(atPath: folder["run/checkpoint.previous.maru"])
    expectFailure(
      try Command.maru(["train", "--resume", folder["run"]]), 65,
      "\(path): not a checkpoint of maru train")
  }

  @Test func aRunByLBFGSGoesOnToTheSameBytes() throws {
    let line =
      "train --layers 256:tanh,256:tanh,4:softmax --optimizer lbfgs --l2 0.001 --tolerance 0 "
      + "--seed 2 --epochs 190"
    let call = Command.words(line) + ["--dataset", data]
    expectSuccess(
      try Command.maru(call + ["--progress", "none", "--output", folder["whole"]]))
    let result = try Command.maru(
      call + ["--progress", "lines", "--output", folder["run"]],
      signal: (SIGINT, after: "Epoch 3/"))
    try #require(result.errors.contains("to go on"), "\(result.errors)")
    expectFailure(
      try Command.maru(
        Command.words("train --resume \(folder["run"]) --learning-rate 0.5")), 64,
      "--learning-rate: expected without --optimizer lbfgs, which finds its steps itself")
    expectSuccess(
      try Command.maru(Command.words("train --resume \(folder["run"]) --progress none")))
    #expect(
      try folder.bytes(of: "run/model.safetensors")
        == folder.bytes(of: "whole/model.safetensors"))
  }

  /// Leaves a run in the folder that was interrupted early.
  private func interruptRun(_ more: String = "--progress lines") throws {
    let result = try Command.maru(
      arguments(more) + ["--output", folder["run"]], signal: (SIGINT, after: "Epoch 3/"))
    try #require(result.exitCode == 130, "\(result.errors)")
  }

  // MARK: Writes that fail

  /// Cuts off the writing of a checkpoint after so many bytes.
  @Test func aWriteThatFailsLosesNothing() throws {
    let whole = try wholeModel()
    try interruptRun()
    let interrupted = try folder.bytes(of: "run/checkpoint.maru")
    for count in [0, 1, 17, 500, 2_000, interrupted.count / 2, interrupted.count - 1] {
      let result = try Command.shell(
        #"exec prlimit --fsize=\#(count) "$0" train --resume "$1" --progress none "#
          + "--checkpoint-every 7", [folder["run"]])
      expectFailure(
        result, 74, "\(folder["run"])/checkpoint.maru: cannot write: File too large")
      #expect(try folder.bytes(of: "run/checkpoint.maru") == interrupted)
      #expect(temporaries.isEmpty)
    }
    expectSuccess(
      try Command.maru(Command.words("train --resume \(folder["run"]) --progress none")))
    #expect(try folder.bytes(of: "run/model.safetensors") == whole)
  }

  /// A disk so small that there is no room for another checkpoint.
  @Test(.enabled(if: Tmpfs.isPossible, "needs root or user namespaces, to mount a small tmpfs"))
  func aFullDiskLosesNothing() throws {
    let whole = try wholeModel()
    let disk = folder["disk"]
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
    let result = try Tmpfs.run(
      #"""
      maru=$1; disk=$2; shift 2
      mount -t tmpfs -o size=256k tmpfs "$disk" || exit 1
      "$maru" "$@" --checkpoint-every 10 --output "$disk/run" 2>"$disk.errors" & child=$!
      until [ -e "$disk/run/checkpoint.previous.maru" ]; do sleep 0.01; done
      head -c 300000 /dev/zero >"$disk/filler" 2>/dev/null
      wait $child; echo "exit $?"
      ls -A "$disk/run"
      rm "$disk/filler"
      mount -o remount,size=8m "$disk"
      "$maru" train --resume "$disk/run" --progress none >"$disk.output"; echo "exit $?"
      cp "$disk/run/model.safetensors" "$disk.model"
      """#, [try Command.path(of: "maru"), disk] + arguments())
    #expect(
      result.outputLines == ["exit 74", "checkpoint.maru", "checkpoint.previous.maru", "exit 0"],
      "\(result.errors)")
    #expect(
      try folder.text(of: "disk.errors")
        == "maru: error: \(disk)/run/checkpoint.maru: cannot write: No space left on device\n")
    #expect(try folder.bytes(of: "disk.model") == whole)
  }

  // MARK: Divergence

  /// The checkpoint of the step before the last holds the weights whose loss left the range.
  @Test func aDivergedRunNamesTheLayerAndTheLastGoodCheckpoint() throws {
    let result = try diverge("--learning-rate 1e12 --epochs 9 --batch-size 8 --checkpoint-every 1")
    #expect(result.exitCode == 65)
    let pattern =
      /maru: error: training diverged: the loss became (NaN|infinite) in epoch 1, step (\d); values first left the range in the output of layer (\d), (dense|dense_1); (.*)\n/
    let match = try #require(result.errors.wholeMatch(of: pattern), "\(result.errors)")
    let last = try #require(Int(match.2))
    #expect(
      match.5
        == "the last good checkpoint is of epoch 1, step \(last - 2); to go on from it: maru train "
        + "--resume \(folder["run"]) --learning-rate R, R below 1e+12")
    // Its weights are numbers, but no success any more.
    let resumed = try Command.maru(
      Command.words("train --resume \(folder["run"]) --learning-rate 1e-9 --progress none"))
    #expect(resumed.exitCode == 65 && resumed.output.hasSuffix("saved: \(folder["run"])\n"))
    let end =
      /maru: error: training diverged: the loss ended at .*; train anew with a lower --learning-rate; the model is saved all the same\n/
    #expect(resumed.errors.wholeMatch(of: end) != nil, "\(resumed.errors)")
  }

  @Test func whereNoCheckpointIsGoodNoneIsLeft() throws {
    let result = try diverge("--learning-rate 1e30 --epochs 9 --batch-size 8 --checkpoint-every 1")
    #expect(result.exitCode == 65)
    #expect(result.errors.hasSuffix("; try a --learning-rate below 1e+30\n"))
    #expect(folder.contents.allSatisfy { $0.hasPrefix("data") })
  }

  /// The only step's loss is that of the weights before it.
  @Test(arguments: ["1e30", "1e15"]) func whatTheLastStepLosesIsTold(_ rate: String) throws {
    let result = try diverge("--learning-rate \(rate) --epochs 1 --batch-size full")
    #expect(result.exitCode == 65)
    let end =
      /maru: error: training diverged: the loss ended at \S+, that of the untrained model is \d\.\d{4}; try a --learning-rate below \S+; the model is saved all the same\n/
    #expect(result.errors.wholeMatch(of: end) != nil, "\(result.errors)")
    #expect(folder.contents.contains("run/model.safetensors"))
  }

  /// One row of the test part, and what it leaves of the training part.
  @Test(arguments: ["3e38", "1e30"]) func aTestPartOutOfRangeIsNotBlamedOnTraining(
    _ value: String
  ) throws {
    // The last fifth is for testing.
    let rows = (0..<100).map { row in
      (0..<20).map { row == 89 ? value + "," : "\(row * $0 % 7)," }.joined() + "\(row % 2)\n"
    }
    let table = try folder.write(Array(rows.joined().utf8), to: "table.csv")
    let result = try Command.maru(
      Command.words(
        "train --layers 32:relu,2:softmax --epochs 3 --seed 1 --progress none "
          + "--scale none --split last")
        + ["--dataset", table, "--output", folder["run"]])
    #expect(result.outputLines.last == "saved: \(folder["run"])")
    #expect(folder.contents.contains("run/report.html"))
    if value == "1e30" { return #expect(result.exitCode == 0) }
    #expect(result.exitCode == 65)
    let line =
      /maru: error: the loss of the test samples is not finite, where that of the training samples is \d\.\d{4}; look for values out of range in the test part; the model is saved all the same\n/
    #expect(result.errors.wholeMatch(of: line) != nil, "\(result.errors)")
  }

  private func diverge(_ line: String) throws -> ProcessResult {
    try Command.maru(
      Command.words("train --layers 30:relu,4:softmax --seed 1 --progress none \(line)")
        + ["--dataset", data, "--output", folder["run"]])
  }
}

/// Scripts in a mount namespace of their own.
private enum Tmpfs {
  private static let command = getuid() == 0 ? ["unshare", "-m"] : ["unshare", "-rm"]

  static func run(_ script: String, _ arguments: [String]) throws -> ProcessResult {
    let environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }
    return try ChildProcess.run(
      "/usr/bin/env", command + ["sh", "-c", script, "sh"] + arguments, environment: environment)
  }

  static let isPossible =
    (try? run("mount -t tmpfs -o size=64k tmpfs /mnt", []).exitCode == 0) ?? false
}
