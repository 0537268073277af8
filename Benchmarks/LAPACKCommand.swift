import ArgumentParser
import Maru
import Text

struct LAPACKCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lapack",
    abstract: "Measure factorisations of matrices, and check their answers.",
    discussion: """
      Prints the median and the best of the repetitions after a warm-up, copies in and out included, \
      and the median's speed by the operations that textbooks count. Matrices are n×n, those of least \
      squares 4n×n.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The sizes n. (default: 64 256 784 1024)", valueName: "n"))
  var sizes: [Int] = []
  @Option(
    help: ArgumentHelp(
      "\(Factorisation.allCases.map(\.rawValue).joined(separator: ", ")). (default: all)",
      valueName: "name,…"))
  var routine: [CommaList<Factorisation>] = []
  @Option(help: ArgumentHelp("float32, float64. (default: both)", valueName: "name,…"))
  var dtype: [CommaList<Precision>] = []
  @Option(help: "Threads of OpenBLAS. (default: as many as it chose, up to the usable processors)")
  var threads: Int?
  @Option(help: "Repetitions of each factorisation.")
  var repeats = 5
  @Flag(help: "Print one JSON object per factorisation, each in a line.")
  var json = false
  @Flag(help: "Print a header and a line of CSV a factorisation.")
  var csv = false

  func validate() throws {
    if sizes.contains(where: { !(1...8192 ~= $0) }) {
      throw ValidationError("--sizes: expected 1 to 8192, got \(sizes)")
    }
    if let threads { try check(threads, of: "--threads", isIn: 1...1024) }
    try check(repeats, of: "--repeats", isIn: 1...100_000)
    if json && csv { throw ValidationError("--csv: expected without --json") }
  }

  func run() throws {
    OpenBLAS.threads = threads ?? min(OpenBLAS.threads, Processors.usable)
    if !json && !csv { print(InfoCommand.lines.joined(separator: "\n")) }
    var table = TextTable([
      ("routine", .left), ("dtype", .left), ("n", .right), ("median ms", .right),
      ("best ms", .right), ("median GFLOP/s", .right), ("best GFLOP/s", .right),
    ])
    var isFirst = true
    for precision in dtype.isEmpty ? Precision.allCases : dtype.flatMap(\.values) {
      for routine in routine.isEmpty ? Factorisation.allCases : routine.flatMap(\.values) {
        for size in sizes.isEmpty ? [64, 256, 784, 1024] : sizes {
          let result =
            switch precision {
            case .float32:
              try FactorisationMeasurement<Float>(routine, size: size)
                .run(precision, repeats: repeats)
            case .float64:
              try FactorisationMeasurement<Double>(routine, size: size)
                .run(precision, repeats: repeats)
            }
          table.append([
            routine.rawValue, precision.rawValue, "\(size)",
            (result.seconds.median * 1e3).fixed(3), (result.seconds.lowest * 1e3).fixed(3),
            result.medianGigaflops.fixed(1), result.bestGigaflops.fixed(1),
          ])
          let record = record(of: result)
          if json { print(record.json) }
          if csv && isFirst { print(record.csvHeader) }
          if csv { print(record.csv) }
          isFirst = false
        }
      }
    }
    if !json && !csv { print(table.description, terminator: "") }
  }

  private func record(of result: FactorisationResult) -> Record {
    Record([
      ("routine", .text(result.routine.rawValue)), ("dtype", .text(result.precision.rawValue)),
      ("m", .integer(result.routine.rows(result.size))), ("n", .integer(result.size)),
      ("threads", .integer(OpenBLAS.threads)), ("core", .text(OpenBLAS.coreName)),
      ("median_ms", .number(result.seconds.median * 1e3)),
      ("best_ms", .number(result.seconds.lowest * 1e3)),
      ("median_gflops", .number(result.medianGigaflops)),
      ("best_gflops", .number(result.bestGigaflops)),
    ])
  }
}
