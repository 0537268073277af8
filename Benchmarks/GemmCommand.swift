import ArgumentParser
import Maru
import Text

struct GemmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm",
    abstract: "Measure products of matrices, and check their answers.",
    discussion: """
      Prints the median and the best of the repetitions after a warm-up, the median's share of the \
      processors' measured peak, and the speed of the Swift wrapper by that of the same call from \
      C, the median over pairs of calls that take turns.
      """)

  @Option(
    help: ArgumentHelp("squares, training, skinny. (default: squares)", valueName: "name,…"))
  var set: [CommaList<ProductSet>] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The sizes n of the n×n matrices in squares. (default: 64 128 256 512 1024 2048 4096)",
      valueName: "n"))
  var sizes: [Int] = []
  @Option(help: ArgumentHelp("sgemm, dgemm. (default: both)", valueName: "name,…"))
  var routine: [CommaList<Routine>] = []
  @Option(help: "Threads of OpenBLAS. (default: as many as it chose, up to the usable processors)")
  var threads: Int?
  @Option(help: "Repetitions of each product.")
  var repeats = 9
  @Flag(help: "Evict the matrices from all caches before each product.")
  var cold = false
  @Flag(help: "Print one JSON object per product, each in a line.")
  var json = false
  @Flag(help: "Print a header and a line of CSV a product.")
  var csv = false

  @OptionGroup var chart: ChartOption

  private var sets: [ProductSet] { self.set.isEmpty ? [.squares] : self.set.flatMap(\.values) }

  func validate() throws {
    if !sizes.isEmpty && !sets.contains(.squares) {
      throw ValidationError("--sizes: expected with squares in --set")
    }
    if sizes.contains(where: { !(1...16384 ~= $0) }) {
      throw ValidationError("--sizes: expected 1 to 16384, got \(sizes)")
    }
    if let threads { try check(threads, of: "--threads", isIn: 1...1024) }
    try check(repeats, of: "--repeats", isIn: 1...100_000)
    if chart.path != nil && sets != [.squares] {
      throw ValidationError("--chart: expected with squares alone in --set")
    }
    if json && csv { throw ValidationError("--csv: expected without --json") }
  }

  func run() throws {
    try chart.check()
    OpenBLAS.threads = threads ?? min(OpenBLAS.threads, Processors.usable)
    let products = sets.flatMap {
      $0.products(sizes: sizes.isEmpty ? [64, 128, 256, 512, 1024, 2048, 4096] : sizes)
    }
    let peakThreads = min(OpenBLAS.threads, Processors.usable)
    if !json && !csv { print(InfoCommand.lines.joined(separator: "\n")) }
    var table = GemmTable()
    var isFirst = true
    var speeds: [Chart.Throughput] = []
    for routine in routine.isEmpty ? Routine.allCases : routine.flatMap(\.values) {
      let peak = Processors.peakGigaflops(threads: peakThreads, isDouble: routine == .dgemm)
      if !json && !csv {
        print("peak of \(routine): \(peak.fixed(1)) GFLOP/s, threads: \(peakThreads)")
      }
      var results: [GemmResult] = []
      for product in products {
        let result =
          switch routine {
          case .sgemm: try GemmMeasurement<Float>(product).run(repeats: repeats, cold: cold)
          case .dgemm: try GemmMeasurement<Double>(product).run(repeats: repeats, cold: cold)
          }
        results.append(result)
        table.append(result, peak: peak)
        let record = record(of: result, peak: peak)
        if json { print(record.json) }
        if csv && isFirst { print(record.csvHeader) }
        if csv { print(record.csv) }
        isFirst = false
      }
      speeds.append(
        Chart.Throughput(
          name: routine.rawValue, peak: peak,
          speeds: results.map { ($0.product.n, $0.medianGigaflops) }))
    }
    if !json && !csv { print(table.description, terminator: "") }
    try chart.write(
      .throughput(
        of: speeds,
        title: "Products of n×n matrices, \(ChartOption.threads(OpenBLAS.threads))"))
  }

  private func record(of result: GemmResult, peak: Double) -> Record {
    let product = result.product
    return Record([
      ("routine", .text(result.routine.rawValue)), ("layout", .text(product.layout.rawValue)),
      ("m", .integer(product.m)), ("n", .integer(product.n)), ("k", .integer(product.k)),
      ("threads", .integer(OpenBLAS.threads)), ("core", .text(OpenBLAS.coreName)),
      ("cache", .text(cold ? "cold" : "warm")),
      ("median_gflops", .number(result.medianGigaflops)),
      ("best_gflops", .number(result.bestGigaflops)), ("peak_gflops", .number(peak)),
      ("share_of_peak", .number(result.medianGigaflops / peak)),
      ("share_of_c", .number(result.shareOfDirect)),
    ])
  }
}

/// All results as people read them.
private struct GemmTable: CustomStringConvertible {
  private var table = TextTable([
    ("routine", .left), ("layout", .left), ("m", .right), ("n", .right), ("k", .right),
    ("median GFLOP/s", .right), ("best GFLOP/s", .right), ("of peak", .right), ("of C", .right),
  ])

  mutating func append(_ result: GemmResult, peak: Double) {
    let product = result.product
    table.append([
      result.routine.rawValue, product.layout.rawValue, "\(product.m)", "\(product.n)",
      "\(product.k)", result.medianGigaflops.fixed(1), result.bestGigaflops.fixed(1),
      "\((result.medianGigaflops / peak * 100).fixed(0)) %", result.shareOfDirect.fixed(3),
    ])
  }

  var description: String { table.description }
}
