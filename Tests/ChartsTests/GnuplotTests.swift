import FileTestSupport
import Foundation
import Testing

import Charts

struct GnuplotTests {
  /// A program in gnuplot's place.
  private func gnuplot(_ script: String, in folder: TemporaryFolder) throws -> Gnuplot {
    let path = try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "bin/gnuplot")
    #expect(chmod(path, 0o755) == 0)
    return try Gnuplot(searching: "/nonexistent:\(folder["bin"])")
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

  @Test func programThatDoesNotEndIsStopped() throws {
    let folder = try TemporaryFolder()
    let program = try gnuplot("exec sleep 1000", in: folder)
    let error = #expect(throws: ChartError.self) { try program.run("", seconds: 0.2) }
    #expect(
      error?.description
        == "gnuplot did not draw; it said: nothing, and was stopped after at most 0.2 seconds")
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
    let path = try folder.write(
      Array("#!/bin/sh\necho $#:$1:$2\n".utf8), to: "a 'b' $(c)/gnuplot")
    #expect(chmod(path, 0o755) == 0)
    let drawn = try Gnuplot(searching: folder["a 'b' $(c)"]).run("")
    #expect(String(decoding: drawn, as: UTF8.self) == "2:--default-settings:-\n")
  }
}
