import FileTestSupport
import Foundation
import Testing

import Charts

struct ChildProgramTests {
  private func shell(_ line: String, input: String = "") throws -> ChildProgram {
    try ChildProgram("/bin/sh", ["-c", line], input: Data(input.utf8))
  }

  @Test func outputsAndTheEndAreTold() throws {
    let result = try shell("cat; echo no >&2; exit 3", input: "yes").finish(seconds: 60)
    #expect(result.end == .exit(code: 3))
    #expect(String(decoding: result.output, as: UTF8.self) == "yes")
    #expect(String(decoding: result.errors, as: UTF8.self) == "no\n")
    #expect(try shell("kill -TERM $$").finish(seconds: 60).end == .signal(SIGTERM))
  }

  @Test(.timeLimit(.minutes(1))) func whatTakesTooLongIsStopped() throws {
    let result = try shell("echo 5.5; exec sleep 1000").finish(seconds: 0.3)
    #expect(result.end == .stopped)
    #expect(String(decoding: result.output, as: UTF8.self) == "5.5\n")
  }

  /// One whose input is still open when both outputs have ended.
  @Test(.timeLimit(.minutes(1))) func inputEndsWithTheOutputs() throws {
    let large = String(repeating: "x", count: 1_000_000)
    let result = try shell("exec >&- 2>&-; exec cat > /dev/null", input: large)
      .finish(seconds: 60)
    #expect(result.end == .exit(code: 0))
  }

  @Test func severalRunAtOnce() throws {
    let programs = try (0..<5).map { try shell("cat; echo \($0)", input: "input ") }
    let outputs = programs.map {
      String(decoding: $0.finish(seconds: 60).output, as: UTF8.self)
    }
    #expect(outputs == (0..<5).map { "input \($0)\n" })
  }

  @Test func whatCannotBeRunIsTheSystemsError() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: POSIXError.self) { try ChildProgram(folder["none"], []) }
    #expect(error?.words == "No such file or directory")
  }

  /// Foundation's `Process` traps there.
  @Test func withoutDescriptorsItIsTheSystemsError() async {
    await #expect(processExitsWith: .success) {
      while open("/dev/null", O_RDONLY) >= 0 {}
      let error = #expect(throws: POSIXError.self) { try ChildProgram("/bin/true", []) }
      #expect(error?.code == .EMFILE)
    }
  }

  /// A program that ignores or blocks signals does not have those that it starts do so.
  @Test func signalsAreAsEverWhereThisProcessIgnoresThem() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_IGN)
      var signals = sigset_t()
      sigfillset(&signals)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      for (name, number) in [("PIPE", SIGPIPE), ("TERM", SIGTERM)] {
        let child = try ChildProgram("/bin/sh", ["-c", "kill -\(name) $$; exit 0"])
        #expect(child.finish(seconds: 60).end == .signal(number))
      }
    }
  }
}
