import ArgumentParser
import CStartup
import Foundation
import Maru

/// The command `benchmarks`: what this machine's BLAS is, and how fast it is.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks", abstract: "Measures Maru and the BLAS below it.",
    subcommands: [
      InfoCommand.self, GemmCommand.self, LAPACKCommand.self, TrainingCommand.self,
      StepsCommand.self, ScoringCommand.self, LoadCommand.self, AccuracyCommand.self,
      TeamCommand.self,
    ])

  static func main() {
    #if DEBUG
      exit(withError: ValidationError("a debug build measures nothing; build with -c release"))
    #else
      maru_startup_end()
      maru_end_without_memory()
      OpenBLAS.restartWithRecommendedCore(arguments: CommandLine.unsafeArgv)
      do {
        if let problem = OpenBLAS.kernelProblem { throw ValidationError(problem) }
        var command = try parseAsRoot()
        try command.run()
      } catch let error as DatasetError {
        FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
        Foundation.exit(exitCode(of: error))
      } catch let error as ChartError {
        FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
        Foundation.exit(error.kind == .gnuplotMissing ? 66 : 74)
      } catch let error as ModelFileError {
        FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
        Foundation.exit(74)
      } catch {
        exit(withError: error)
      }
    #endif
  }

  /// The exit codes of `maru`, from sysexits.h.
  private static func exitCode(of error: DatasetError) -> Int32 {
    switch error.kind {
    case .missingFile: 66
    case .malformed: 65
    case .inputOutput, .network, .cancelled: 74
    }
  }
}

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print the processor, the BLAS, its kernels and threads.")

  func run() { print(Self.lines.joined(separator: "\n")) }

  static var lines: [String] {
    [
      "processor: \(Processors.name ?? "unknown"), \(Processors.usable) usable",
      "BLAS: \(OpenBLAS.buildDescription)",
      "kernels: \(OpenBLAS.coreName), threads: \(OpenBLAS.threads) (\(OpenBLAS.parallelMode))",
    ] + [OpenBLAS.kernelAdvice].compactMap { $0 }
  }
}

/// What was measured gave an answer outside the bounds of rounding.
struct WrongAnswer: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ what: String, expected: Double, got: Double, bound: Double) {
    description = "\(what): expected \(expected) to within \(bound), got \(got)"
  }
}
