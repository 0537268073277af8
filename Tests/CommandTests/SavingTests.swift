import FileTestSupport
import Foundation
import Testing

/// A trained model is saved whatever happens to what only shows it.
struct SavingTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private static let line = "train --layers 4:softmax --epochs 2 --batch-size 16 --seed 1"
  private static let all = [
    "accuracy.svg", "history.csv", "history.json", "loss.svg", "model.safetensors", "report.html",
    "state.maru", "summary.txt",
  ]
  private static let texts = [
    "history.csv", "history.json", "model.safetensors", "state.maru", "summary.txt",
  ]

  private func arguments(_ more: String = "--progress none") -> [String] {
    Command.words("\(Self.line) \(more)") + ["--dataset", data, "--output", folder["run"]]
  }

  /// The names in the run's folder.
  private var saved: [String] {
    folder.contents.filter { $0.hasPrefix("run/") }.map { String($0.dropFirst(4)) }
  }

  private func expectWholeModel(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let result = try Command.maru(["evaluate", folder["run"], "--dataset", data])
    expectSuccess(result, sourceLocation: sourceLocation)
  }

  /// A program in gnuplot's place.
  private func environment(gnuplot script: String) throws -> [String: String] {
    let path = try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "bin/gnuplot")
    #expect(chmod(path, 0o755) == 0)
    let others = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return ["PATH": "\(folder["bin"]):\(others)"]
  }

  // MARK: What fails alone

  @Test func aGnuplotThatFailsIsTold() throws {
    let result = try Command.maru(
      arguments(), environment: environment(gnuplot: "echo broken >&2; exit 3"))
    #expect(result.exitCode == 74)
    #expect(result.outputLines.last == "saved: \(folder["run"])")
    #expect(
      result.errorLines == [
        "maru: error: \(folder["run"]): the model is saved, but not accuracy.svg, loss.svg: "
          + "gnuplot did not draw; it said: broken"
      ])
    #expect(saved == (Self.texts + ["report.html"]).sorted())
    #expect(try folder.text(of: "run/report.html").contains("it said: broken"))
  }

  /// A gnuplot that fails with the data of one picture alone.
  @Test(arguments: ["val_accuracy", "val_loss", "probabilities0"])
  func aPictureThatFailsTakesNoOtherWithIt(_ mark: String) throws {
    let environment = try environment(
      gnuplot: #"""
        commands=$(cat); PATH=${PATH#*:}
        case $commands in *'$\#(mark) <<'*) echo broken >&2; exit 3;; esac
        printf '%s\n' "$commands" | exec gnuplot "$@"
        """#)
    let result = try Command.maru(arguments(), environment: environment)
    #expect(result.exitCode == 74)
    let lost = ["val_accuracy": "accuracy.svg", "val_loss": "loss.svg"][mark]
    #expect(
      result.errorLines == [
        "maru: error: \(folder["run"]): the model is saved, but not "
          + "\(lost ?? "a picture of report.html"): gnuplot did not draw; it said: broken"
      ])
    #expect(saved == Self.all.filter { $0 != lost })
    let report = try folder.text(of: "run/report.html")
    #expect(report.contains("it said: broken") && report.contains("<svg "))
    guard mark == "probabilities0" else { return }
    let paths = ["c.svg", "m.svg", "f.svg"].map { folder[$0] }
    let drawn = try Command.maru(
      ["predict", folder["run"], "--dataset", data, "--chart", paths[0], "--mistakes", paths[1]]
        + ["--confusion", paths[2]], environment: environment)
    #expect(drawn.exitCode == 74)
    #expect(drawn.errors.contains("maru: error: gnuplot did not draw; it said: broken\n"))
    #expect(drawn.outputLines.contains("saved: \(paths[2])"))
    #expect(drawn.outputLines.last?.hasPrefix("accuracy score: ") == true)
    #expect(!folder.contents.contains("c.svg"))
  }

  /// A file may have 4,096 bytes, which the model fits into and the report does not.
  @Test func aFullDiskTakesOnlyWhatDoesNotFit() throws {
    let result = try Command.shell(
      #"exec prlimit --fsize=4096 "$0" "$@""#, arguments())
    #expect(result.exitCode == 74)
    #expect(
      result.errorLines == [
        "maru: error: \(folder["run"]): the model is saved, but not report.html, accuracy.svg, "
          + "loss.svg: \(folder["run"])/report.html: cannot write: File too large"
      ])
    #expect(saved == Self.texts)
    try expectWholeModel()
  }

  /// Something else takes the place of a file while training runs.
  @Test(arguments: Self.all)
  func whatIsInTheWayOfAFileIsInTheWayOfThatAlone(_ name: String) throws {
    let others = Self.all.filter { $0 != name && $0 != "model.safetensors" }
    for other in Self.all where other != name {
      try folder.write(Array("old".utf8), to: "run/\(other)")
    }
    let result = try Command.shell(
      #"""
      run=$1; name=$2; shift 2
      "$0" "$@" & child=$!
      until [ -e "$run/checkpoint.previous.maru" ]; do sleep 0.01; done
      mkdir "$run/$name"
      wait $child; echo $?
      """#,
      [folder["run"], name]
        + arguments("--progress none --force --checkpoint-every 2000 --epochs 5000"))
    let path = folder["run/\(name)"]
    let reason = "\(path): cannot write: expected a file, found a folder or a device"
    #expect(result.outputLines.last == "74")
    if name == "model.safetensors" {
      // All is as it was before, and the run can go on.
      #expect(result.errorLines == ["maru: error: \(reason)"])
      for other in others { #expect(try folder.text(of: "run/\(other)") == "old") }
      #expect(rmdir(path) == 0)
      expectSuccess(
        try Command.maru(["train", "--resume", folder["run"], "--progress", "none"]))
      #expect(saved == Self.all)
    } else {
      #expect(
        result.errorLines == [
          "maru: error: \(folder["run"]): the model is saved, but not \(name): \(reason)"
        ])
      for other in others { #expect(try folder.text(of: "run/\(other)") != "old") }
      #expect(saved == Self.all)
    }
    try expectWholeModel()
  }

  // MARK: Descriptors

  /// Foundation's `Process`, and the queues of Dispatch, trap where they get none.
  @Test(arguments: 5...16)
  func withFewDescriptorsTheModelIsSaved(_ count: Int) throws {
    let result = try Command.shell(
      #"ulimit -n \#(count); exec "$0" "$@""#, arguments() + ["--threads", "2"])
    #expect([0, 74].contains(result.exitCode))
    #expect(result.outputLines.last == "saved: \(folder["run"])")
    #expect(result.errorLines.count == (result.exitCode == 0 ? 0 : 1), "\(result.errors)")
    if result.exitCode != 0 {
      #expect(
        result.errors.hasPrefix("maru: error: \(folder["run"]): the model is saved, but not ")
          && result.errors.hasSuffix(": Too many open files\n"), "\(result.errors)")
    }
    #expect(saved.filter(Self.texts.contains) == Self.texts)
    try expectWholeModel()
  }

  @Test(arguments: ["svg", "png"])
  func aPlotWithoutDescriptorsIsTold(_ ending: String) throws {
    expectSuccess(try Command.maru(arguments()))
    let plot = [folder["run"], folder["plot.\(ending)"]]
    let result = try Command.shell(
      #"ulimit -n 7; exec "$0" plot "$1" --output "$2""#, plot)
    #expect(result.exitCode == 74 && result.output == "")
    #expect(result.errorLines.count == 1)
    #expect(
      result.errors.hasPrefix("maru: error: gnuplot cannot be run: ")
        && result.errors.hasSuffix("/gnuplot: Too many open files\n"), "\(result.errors)")
    #expect(!folder.contents.contains("plot.\(ending)"))
  }

  // MARK: Readers that are gone

  /// `head` reads a line and ends; what is told later, and what came out, has no reader.
  @Test(arguments: ["2>&1 | head -n 1", "2>&1 >/dev/null | head -n 1", "2>&1 | true"])
  func aClosedPipeDoesNotEndTraining(_ reader: String) throws {
    let result = try Command.shell(
      #"{ "$0" "$@"; echo $? > "$CODE"; } \#(reader)"#.replacing(
        "$CODE", with: folder["code"]), arguments("--progress lines --epochs 300"))
    #expect(result.errors == "")
    let expected = reader.contains("/dev/null") ? "0\n" : "74\n"
    #expect(try folder.text(of: "code") == expected)
    #expect(saved == Self.all)
    try expectWholeModel()
  }

  @Test func aClosedPipeOfResultsIsToldAndTheRunIsSaved() throws {
    let result = try Command.shell(
      #"{ "$0" "$@"; echo $? >&2; } | true"#, arguments())
    #expect(
      result.errorLines == ["maru: error: standard output: Broken pipe", "74"]
        || result.errorLines == [
          "maru: error: standard output: not all of it could be written", "74",
        ], "\(result.errors)")
    #expect(saved == Self.all)
  }

  /// Files do not get the numbers of closed descriptors, into which lines would be written.
  @Test(arguments: [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
  func closedDescriptorsAreNotThoseOfFiles(_ closed: String) throws {
    let result = try Command.shell(
      #""$0" "$@" \#(closed); exit $?"#, arguments("--progress lines"))
    #expect(result.exitCode == (closed.contains(">&- ") || closed == ">&-" ? 74 : 0))
    #expect(saved == Self.all)
    try expectWholeModel()
  }

  // MARK: Signals

  /// A gnuplot that hangs ends, too.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsTheReportAtOnce(_ signal: Int32) throws {
    let result = try interrupt(arguments(), by: signal)
    #expect(
      result.outputLines.suffix(2) == ["saved: \(folder["run"])", "\(128 + signal) ended"])
    #expect(
      result.errorLines == [
        "interrupted after the last step; the model is saved, its report and curves are not"
      ])
    #expect(saved == Self.texts)
    try expectWholeModel()
  }

  @Test func aSignalEndsAPlotAndItsGnuplot() throws {
    let history = try folder.write(Array(#"{"accuracy": [0.5], "loss": [1]}"#.utf8), to: "h.json")
    let result = try interrupt(["plot", history, "--output", folder["p.svg"]], by: SIGTERM)
    #expect(result.outputLines == ["143 ended"] && result.errors == "")
  }

  /// Runs the command with a gnuplot that hangs, interrupts it there, and waits until gnuplot is gone.
  private func interrupt(_ arguments: [String], by signal: Int32) throws -> ProcessResult {
    let here = folder["here"]
    let environment = try environment(
      gnuplot: "echo $$ > '\(here)'.$$; mv '\(here)'.$$ '\(here)'; trap '' HUP PIPE; sleep 1000")
    return try Command.shell(
      #"""
      here=$1; signal=$2; export PATH=$3; shift 3
      env --default-signal=HUP,INT "$0" "$@" & child=$!
      until [ -e "$here" ]; do sleep 0.01; done
      kill -$signal $child; wait $child; code=$?
      # Its group; who is dead (Z) may wait for long to be buried.
      runs() {
        cat /proc/[0-9]*/stat 2> /dev/null | sed 's/.*) //' \
          | awk -v group="$gnuplot" '$3 == group && $1 != "Z" { n++ } END { exit n == 0 }'
      }
      turns=0; gnuplot=$(cat "$here")
      while runs && [ $turns -lt 100 ]; do turns=$((turns + 1)); sleep 0.1; done
      if runs; then kill -KILL -$gnuplot; echo $code runs on; else echo $code ended; fi
      """#, [here, "\(signal)", environment["PATH"] ?? ""] + arguments)
  }

  // MARK: What is there already

  @Test func aFinishedRunIsReplacedWithForceAlone() throws {
    expectSuccess(try Command.maru(arguments()))
    let before = try folder.bytes(of: "run/model.safetensors")
    // Before the data are looked for.
    let again = Command.words("\(Self.line) --dataset nowhere --output \(folder["run"])")
    expectFailure(
      try Command.maru(again), 64,
      "--output \(folder["run"]): \(folder["run"])/model.safetensors is there already; "
        + "add --force to replace it")
    #expect(try folder.bytes(of: "run/model.safetensors") == before)
    // Of a run that could draw nothing no curve of the one before stays.
    let bare = try Command.maru(
      arguments("--progress json --force --learning-rate 0.5"), environment: ["PATH": folder.path])
    #expect(bare.exitCode == 0)
    #expect(try folder.bytes(of: "run/model.safetensors") != before)
    #expect(saved == (Self.texts + ["report.html"]).sorted())
  }

  @Test(arguments: ["history.json", "summary.txt", "loss.svg"])
  func filesOfTheUserAreNotReplacedEither(_ name: String) throws {
    try folder.write(Array("mine".utf8), to: "run/\(name)")
    expectFailure(
      try Command.maru(arguments()), 64,
      "--output \(folder["run"]): \(folder["run"])/\(name) is there already; "
        + "add --force to replace it")
    #expect(try folder.text(of: "run/\(name)") == "mine")
  }

  @Test func modelsAndExportsAreReplacedWithForceAlone() throws {
    expectSuccess(try Command.maru(arguments()))
    let weights = folder["weights.npz"]
    expectSuccess(try Command.maru(["export", folder["run"], "--to", "npz", "--output", weights]))
    let calls = [
      ["fit-linear", "--dataset", data, "--output"],
      ["import", weights, "--layers", "4:softmax", "--output"],
      ["export", folder["run"], "--to", "npz", "--output"],
      ["export", folder["run"], "--to", "onnx", "--output"],
      ["export", folder["run"], "--to", "pytorch", "--output"],
    ]
    for (index, call) in calls.enumerated() {
      let takesFolder = call.contains("pytorch")
      let place = folder["out\(index)"]
      let path = try folder.write(
        Array("mine".utf8), to: "out\(index)" + (takesFolder ? "/network.py" : ""))
      expectFailure(
        try Command.maru(call + [place]), 64,
        "--output \(place): \(takesFolder ? path : "the file") is there already; "
          + "add --force to replace it")
      #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
      expectSuccess(try Command.maru(call + [place, "--force"]))
      #expect(FileManager.default.contents(atPath: path) != Data("mine".utf8))
    }
  }

  @Test func picturesAndPredictionsAreReplacedWithForceAlone() throws {
    expectSuccess(try Command.maru(arguments()))
    let run = folder["run"]
    let (predict, show) = (["predict", run, "--dataset", data], ["data", "show", data])
    let calls = [
      predict + ["--output"], predict + ["--chart"], predict + ["--mistakes"],
      predict + ["--confusion"], ["plot", run, "--output"], ["compare", run, run, "--chart"],
      ["summary", run, "--weights"], show + ["--output"], show + ["--pca"],
    ]
    for (index, call) in calls.enumerated() {
      let name = index == 0 ? "p.npy" : "p\(index).svg"
      let path = try folder.write(Array("mine".utf8), to: name)
      let arguments = call + [path]
      let refused = try Command.maru(arguments)
      expectFailure(
        refused, 64,
        "\(call.last ?? "") \(path): the file is there already; add --force to replace it")
      #expect(try folder.text(of: name) == "mine")
      let forced = try Command.maru(arguments + ["--force"])
      // The weights of a flat model are no image.
      if call.contains("--weights") { continue }
      expectSuccess(forced)
      #expect(try folder.bytes(of: name) != Data("mine".utf8))
    }
  }

  /// Not by force either.
  @Test func predictionsReplaceNoModel() throws {
    expectSuccess(try Command.maru(arguments()))
    let model = try folder.write(Array("mine".utf8), to: "other.safetensors")
    let result = try Command.maru([
      "predict", folder["run"], "--dataset", data, "--force", "--output", model,
    ])
    expectFailure(result, 64, "--output \(model): expected a name that ends in .csv or .npy")
    #expect(try folder.text(of: "other.safetensors") == "mine")
  }

  @Test func forceNeedsAPlace() throws {
    expectFailure(
      try Command.maru("train --force"), 64,
      "--force: expected with --output, where it lets files be replaced", hint: "maru train --help")
    expectFailure(
      try Command.maru("fit-linear --dataset digits --force"), 64,
      "--force: expected with --output, where it lets files be replaced",
      hint: "maru fit-linear --help")
    for (line, options) in [
      ("predict m --dataset d", "--output or the file of a picture"),
      ("data show d", "--output or --pca"), ("summary m", "--weights"), ("compare a b", "--chart"),
    ] {
      let command = Command.words(line).prefix(line.hasPrefix("data") ? 2 : 1)
      expectFailure(
        try Command.maru("\(line) --force"), 64,
        "--force: expected with \(options), where it lets files be replaced",
        hint: "maru \(command.joined(separator: " ")) --help")
    }
    expectFailure(
      try Command.maru("train --resume run --force"), 64, "--force: cannot be changed by --resume",
      hint: "maru train --help")
  }

  // MARK: Many classes

  /// What is printed, drawn and saved has one size for any number of classes.
  @Test func manyClassesAreShownByTheWorst() throws {
    // Every fifth row is for testing.
    let rows = (0..<3_000).map { "\(Double($0) / 3_000),\($0 % 7),class \($0 / 5)\n" }
    let table = try folder.write(Array(("a,b,label\n" + rows.joined()).utf8), to: "many.csv")
    let train = Command.words("train --layers 600:softmax --epochs 1 --progress none --dataset")
    expectSuccess(try Command.maru(train + [table, "--output", folder["run"]]))
    #expect(try folder.bytes(of: "run/report.html").count < 200_000)
    let result = try Command.maru([
      "predict", folder["run"], "--dataset", table, "--confusion", folder["confusion.svg"],
    ])
    expectSuccess(result)
    #expect(try folder.text(of: "confusion.svg").contains("The worst of 600 classes"))
    let evaluation = try Command.maru(["evaluate", folder["run"], "--dataset", table])
    expectSuccess(evaluation)
    #expect(evaluation.outputLines.count == 1 + 27 + 24)
    #expect(evaluation.outputLines[2].hasPrefix("┃ worst 20 of 600 classes ┃"))
    #expect(evaluation.outputLines[29].hasPrefix("┃ most often confused ┃ predicted "))
  }
}
