import FileTestSupport
import Foundation
import Maru
import Testing

/// Text from files on its way to the terminal.
struct HostileTextTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Colours, C1's control sequence, overrides and isolates of direction, lines, and what hides.
  private static let names = [
    "\u{1B}[31mred\u{1B}]0;title\u{7}", "two\nlines\u{9B}2J", "\u{202E}gnp\u{2066}",
    "hid\u{200B}den\u{AD}",
  ]

  private func expectHarmless(
    _ result: ProcessResult, lines: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for text in [result.output, result.errors] {
      let harmful = text.unicodeScalars.filter { scalar in
        switch scalar.properties.generalCategory {
        case .control: scalar != "\n"
        case .format, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
      }
      #expect(harmful.isEmpty, "\(text.debugDescription)", sourceLocation: sourceLocation)
    }
    if let lines {
      #expect(result.outputLines.count == lines, "\(result.output)", sourceLocation: sourceLocation)
    }
  }

  /// Samples of two numbers, whose class is the hostile name.
  private func writeData() throws -> String {
    let rows = (0..<40).map { "\($0 % 4),\($0 % 3),\"\(Self.names[$0 / 5 % 4])\"\n" }
    return try folder.write(Array(rows.joined().utf8), to: "data\u{1B}[31m\u{202E}.csv")
  }

  @Test func classNamesAndPathsAreShownNotSent() throws {
    let data = try writeData()
    let run = folder["run\n\u{1B}[2J"]
    let train = try Command.maru(
      Command.words("train --layers 4 --epochs 2 --progress lines --profile")
        + ["--dataset", data, "--output", run])
    #expect(train.exitCode == 0)
    expectHarmless(train)
    #expect(train.outputLines.last == #"saved: \#(folder.path)/run\n\u{1B}[2J"#)
    let reads: [(arguments: [String], lines: Int?)] = [
      (["data", "show", data], 5 + 7), (["evaluate", run, "--dataset", data], 1 + 11 + 8),
      (["predict", run, "--dataset", data], 1 + 8 + 1), (["summary", run], 7),
      (["compare", run, run], nil), (["plot", run, "--output", folder["\u{1B}.svg"]], 1),
      (["predict", run, "--dataset", data, "--confusion", folder["c.svg"]], 1 + 8 + 2),
      (["fit-linear", "--dataset", data, "--output", folder["\u{202E}fit"]], 3),
      (["export", run, "--to", "npz", "--output", folder["\u{9B}.npz"]], 1),
    ]
    for (arguments, lines) in reads {
      let result = try Command.maru(arguments)
      #expect(result.exitCode == 0, "\(result.errors)")
      expectHarmless(result, lines: lines)
    }
    #expect(
      try Command.maru(["evaluate", run, "--dataset", data]).output.contains(
        #"│ \u{1B}[31mred\u{1B}]0;title\u{7} │"#))
    // What is drawn, and what a browser shows.
    for name in ["c.svg", "run\n\u{1B}[2J/report.html"] {
      let text = try folder.text(of: name)
      for scalar in "\u{1B}\u{9B}\u{202E}\u{2066}\u{200B}".unicodeScalars {
        #expect(!text.unicodeScalars.contains(scalar))
      }
      #expect(text.contains(#"\u{202E}gnp\u{2066}"#))
    }
    // The model keeps its names as they are.
    let names = try ModelFile(contentsOf: run + "/model.safetensors").classNames
    #expect(Set(names) == Set(Self.names))
  }

  @Test func errorsShowWhatTheyFound() throws {
    let data = try writeData()
    let other = try StripesRun()
    let model = try Sequential(inputShape: [2], [Dense(4)])
    try ModelFile(model, classNames: Self.names.map { $0 + "!" }).write(to: folder["m"])
    try Checkpoint(contentsOf: try interrupted(other, core: "\u{1B}[31mHaswell\u{202E}")).write(
      to: folder["copy"])
    let history = #"{"loss": [1], "\u001b[31m": ["x"]}"#
    let results = [
      try Command.maru(["evaluate", folder["m"], "--dataset", data]),
      try Command.maru(["summary", data]),
      try Command.maru(["train", "--resume", folder["no\u{1B}\u{202E}ne"]]),
      try Command.maru(["compare", data, data]),
      try Command.maru(
        ["plot", try folder.write(Array(history.utf8), to: "h.json"), "--output", folder["a.svg"]]),
      try Command.maru(["predict", other.path, "no\u{9B}ne.png"]),
      try Command.maru(["data", "show", "\u{2067}none.csv"]),
      try Command.maru(["train", "--layers", "8:\u{1B}relu", "--dataset", data]),
      try Command.maru(["sum\u{1B}mary\n\u{202E}"]),
    ]
    for result in results {
      #expect([64, 65, 66].contains(result.exitCode), "\(result.errors)")
      expectHarmless(result, lines: 0)
      #expect(result.errorLines[0].hasPrefix("maru: error: "))
      #expect(result.errorLines.dropFirst().allSatisfy { $0.hasPrefix("  See 'maru") })
    }
  }

  @Test func aForgedCheckpointCommandsNothing() throws {
    let run = try StripesRun()
    _ = try interrupted(run, core: "\u{1B}[31mHaswell\u{202E}")
    let result = try Command.maru(
      ["train", "--resume", run.folder["stopped"], "--progress", "none", "--epochs", "99999999"],
      signal: (SIGINT, after: "rounding"))
    expectHarmless(result)
    #expect(result.errors.contains(#"kernels for \u{1B}[31mHaswell\u{202E}, these"#))
  }

  /// The path of a checkpoint that names other kernels than there are.
  private func interrupted(_ run: StripesRun, core: String) throws -> String {
    let stopped = run.folder["stopped"]
    let result = try Command.maru(
      Command.words("train --layers 4 --epochs 99999999 --progress lines")
        + ["--dataset", run.data, "--output", stopped], signal: (SIGINT, after: "Epoch 3/"))
    try #require(result.exitCode == 130)
    let path = stopped + "/checkpoint.maru"
    let checkpoint = try Checkpoint(contentsOf: path)
    let name = try JSONEncoder().encode(core)
    try Checkpoint(
      checkpoint.state,
      settings: checkpoint.settings.replacing(
        #/"core":"[^"]*"/#, with: "\"core\":" + String(decoding: name, as: UTF8.self))
    ).write(to: path)
    return path
  }

  /// A shell that gets the command back understands the path.
  @Test func aPathOfAnyBytesCanBeGoneOnWith() throws {
    let (data, out) = (try Stripes.write(to: folder), folder["it's\n\u{1B}\\ 옷"])
    let stopped = try Command.maru(
      Command.words("train --layers 4 --epochs 100000000 --progress lines")
        + ["--dataset", data, "--output", out], signal: (SIGINT, after: "Epoch 3/"))
    expectHarmless(stopped)
    let line = try #require(stopped.errorLines.last?.firstMatch(of: /to go on: maru (.*)$/)).1
    let epoch = try #require(stopped.errorLines.last?.firstMatch(of: /in epoch (\d+)/)).1
    let result = try ChildProcess.run(
      "/bin/bash",
      ["-c", #""$0" \#(line) --epochs \#(epoch) --progress none"#, try Command.path(of: "maru")],
      environment: ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"])
    expectSuccess(result)
    #expect(FileManager.default.fileExists(atPath: out + "/model.safetensors"))
  }

  // MARK: Long names

  @Test func longNamesAreShortened() throws {
    let long = String(repeating: "long ", count: 400_000)
    let history = #"{"history": {"loss": [1], "\#(long)": [1]}, "params": {"layers": "\#(long)"}}"#
    let path = try folder.write(Array(history.utf8), to: "a.json")
    let result = try Command.maru(["compare", path, path])
    expectSuccess(result)
    #expect(result.output.utf8.count < 200_000)
    let wrong = #"{"history": {"loss": [1], "\#(long)": ["x"]}}"#
    let error = try Command.maru(
      ["plot", try folder.write(Array(wrong.utf8), to: "b.json"), "--output", folder["b.svg"]])
    #expect(error.exitCode == 65 && error.errors.utf8.count < 1_100)
    #expect(error.errors.hasSuffix("long : expected numbers\n"))
  }

  // MARK: Arguments

  /// Bytes that are no UTF-8, as they come in names of older systems.
  @Test(arguments: [
    ("train --dataset digits --epochs 1 --output", "--output"),
    ("train --resume", "--resume"), ("summary", "argument 2"),
    ("compare a", "argument 3"), ("evaluate a --dataset", "--dataset"),
    ("plot a --output", "--output"), ("data show", "argument 3"),
    ("predict a", "argument 3"), ("fit-linear --dataset digits --output", "--output"),
    ("export a --to npz --output", "--output"), ("data list --data-directory", "--data-directory"),
  ])
  func argumentsOfOtherBytesAreRefused(_ line: String, _ name: String) throws {
    let result = try Command.shell(
      #"cd "$1"; exec "$0" \#(line) "$(printf 'r\351sum\351')""#, [folder.path])
    expectFailure(result, 64, "\(name): expected text in UTF-8, got 'r\\xE9sum\\xE9'")
    #expect(folder.contents.isEmpty)
  }

  @Test func aValueBehindAnEqualsSignIsAnArgumentToo() throws {
    let result = try Command.shell(
      #"cd "$1"; exec "$0" train --dataset digits "$(printf -- '--output=\377')""#, [folder.path])
    expectFailure(result, 64, "argument 4: expected text in UTF-8, got '--output=\\xFF'")
    #expect(folder.contents.isEmpty)
  }
}
