import Foundation

/// The program that draws, run once per picture: commands in by a pipe, the picture out by another.
///
/// None of the user's own settings of gnuplot apply.
public struct Gnuplot: Sendable {
  private let path: String

  /// Finds `gnuplot` on the PATH.
  ///
  /// Throws ``ChartError`` of kind `gnuplotMissing` where it is not there, so that a command can
  /// say so before its work.
  public init() throws(ChartError) {
    try self.init(searching: ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  /// Finds `gnuplot` in one of the folders of a list with colons between.
  package init(searching folders: String) throws(ChartError) {
    let candidates = folders.split(separator: ":").map { "\($0)/gnuplot" }
    guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw .gnuplotMissing
    }
    self.path = path
  }

  /// Runs commands and gives what they draw, or stops the program, and what it started in its turn,
  /// when it has had its time.
  package func run(_ script: String, seconds limit: Double = Drawing.limit) throws(ChartError)
    -> Data
  {
    try start(script).finish(seconds: limit)
  }

  /// Starts to run commands.
  func start(_ script: String) throws(ChartError) -> Drawing {
    // Wherever it draws, it would first set up the terminal that the user's variable names.
    let environment = ProcessInfo.processInfo.environment.filter { $0.key != "GNUTERM" }
    do throws(POSIXError) {
      return Drawing(
        program: try ChildProgram(
          path, ["--default-settings", "-"], environment: environment, input: Data(script.utf8)))
    } catch {
      throw .notRun(path, error.words)
    }
  }

  /// A picture that gnuplot is at.
  package struct Drawing {
    /// A picture takes some tenths of a second; the limit is for busy machines.
    package static let limit = 60.0

    fileprivate let program: ChildProgram

    /// Waits for the picture.
    func finish(seconds limit: Double = limit) throws(ChartError) -> Data {
      let result = program.finish(seconds: limit)
      let said = String(decoding: result.errors, as: UTF8.self)
      switch result.end {
      case .stopped:
        throw .failed(said, end: "stopped after \(Script.number(limit)) seconds")
      case .signal(let number):
        let name = String(cString: strsignal(number))
        throw .failed(said, end: "ended by signal \(number) (\(name))")
      case .exit(let code):
        guard code == 0, !result.output.isEmpty else { throw .failed(said) }
        return result.output
      }
    }
  }
}
