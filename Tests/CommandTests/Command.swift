import FileTestSupport
import Foundation
import Testing

/// The built commands, run as users run them, in an environment without data sets.
enum Command {
  /// Runs `maru`; arguments are given as a line with blanks between, paths apart.
  static func maru(
    _ arguments: [String], environment: [String: String] = [:], timeout: Double = 120,
    signal: (number: Int32, after: String)? = nil
  ) throws -> ProcessResult {
    try ChildProcess.run(
      try path(of: "maru"), arguments, environment: bare.merging(environment) { $1 },
      timeout: timeout, signal: signal)
  }

  /// Runs `maru` with arguments in one line, none of which holds a blank, and paths behind them.
  static func maru(_ line: String, _ paths: [String] = []) throws -> ProcessResult {
    try maru(words(line) + paths)
  }

  static func benchmarks(
    _ line: String, environment: [String: String] = [:]
  ) throws -> ProcessResult {
    try ChildProcess.run(
      try path(of: "benchmarks"), words(line), environment: bare.merging(environment) { $1 })
  }

  /// Runs a line of shell in which `$0` is the command `maru`, and the arguments `$1` and so on.
  static func shell(_ line: String, _ arguments: [String]) throws -> ProcessResult {
    try ChildProcess.run(
      "/bin/sh", ["-c", line, try path(of: "maru")] + arguments, environment: bare)
  }

  static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

  /// No data sets, no cache, no chosen kernels.
  private static let bare: [String: String] = {
    let kept = [
      "PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS",
    ]
    return ProcessInfo.processInfo.environment.filter { kept.contains($0.key) }
      .merging(["HOME": "/nonexistent", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
  }()

  /// A program that was built beside the tests.
  static func path(of name: String) throws -> String {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
    let folder =
      bundle?.bundleURL.deletingLastPathComponent()
      ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let path = folder.appendingPathComponent(name).path
    try #require(
      FileManager.default.isExecutableFile(atPath: path), "\(path) is missing; build it first")
    return path
  }
}

extension ProcessResult {
  /// The one object that was printed.
  func object() throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(self)")
  }
}

/// Expects one line of error, the exit code, and no results.
func expectFailure(
  _ result: ProcessResult, _ exitCode: Int32, _ message: String, hint: String? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let lines =
    ["maru: error: \(message)"] + (hint.map { ["  See '\($0)' for more information."] } ?? [])
  #expect(result.errorLines == lines, sourceLocation: sourceLocation)
  #expect(result.exitCode == exitCode, sourceLocation: sourceLocation)
  #expect(result.output == "", sourceLocation: sourceLocation)
}

/// Expects success, and nothing on standard error.
func expectSuccess(_ result: ProcessResult, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(result.exitCode == 0, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(result.errors == "", sourceLocation: sourceLocation)
}
