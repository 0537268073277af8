import FileTestSupport
import Foundation
import Testing

import Charts

struct GnuplotTests {
  /// A program in gnuplot's place.
  private func gnuplot(_ script: String, in folder: TemporaryFolder) throws -> Gnuplot {
    try writeProgram(script, to: folder["bin"])
    return try Gnuplot(searching: "/nonexistent:\(folder["bin"])")
  }

  /// Another process writes it: one that a test beside starts from this one would have the file open
  /// for a moment, in which the system refuses to run it.
  private func writeProgram(_ script: String, to folder: String) throws {
    let line =
      #"mkdir "$1" && printf '#!/bin/sh\n%s\n' "$2" > "$1/gnuplot" && chmod 755 "$1/gnuplot""#
    let result = try ChildProcess.run(
      "/bin/sh", ["-c", line, "sh", folder, script],
      environment: ProcessInfo.processInfo.environment)
    try #require(result.exitCode == 0, "\(result.errors)")
  }

  @Test func missingProgramIsALineThatSaysWhatToInstall() throws {
    let folder = try TemporaryFolder()
    try folder.write([], to: "gnuplot")
    for folders in ["", "/nonexistent", folder.path] {
      let error = #expect(throws: ChartError.self) { try Gnuplot(searching: folders) }
      #expect(error?.kind == .gnuplotMissing)
      #expect(
        error?.description
          == "pictures need gnuplot, which is not on the PATH: apt install gnuplot-nox")
    }
  }

  @Test func wrongCommandIsToldInOneLine() throws {
    let error = #expect(throws: ChartError.self) {
      var script = Script(width: 300, height: 200)
      script.add("set fizz")
      script.add("plot x")
      return try script.chart("").png()
    }
    #expect(error?.kind == .failed)
    #expect(
      error?.description
        == "gnuplot did not draw; it said: gnuplot> set fizz line 0: unrecognized option - see "
        + "'help set'.")
  }

  @Test func programThatReadsNothingAndEndsIsAnError() throws {
    let folder = try TemporaryFolder()
    let program = try gnuplot("echo broken >&2; exit 3", in: folder)
    let error = #expect(throws: ChartError.self) {
      try program.run(String(repeating: "plot x\n", count: 1 << 20))
    }
    #expect(error?.description == "gnuplot did not draw; it said: broken")
  }

  @Test func programThatDrawsNothingIsAnError() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ChartError.self) {
      try gnuplot("cat > /dev/null", in: folder).run("")
    }
    #expect(error?.description == "gnuplot did not draw; it said: nothing")
  }

  /// Also one that holds no pipe any more.
  @Test(.timeLimit(.minutes(2)), arguments: ["", "exec >&- 2>&-; "])
  func programThatDoesNotEndIsStopped(_ before: String) throws {
    let folder = try TemporaryFolder()
    let program = try gnuplot("\(before)exec sleep 1000", in: folder)
    let error = #expect(throws: ChartError.self) { try program.run("", seconds: 0.2) }
    #expect(
      error?.description
        == "gnuplot did not draw; it was stopped after 0.2 seconds; it said: nothing")
  }

  /// A wrapper that waits for its child, which holds the pipes and another one.
  @Test(.timeLimit(.minutes(2))) func whatTheProgramStartedIsStoppedToo() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder["held"], 0o600) == 0)
    let reading = open(folder["held"], O_RDONLY | O_NONBLOCK)
    defer { close(reading) }
    let program = try gnuplot(
      "(echo here >&2; exec sleep 1000) 3> '\(folder["held"])'; true", in: folder)
    let error = #expect(throws: ChartError.self) { try program.run("", seconds: 3) }
    #expect(
      error?.description == "gnuplot did not draw; it was stopped after 3 seconds; it said: here")
    // The pipe ends when all that hold it have ended.
    #expect(fcntl(reading, F_SETFL, 0) == 0)
    var byte: UInt8 = 0
    #expect(read(reading, &byte, 1) == 0)
  }

  @Test func programThatASignalEndsIsTold() throws {
    let folder = try TemporaryFolder()
    let program = try gnuplot("echo ready >&2; kill -SEGV $$", in: folder)
    let error = #expect(throws: ChartError.self) { try program.run("") }
    #expect(
      error?.description == "gnuplot did not draw; it was ended by signal 11 "
        + "(\(String(cString: strsignal(SIGSEGV)))); it said: ready")
  }

  /// A megabyte on each of the three pipes, of which none is emptied before the next is full.
  @Test func neitherSideWaitsForAFullPipe() throws {
    let folder = try TemporaryFolder()
    let fill = "head -c 1000000 /dev/zero | tr '\\0' x"
    let program = try gnuplot("\(fill) >&2; \(fill); cat", in: folder)
    let script = String(repeating: "s", count: 1_000_000)
    let drawn = try program.run(script)
    #expect(drawn.count == 2_000_000 && drawn.suffix(1_000_000) == Data(script.utf8))
  }

  @Test func pathWithBlanksAndQuotesIsRunAsItIs() throws {
    let folder = try TemporaryFolder()
    try writeProgram("echo $#:$1:$2", to: folder["a 'b' $(c)"])
    let drawn = try Gnuplot(searching: folder["a 'b' $(c)"]).run("")
    #expect(String(decoding: drawn, as: UTF8.self) == "2:--default-settings:-\n")
  }
}
