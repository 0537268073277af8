import ArgumentParser
import Maru

/// The command `benchmarks`: what this machine's BLAS is, and how fast it is.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks", abstract: "Measures Maru and the BLAS below it.",
    subcommands: [InfoCommand.self, GemmCommand.self])

  static func main() {
    #if DEBUG
      exit(withError: ValidationError("a debug build measures nothing; build with -c release"))
    #else
      OpenBLAS.restartWithRecommendedCore(arguments: CommandLine.unsafeArgv)
      main(nil)
    #endif
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
