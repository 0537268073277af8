import ArgumentParser
import CStartup
// C's stdout is a variable.
@preconcurrency import Foundation
import Maru
import Text

/// The command `maru`: it parses, calls the library and prints.
@main
struct MaruCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maru",
    abstract: "Trains dense neural networks on CPUs, over OpenBLAS.",
    version: Release.version,
    subcommands: [
      TrainCommand.self, FitLinearCommand.self, EvaluateCommand.self, PredictCommand.self,
      SummaryCommand.self, CompareCommand.self, PlotCommand.self, ExportCommand.self,
      ImportCommand.self, DataCommand.self, DoctorCommand.self,
    ])

  // On the thread that there is: the system may refuse any other.
  @MainActor
  static func main() async {
    occupyStandardDescriptors()
    maru_startup_end()
    maru_end_without_memory()
    OpenBLAS.restartWithRecommendedCore(arguments: CommandLine.unsafeArgv)
    Interrupts.install()
    // A file that grows past the process's limit, and a pipe that nobody reads any more, are to be
    // errors of their writers: a run is saved all the same.
    for number in [SIGXFSZ, SIGPIPE] { signal(number, SIG_IGN) }
    do {
      if let problem = Arguments.problem { throw Failure.usage(problem) }
      if let problem = OpenBLAS.kernelProblem { throw Failure.usage(problem) }
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      guard fflush(nil) == 0 else {
        throw Failure.inputOutput("standard output: \(String(cString: strerror(errno)))")
      }
      // What came before may have been lost, with nothing left to flush.
      guard ferror(stdout) == 0 else {
        throw Failure.inputOutput("standard output: not all of it could be written")
      }
    } catch let code as ExitCode {
      // What there is to say has been said.
      fflush(nil)
      Foundation.exit(code.rawValue)
    } catch {
      guard let failure = Failure(error) else { exit(withError: error) }
      failure.report()
      Foundation.exit(failure.exitCode)
    }
  }

  /// What the caller has closed stays an error to read or to write, but does not become the number of
  /// a file, into which lines for people would be written.
  private static func occupyStandardDescriptors() {
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}

/// What ends the command early: one line for the user, and an exit code of sysexits.h.
struct Failure: Error {
  let exitCode: Int32
  let message: String
  /// Where to read on, in a line of its own.
  var hint: String?

  /// Wrong usage, naming the flag: EX_USAGE.
  static func usage(_ message: String) -> Failure { Failure(exitCode: 64, message) }
  /// Data or a model that cannot be used: EX_DATAERR.
  static func data(_ message: String) -> Failure { Failure(exitCode: 65, message) }
  /// There is no such file: EX_NOINPUT.
  static func missingFile(_ message: String) -> Failure { Failure(exitCode: 66, message) }
  /// Reading or writing failed: EX_IOERR.
  static func inputOutput(_ message: String) -> Failure { Failure(exitCode: 74, message) }

  private init(exitCode: Int32, _ message: String) {
    self.exitCode = exitCode
    self.message = message
  }

  /// The failure that an error of data amounts to.
  init(_ error: DatasetError) {
    let code: Int32 =
      switch error.kind {
      case .missingFile: 66
      case .malformed: 65
      case .inputOutput, .network: 74
      case .cancelled: 128 + (Interrupts.received ?? SIGINT)
      }
    self.init(exitCode: code, error.description)
  }

  /// The failure that an error amounts to, or nil where it only asks for help or the version.
  init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as DatasetError: self.init(error)
    case let error as ModelFileError:
      let code: Int32 =
        switch error.kind {
        case .missing: 66
        case .malformed: 65
        case .inputOutput: 74
        }
      self.init(exitCode: code, error.description)
    case let error as ChartError:
      let code: Int32 =
        switch error.kind {
        case .gnuplotMissing: 66
        case .noImages: 65
        case .unknownEnding: 64
        case .failed, .inputOutput: 74
        }
      self.init(exitCode: code, error.description)
    case let error as ModelError: self.init(exitCode: 65, error.description)
    default:
      let exitCode = MaruCommand.exitCode(for: error)
      if exitCode.isSuccess { return nil }
      // The parser's own lines, which may lean.
      let lines = MaruCommand.message(for: error).split(whereSeparator: \.isNewline)
      self.init(
        exitCode: exitCode.rawValue,
        lines.map { $0.drop { $0 == " " } }.joined(separator: " "))
      hint = MaruCommand.fullMessage(for: error).split(separator: "\n")
        .last { $0.hasPrefix("  See 'maru") }.map(String.init)
    }
  }

  /// Says what went wrong, on standard error.
  func report() {
    Messages.print("maru: error: \(message.printable.shortened(to: 1_000))")
    if let hint { Messages.print("\(hint)") }
  }
}
