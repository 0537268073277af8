import FileTestSupport
import Foundation
import Testing

/// The folder of a run, and who else may be there.
struct RunFolderTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private static let line = "train --layers 4:softmax --batch-size 8"
  private static let endless = "\(line) --epochs 100000000"

  // MARK: Two processes

  /// The first one's folder is there from the start, and stays until it is killed.
  @Test(arguments: ["", "--checkpoint-every 5"])
  func aFolderThatIsTrainedIntoIsRefused(_ more: String) throws {
    let isThere = more.isEmpty ? "-d \"$2\"" : "-e \"$2/checkpoint.maru\""
    let result = try Command.shell(
      #"""
      train="$0 \#(Self.endless) --progress none --dataset $1 --output $2"
      $train \#(more) & child=$!
      until [ \#(isThere) ]; do sleep 0.01; done
      sleep 0.1
      timeout 20 $train; echo $?
      if [ -e "$2/checkpoint.maru" ]; then timeout 20 "$0" train --resume "$2"; echo $?; fi
      kill -KILL $child; wait $child
      """#, [data, folder["run"]])
    let options = more.isEmpty ? ["--output"] : ["--output", "--resume"]
    #expect(result.outputLines == options.map { _ in "64" })
    #expect(
      result.errorLines.filter { $0.hasPrefix("maru") }
        == options.map {
          "maru: error: \($0) \(folder["run"]): another process is training into this folder"
        })
    if more.isEmpty {
      let train = Command.words("\(Self.line) --epochs 1 --progress none")
      expectSuccess(try Command.maru(train + ["--dataset", data, "--output", folder["run"]]))
    } else {
      try finish(try Command.maru(["train", "--resume", folder["run"], "--epochs", "1"]))
    }
  }

  /// The one that gets the folder keeps it, whoever has made it.
  @Test func ofThoseThatStartAtOnceOneTrains() throws {
    let result = try Command.shell(
      #"""
      for n in 1 2 3 4 5; do
        timeout 60 "$0" \#(Self.endless) --progress none --checkpoint-every 1000 --dataset "$1" \
          --output "$2" 2>>"$2.errors" & all="$all $!"
      done
      for n in $(seq 300); do
        refused=$(grep -c "another process is training into this folder" "$2.errors")
        [ "$refused" = 4 ] && [ -e "$2/checkpoint.maru" ] && break
        sleep 0.1
      done
      kill $all 2>/dev/null
      for child in $all; do wait $child; echo $?; done
      """#, [data, folder["run"]])
    #expect(result.outputLines.sorted() == ["143", "64", "64", "64", "64"], "\(result.errors)")
    #expect(folder.contents.contains("run/checkpoint.maru"))
  }

  /// Goes on with a run to the end of the epoch that it is in, which a refusal or an interruption
  /// tells.
  private func finish(
    _ stopped: ProcessResult, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let pattern = /.*(?:interrupted in epoch |expected at least )(\d+).*/
    let line = try #require(stopped.errorLines.last, sourceLocation: sourceLocation)
    let match = try #require(
      line.wholeMatch(of: pattern), "\(line)", sourceLocation: sourceLocation)
    expectSuccess(
      try Command.maru(
        Command.words("train --progress none --epochs \(match.1) --resume \(folder["run"])")),
      sourceLocation: sourceLocation)
  }

  // MARK: An earlier run

  @Test func anEarlierRunBesideACheckpointIsToldOf() throws {
    let run = folder["run"]
    let into = ["--dataset", data, "--output", run]
    expectSuccess(
      try Command.maru(Command.words("\(Self.line) --epochs 2 --progress none") + into))
    let reads = [
      ["evaluate", run, "--dataset", data], ["predict", run, "--dataset", data], ["summary", run],
      ["export", run, "--to", "npz", "--force", "--output", folder["weights.npz"]],
      ["compare", run, run + "/history.json"],
      ["plot", run, "--force", "--output", folder["loss.svg"]],
    ]
    let before = try reads.map { try Command.maru($0) }
    for result in before { expectSuccess(result) }
    let stopped = try Command.maru(
      Command.words("\(Self.endless) --progress lines --force") + into,
      signal: (SIGINT, after: "Epoch 3/"))
    #expect(stopped.exitCode == 130)
    for (read, earlier) in zip(reads, before) {
      let result = try Command.maru(read)
      #expect(result.exitCode == 0 && result.output == earlier.output)
      #expect(
        result.errorLines == [
          "\(run): the model and its history are of an earlier run than the one interrupted there; "
            + "to go on with that: maru train --resume \(run)"
        ])
    }
    try finish(stopped)
    let after = try Command.maru(reads[0])
    expectSuccess(after)
    #expect(after.output != before[0].output)
  }

  @Test func aRunThatIsNotFinishedNamesTheWayOn() throws {
    let run = folder["it's a run"]
    let stopped = try Command.maru(
      Command.words("\(Self.endless) --progress lines") + ["--dataset", data, "--output", run],
      signal: (SIGINT, after: "Epoch 3/"))
    #expect(stopped.exitCode == 130)
    let history = try folder.write(Array(#"{"loss": [1]}"#.utf8), to: "history.json")
    for read in [
      ["evaluate", run, "--dataset", data], ["predict", run, "--dataset", data],
      ["predict", run, "a.png"], ["summary", run], ["compare", history, run],
      ["plot", run, "--output", folder["a.svg"]],
      ["export", run, "--to", "npz", "--output", folder["a.npz"]],
    ] {
      expectFailure(
        try Command.maru(read), 66,
        "\(run): the run is not finished, and has no model and no history yet; to go on with it: "
          + "maru train --resume '\(folder.path)/it'\\''s a run'")
    }
    #expect(folder.contents.filter { $0.hasPrefix("a.") } == [])
  }

  // MARK: Interrupts after training

  /// The last epoch is told of before the test samples are scored and the pictures drawn.
  @Test(arguments: [SIGINT, SIGTERM])
  func anInterruptAfterTheLastStepIsNotLost(_ signal: Int32) throws {
    let count = 20_000
    let large = try Stripes.write(
      to: folder,
      changing: [
        Stripes.names[2]: idx([count, 4, 5], Stripes.pixels(count)),
        Stripes.names[3]: idx([count], Stripes.labels(count)),
      ])
    let result = try Command.maru(
      Command.words("train --layers 300:relu,4:softmax --epochs 2 --progress lines")
        + ["--dataset", large, "--output", folder["run"]],
      signal: (signal, after: "Epoch 2/2 - "))
    #expect(result.exitCode == 128 + signal)
    #expect(result.outputLines.last == "saved: \(folder["run"])")
    #expect(
      result.errorLines.last
        == "interrupted after the last step; the model is saved, its report and curves are not")
    expectSuccess(try Command.maru(["summary", folder["run"]]))
    #expect(!folder.contents.contains("run/checkpoint.maru"))
  }

  /// A Ctrl-C reaches both programs of a pipe, and the other may be gone first.
  @Test func anInterruptTellsItsCodeToNobodyToo() throws {
    let result = try Command.shell(
      #"""
      mkfifo "$3"; sleep 0.2 < "$3" & reader=$!
      "$0" \#(Self.endless) --progress none --checkpoint-every 5 --dataset "$1" --output "$2" \
        > "$3" 2>&1 & child=$!
      wait $reader; until [ -e "$2/checkpoint.maru" ]; do sleep 0.01; done
      kill -INT $child; wait $child; echo $?
      """#, [data, folder["run"], folder["pipe"]])
    #expect(result.outputLines == ["130"])
  }

  // MARK: Leftovers

  @Test func everyCommandThatWritesRemovesLeftovers() throws {
    let run = folder["run"]
    let into = ["--dataset", data, "--output", run]
    expectSuccess(
      try Command.maru(Command.words("\(Self.line) --epochs 2 --progress none") + into))
    let weights = folder["weights.npz"]
    expectSuccess(try Command.maru(["export", run, "--to", "npz", "--output", weights]))
    let calls = [
      Command.words("\(Self.line) --epochs 1 --progress none --dataset \(data) --output"),
      ["fit-linear", "--dataset", data, "--output"],
      ["export", run, "--to", "npz", "--output"], ["export", run, "--to", "onnx", "--output"],
      ["export", run, "--to", "pytorch", "--output"],
      ["import", weights, "--layers", "4:softmax", "--output"],
      ["predict", run, "--dataset", data, "--output"],
    ]
    for (index, call) in calls.enumerated() {
      let name = "out\(index)"
      let takesFolder = call[0] == "train" || call.contains("pytorch")
      try folder.write([1], to: "\(name)/.maru-left.tmp")
      expectSuccess(try Command.maru(call + [folder[name] + (takesFolder ? "" : "/file.npy")]))
      let left = folder.contents.filter { $0.hasPrefix("\(name)/") }
      #expect(!left.isEmpty && !left.contains("\(name)/.maru-left.tmp"), "\(call)")
    }
  }

  // MARK: Folders of exports

  @Test func anExportThatFailsMidwayLeavesNoFolder() throws {
    let run = try StripesRun()
    let place = try TemporaryFolder()
    let result = try Command.shell(
      #"exec prlimit --fsize=100 "$0" export "$1" --to pytorch --output "$2""#,
      [run.path, place["a/b"]])
    expectFailure(
      result, 74, "\(place["a/b"])/weights.safetensors: cannot write: File too large")
    #expect(place.contents.isEmpty)
    try place.write([1], to: "file")
    expectFailure(
      try Command.maru(["export", run.path, "--to", "pytorch", "--output", place["file/a"]]), 74,
      "--output \(place["file/a"]): cannot create the folder: Not a directory")
  }

  @Test(arguments: [Float.nan, .infinity])
  func weightsThatAreNotFiniteAreNotImported(_ weight: Float) throws {
    let run = try StripesRun()
    let place = try TemporaryFolder()
    let weights = place["weights.safetensors"]
    expectSuccess(
      try Command.maru(["export", run.path, "--to", "pytorch", "--output", place.path]))
    var bytes = try place.bytes(of: "weights.safetensors")
    withUnsafeBytes(of: weight.bitPattern.littleEndian) {
      bytes.replaceSubrange((bytes.count - 4)..., with: $0)
    }
    try place.write(bytes, to: "weights.safetensors")
    expectFailure(
      try Command.maru(["import", weights, "--layers", "4:softmax", "--output", place["model"]]),
      65, "\(weights): the weights are not finite, so that a model of them could predict nothing")
    #expect(!place.contents.contains("model"))
  }
}
