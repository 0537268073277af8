import ArgumentParser
import Foundation
import Maru

/// The command `maru`: it parses, calls the library and prints.
@main
struct MaruCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maru",
    abstract: "Trains dense neural networks on CPUs, over OpenBLAS.",
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, SummaryCommand.self,
      DataCommand.self, DoctorCommand.self,
    ])

  static func main() async {
    OpenBLAS.restartWithRecommendedCore(arguments: CommandLine.unsafeArgv)
    // Everything on disk is replaced whole, so there is nothing to undo.
    signal(SIGINT) { _ in _exit(130) }
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as Failure {
      Messages.print("maru: error: \(error.message)")
      Foundation.exit(error.exitCode.rawValue)
    } catch {
      guard let failure = Failure(error) else { exit(withError: error) }
      Messages.print("maru: error: \(failure.message)")
      Foundation.exit(failure.exitCode.rawValue)
    }
  }
}

/// What ends the command early: one line for the user, and an exit code of sysexits.h.
struct Failure: Error {
  let exitCode: ExitCode
  let message: String

  /// Wrong usage, naming the flag: EX_USAGE.
  static func usage(_ message: String) -> Failure { Failure(exitCode: 64, message) }
  /// Data or a model that cannot be used: EX_DATAERR.
  static func data(_ message: String) -> Failure { Failure(exitCode: 65, message) }
  /// Reading or writing failed: EX_IOERR.
  static func inputOutput(_ message: String) -> Failure { Failure(exitCode: 74, message) }

  private init(exitCode: Int32, _ message: String) {
    self.exitCode = ExitCode(exitCode)
    self.message = message
  }

  /// The failure that an error of the library amounts to, or nil for an error of the parser.
  init?(_ error: any Error) {
    switch error {
    case let error as DatasetError:
      let code: Int32 =
        switch error.kind {
        case .missingFile: 66
        case .malformed: 65
        case .inputOutput, .network: 74
        case .cancelled: 130
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
    case let error as ModelError: self.init(exitCode: 65, error.description)
    default: return nil
    }
  }
}

/// Lines for the person at the terminal, apart from results: to standard error.
enum Messages {
  static func print(_ line: String, terminator: String = "\n") {
    // Results printed before stay before, also where both go to one pipe.
    fflush(nil)
    FileHandle.standardError.write(Data((line + terminator).utf8))
  }
}
