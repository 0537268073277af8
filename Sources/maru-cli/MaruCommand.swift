import ArgumentParser
// C's stdout is a variable.
@preconcurrency import Foundation
import Maru

/// The command `maru`: it parses, calls the library and prints.
@main
struct MaruCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maru",
    abstract: "Trains dense neural networks on CPUs, over OpenBLAS.",
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, FitLinearCommand.self, EvaluateCommand.self, PredictCommand.self,
      SummaryCommand.self, CompareCommand.self, PlotCommand.self, ExportCommand.self,
      ImportCommand.self, DataCommand.self, DoctorCommand.self,
    ])

  static func main() async {
    OpenBLAS.restartWithRecommendedCore(arguments: CommandLine.unsafeArgv)
    Interrupts.install()
    // A file that grows past the process's limit is to be an error of its writer.
    signal(SIGXFSZ, SIG_IGN)
    do {
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
      Messages.print("maru: error: \(failure.message.inOneLine.shortened(to: 1_000))")
      if let hint = failure.hint { Messages.print(hint) }
      Foundation.exit(failure.exitCode)
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

  /// The failure that an error amounts to, or nil where it only asks for help or the version.
  init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as DatasetError:
      let code: Int32 =
        switch error.kind {
        case .missingFile: 66
        case .malformed: 65
        case .inputOutput, .network: 74
        case .cancelled: 128 + (Interrupts.received ?? SIGINT)
        }
      self.init(exitCode: code, error.description)
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
      self.init(exitCode: exitCode.rawValue, MaruCommand.message(for: error))
      hint = MaruCommand.fullMessage(for: error).split(separator: "\n")
        .last { $0.hasPrefix("  See 'maru") }.map(String.init)
    }
  }
}

/// Lines for the person at the terminal, apart from results: to standard error.
enum Messages {
  static func print(_ line: String, terminator: String = "\n") {
    // Results printed before stay before, also where both go to one pipe.
    fflush(nil)
    // Where even this can't be written, nobody is there to be told.
    let bytes = Array((line + terminator).utf8)
    var written = 0
    while written < bytes.count {
      let result = bytes[written...].withUnsafeBytes {
        write(STDERR_FILENO, $0.baseAddress, $0.count)
      }
      if result < 0 && errno == EINTR { continue }
      if result <= 0 { return }
      written += result
    }
  }
}
