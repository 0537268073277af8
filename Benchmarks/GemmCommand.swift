import ArgumentParser
import Maru

struct GemmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm",
    abstract: "Measure products of square matrices, and check their answers.",
    discussion: """
      Prints the median and the best of the repetitions after a warm-up, operands in cache where \
      they fit.
      """)

  @Option(parsing: .upToNextOption, help: "The sizes n of the n×n matrices.")
  var sizes = [64, 128, 256, 512, 1024, 2048]
  @Option(help: "Threads of OpenBLAS. (default: as many as it chose)")
  var threads: Int?
  @Option(help: "Repetitions of each size.")
  var repeats = 15

  func validate() throws {
    if sizes.contains(where: { !(1...16384 ~= $0) }) {
      throw ValidationError("--sizes: expected 1 to 16384, got \(sizes)")
    }
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads: expected 1 to 1024, got \(threads)")
    }
    if !(1...100_000 ~= repeats) {
      throw ValidationError("--repeats: expected 1 to 100000, got \(repeats)")
    }
  }

  func run() throws {
    if let threads { OpenBLAS.threads = threads }
    print(InfoCommand.lines.joined(separator: "\n"))
    print("    n   median GFLOP/s   best GFLOP/s")
    for size in sizes {
      let seconds = try measure(size).sorted()
      let flops = 2 * Double(size) * Double(size) * Double(size)
      let figures = [seconds[seconds.count / 2], seconds[0]].map { flops / $0 * 1e-9 }
      let columns = zip(figures, [17, 15]).map { Self.column($0, width: $1) }
      print(Self.column("\(size)", width: 5) + columns.joined())
    }
  }

  /// The seconds of each repetition.
  private func measure(_ size: Int) throws -> [Double] {
    var generator = RandomGenerator(seed: UInt64(size))
    let (a, b) = (Self.random(size, &generator), Self.random(size, &generator))
    let c = AlignedBuffer(uninitialized: size * size)
    let views = [a, b, c].map { $0.matrix(rows: size, columns: size) }
    // Small products are timed many at once, so that the clock's own time does not count.
    let batch = max(1, 20_000_000 / (size * size * size))
    return try withExtendedLifetime((a, b, c)) {
      gemm(views[0], views[1], into: views[2])
      try Self.check(views[0], views[1], views[2])
      return (0..<repeats).map { _ in
        let duration = ContinuousClock().measure {
          for _ in 0..<batch { gemm(views[0], views[1], into: views[2]) }
        }
        return duration.inSeconds / Double(batch)
      }
    }
  }

  /// Compares some elements with their sums in double precision; each may be off by the rounding of
  /// n products and sums of numbers below 1.
  private static func check(
    _ a: MatrixView<Float>, _ b: MatrixView<Float>, _ c: MatrixView<Float>
  ) throws {
    let size = a.rows
    for place in 0..<64 {
      let (row, column) = (place * 7919 % size, place * 104_729 % size)
      let exact = (0..<size).reduce(0.0) { $0 + Double(a[row, $1]) * Double(b[$1, column]) }
      let bound = Double(size) * Double(Float.ulpOfOne)
      guard abs(exact - Double(c[row, column])) <= bound else {
        throw WrongAnswer(
          "sgemm \(size)×\(size) at (\(row), \(column))", expected: exact,
          got: Double(c[row, column]), bound: bound)
      }
    }
  }

  private static func random(_ size: Int, _ generator: inout RandomGenerator) -> AlignedBuffer {
    let buffer = AlignedBuffer(uninitialized: size * size)
    for index in 0..<buffer.count { buffer.floats[index] = generator.uniform(-1, 1) }
    return buffer
  }

  private static func column(_ value: Double, width: Int) -> String {
    column("\((value * 10).rounded() / 10)", width: width)
  }

  private static func column(_ text: String, width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
