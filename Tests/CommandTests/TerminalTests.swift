import FileTestSupport
import Foundation
import Maru
import Testing
import Text

/// What is shown on a terminal, which the program `script` makes.
struct TerminalTests {
  private static let script = "/usr/bin/script"
  private static let hasScript = access(script, X_OK) == 0

  /// What is visible of each line of progress: colours and the clearing of the rest take no room.
  private static func progressLines(_ output: String) -> [String] {
    output.split(whereSeparator: \.isNewline)
      .flatMap { $0.split(separator: "\u{1B}[K") }
      .map { line in
        String(line.filter { $0 != "\r" }).replacing(/\u{1B}\[\d+m/, with: "")
      }
      .filter { $0.contains(#/^[ \d]+/64 .|^ +- |^Epoch ./#) }
  }

  /// Runs a line of shell on a terminal, where `$MARU` is the command and `$DATA` the stripes.
  private static func run(_ line: String, columns: Int) throws -> ProcessResult {
    let folder = try TemporaryFolder()
    return try ChildProcess.run(
      script, ["-qec", "stty cols \(columns); \(line)", "/dev/null"],
      environment: ProcessInfo.processInfo.environment.merging([
        "MARU": try Command.path(of: "maru"), "DATA": try Stripes.write(to: folder),
        "SHELL": "/bin/sh", "TERM": "xterm", "NO_COLOR": "",
      ]) { $1 })
  }

  @Test(
    .enabled(if: hasScript, "needs the program script, of Debian's bsdutils"),
    arguments: [30, 50, 100, 300])
  func lineIsRedrawnWithoutWrapping(_ columns: Int) throws {
    // Steps slow enough to be shown one by one.
    let line =
      #"exec "$MARU" train --dataset "$DATA" --layers 2000:relu,1500:relu,4 --batch-size 1 "#
      + "--epochs 2 --optimizer adam"
    let result = try Self.run(line, columns: columns)
    #expect(result.exitCode == 0, "\(result.output)")
    let lines = Self.progressLines(result.output)
    #expect(lines.allSatisfy { $0.count < columns }, "\(lines)")
    let redrawn = lines.filter { $0.contains("/step") && !$0.hasPrefix("64/64 ") }
    try #require(!redrawn.isEmpty)
    #expect(redrawn.allSatisfy { $0.contains("━") == (columns >= 100) }, "\(redrawn)")
    // The last line of an epoch goes on below where it is too long.
    let figures = ["accuracy", "loss", "val_accuracy", "val_loss"]
    let last = lines.joined(separator: "\n").matches(
      of: #/(?m)^64/64 ━+ \d+s \S+/step(?:\s+- [a-z_]+: [\d.]+){4}$/#)
    #expect(last.count == 2, "\(lines)")
    for match in last {
      #expect(match.0.matches(of: /- ([a-z_]+):/).map { String($0.1) } == figures)
    }
  }

  @Test(
    .enabled(if: hasScript, "needs the program script, of Debian's bsdutils"),
    arguments: [
      (#""$MARU" doctor"#, "OpenBLAS "),
      (#""$MARU" train --dataset "$DATA" --layers 4 --epochs 2 --progress lines"#, "val_loss: "),
    ], [80, 50])
  func linesOfFiguresFitTheTerminal(_ call: (line: String, mark: String), _ columns: Int) throws {
    let result = try Self.run(call.line, columns: columns)
    #expect(result.exitCode == 0, "\(result.output)")
    #expect(result.output.contains(call.mark), "\(result.output)")
    let lines = result.output.split(separator: "\r\n").map(String.init)
    let shown = call.line.contains("doctor") ? lines : Self.progressLines(result.output)
    #expect(!shown.isEmpty && shown.allSatisfy { $0.cells <= columns }, "\(shown)")
  }

  /// The bar's line ends before the answer, and the bar is not drawn again.
  @Test(.enabled(if: hasScript, "needs the program script, of Debian's bsdutils"))
  func anInterruptIsAnsweredAtOnce() throws {
    let (folder, data) = try Stripes.inNewFolder()
    let line = #"""
      "$MARU" train --dataset "$DATA" --layers 2000:relu,1500:relu,4 --batch-size 1 --epochs 99999 \
        --checkpoint-every 10 --output "$RUN" & child=$!
      until [ -e "$RUN/checkpoint.maru" ]; do sleep 0.1; done
      kill -INT $child; wait $child; echo "exit $?"
      """#
    let result = try ChildProcess.run(
      Self.script, ["-qec", line, "/dev/null"],
      environment: ProcessInfo.processInfo.environment.merging([
        "MARU": try Command.path(of: "maru"), "DATA": data, "RUN": folder["run"],
        "SHELL": "/bin/sh", "TERM": "xterm", "NO_COLOR": "",
      ]) { $1 })
    let lines = result.output.split(separator: "\r\n").suffix(3)
    try #require(lines.count == 3, "\(result.output)")
    #expect(
      lines.first == "finishing the step and saving; press Ctrl-C again to stop at once",
      "\(result.output)")
    // What was drawn at the moment of the answer is taken back.
    let clearing = "\r\u{1B}[K"
    let last = lines[lines.startIndex + 1]
    #expect(
      (last.split(separator: clearing).last ?? last).hasPrefix("interrupted in epoch "),
      "\(result.output)")
    #expect(lines.last == "exit 130")
  }

  /// Neither colours nor a cursor that moves, also where the bar is asked for.
  @Test(
    .enabled(if: hasScript, "needs the program script, of Debian's bsdutils"),
    arguments: [["TERM": "dumb"], ["TERM": ""], ["TERM": "xterm", "NO_COLOR": "1"]],
    ["auto", "bar"])
  func aPlainTerminalGetsNoCodes(_ terminal: [String: String], _ mode: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let line = #"""
      stty cols 100
      "$MARU" train --dataset "$DATA" --layers 4 --epochs 2 --progress \#(mode) &&
      "$MARU" data show "$DATA" --count 2
      """#
    let result = try ChildProcess.run(
      Self.script, ["-qec", line, "/dev/null"],
      environment: ProcessInfo.processInfo.environment.merging([
        "MARU": try Command.path(of: "maru"), "DATA": data, "SHELL": "/bin/sh",
        "COLORTERM": "truecolor",
      ]) { $1 }.merging(terminal) { $1 })
    #expect(result.exitCode == 0, "\(result.output)")
    #expect(!result.output.contains("\u{1B}"), "\(result.output)")
    // The terminal itself puts a return before each line's end.
    #expect(!result.output.replacing("\r\n", with: "\n").unicodeScalars.contains("\r"))
    #expect(result.output.matches(of: /- val_loss: [\d.]+\r\n/).count == 2, "\(result.output)")
    #expect(result.output.contains("━ 0s ") == (mode == "bar"))
  }

  /// 100 and 60 columns of classes in words; the terminal's own width counts, not the variable.
  @Test(
    .enabled(if: hasScript, "needs the program script, of Debian's bsdutils"),
    arguments: [100, 60])
  func tablesFitTheTerminal(_ columns: Int) throws {
    let folder = try TemporaryFolder()
    let names = (0..<8).map { "class number \($0) 가방" }
    let rows = (0..<80).map { "\($0 % 8),\($0 % 5),\(names[$0 / 5 % 8])\n" }
    let data = try folder.write(Array(rows.joined().utf8), to: "data.csv")
    for (name, layers) in [("first", "8"), ("second", "64:relu,64:relu,64:relu,8:softmax")] {
      expectSuccess(
        try Command.shell(
          #"cd "$1" && exec "$0" train --layers \#(layers) --epochs 1 --progress none "#
            + "--dataset data.csv --output \(name)", [folder.path]))
    }
    let line = #"""
      stty cols \#(columns); cd "$PLACE"
      "$MARU" evaluate first --dataset data.csv && "$MARU" compare first second first second &&
      "$MARU" summary second && "$MARU" data show data.csv && "$MARU" predict first --dataset data.csv
      """#
    let result = try ChildProcess.run(
      Self.script, ["-qec", line, "/dev/null"],
      environment: ProcessInfo.processInfo.environment.merging([
        "MARU": try Command.path(of: "maru"), "PLACE": folder.path, "SHELL": "/bin/sh",
        "COLUMNS": "200",
      ]) { $1 })
    #expect(result.exitCode == 0, "\(result.output)")
    let lines = result.output.split(separator: "\r\n").map(String.init)
    #expect(lines.filter { $0.cells > columns } == [])
    #expect(names.allSatisfy { result.output.contains($0) })
    // A pipe has no width, unless the variable gives one.
    let evaluate = ["evaluate", folder["first"], "--dataset", data]
    let wide = try Command.maru(evaluate).outputLines.map(\.cells).max() ?? 0
    #expect(wide > 150)
    let told = try Command.maru(evaluate, environment: ["COLUMNS": "\(columns)"])
    #expect(told.outputLines.dropFirst().allSatisfy { $0.cells <= columns })
  }

  @Test(.enabled(if: hasScript, "needs the program script, of Debian's bsdutils"))
  func imagesFillTheWidthInTrueColour() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let line = #"stty cols 20; exec "$MARU" data show "$DATA" --count 4"#
    let result = try ChildProcess.run(
      Self.script, ["-qec", line, "/dev/null"],
      environment: ProcessInfo.processInfo.environment.merging([
        "MARU": try Command.path(of: "maru"), "DATA": data, "SHELL": "/bin/sh",
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "",
      ]) { $1 })
    #expect(result.exitCode == 0, "\(result.output)")
    let lines = result.output.split(separator: "\r\n", omittingEmptySubsequences: false)
    // Three images of 5 columns and 4 rows beside each other, then the fourth.
    try #require(lines.count == 8, "\(result.output)")
    #expect(lines[0] == "0      1      2" && lines[3] == "" && lines[4] == "3")
    let pixels = Stripes.pixels(1)
    #expect(
      lines[1].hasPrefix(
        "\u{1B}[38;2;\(pixels[0]);\(pixels[0]);\(pixels[0])"
          + ";48;2;\(pixels[5]);\(pixels[5]);\(pixels[5])m▀"))
    #expect([1, 2].allSatisfy { lines[$0].count { $0 == "▀" } == 15 })
    #expect([5, 6].allSatisfy { lines[$0].count { $0 == "▀" } == 5 })
  }
}
