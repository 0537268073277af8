import FileTestSupport
import Foundation
import Testing

/// The command `benchmarks`: what it measures, never how fast that is.
struct BenchmarkTests {
  @Test func informationNamesTheMachine() throws {
    let result = try Command.benchmarks("info")
    expectSuccess(result)
    #expect(
      result.outputLines.prefix(3).map { $0.prefix { $0 != ":" } }
        == ["processor", "BLAS", "kernels"])
  }

  @Test(arguments: [
    ("gemm --sizes 0", "--sizes: expected 1 to 16384, got [0]"),
    ("gemm --sizes 16385", "--sizes: expected 1 to 16384, got [16385]"),
    ("gemm --threads 0", "--threads: expected 1 to 1024, got 0"),
    ("gemm --threads 99999999999", "--threads: expected 1 to 1024, got 99999999999"),
    ("gemm --repeats 0", "--repeats: expected 1 to 100000, got 0"),
    ("gemm --set training,skinny --sizes 8", "--sizes: expected with squares in --set"),
    ("lapack --sizes 8193", "--sizes: expected 1 to 8192, got [8193]"),
    ("lapack --repeats 0", "--repeats: expected 1 to 100000, got 0"),
    ("lapack --threads 0", "--threads: expected 1 to 1024, got 0"),
    ("lapack --json --csv", "--csv: expected without --json"),
    ("gemm --json --csv", "--csv: expected without --json"),
    ("training --threads 1,0", "--threads: expected 1 to 1024, got 0"),
    ("training --epochs 0", "--epochs: expected 1 to 10000, got 0"),
    ("training --repeats 0", "--repeats: expected 1 to 10000, got 0"),
    ("steps --threads 0", "--threads: expected 1 to 1024, got 0"),
    ("steps --epochs 0", "--epochs: expected 1 to 10000, got 0"),
    ("scoring --threads 2,0", "--threads: expected 1 to 1024, got 0"),
    ("scoring --batch-size 0", "--batch-size: expected 1 to 100000, got 0"),
    ("scoring --images 0", "--images: expected 1 to 100000000, got 0"),
    ("scoring --repeats 0", "--repeats: expected 1 to 10000, got 0"),
    ("load --repeats 0", "--repeats: expected 1 to 10000, got 0"),
    ("load --rows 9", "--rows: expected 10 to 10000000, got 9"),
    ("load t.csv --rows 10", "--table, --rows, --write: expected without files"),
  ])
  func wrongNumbersAreRefused(_ line: String, _ message: String) throws {
    let result = try Command.benchmarks(line)
    #expect(result.exitCode == 64 && result.output == "")
    #expect(result.errorLines.first == "Error: \(message)")
  }

  @Test(arguments: [
    "gemm --set cubes", "lapack --routine lq", "lapack --dtype float16", "gemm --routine sgemm,",
    "training --workload mlp", "training --backend c",
    "training --workload mlp-512,,mlp-fashion", "training --threads two", "load --table words",
  ])
  func wrongNamesAreRefused(_ line: String) throws {
    let result = try Command.benchmarks(line)
    #expect(result.exitCode == 64 && result.output == "")
    #expect(result.errorLines.first?.contains("is invalid") == true, "\(result.errors)")
  }

  // MARK: lapack

  private static let factorisations = [
    "solve", "inverse", "cholesky", "qr", "singular-values", "svd", "eigen-symmetric",
    "least-squares", "least-squares-qr",
  ]

  private struct Factored: Decodable {
    let routine, dtype, core: String
    let m, n, threads: Int
    let median_ms, best_ms, median_gflops, best_gflops: Double
  }

  @Test func lapackMeasuresEveryFactorisationInBothPrecisions() throws {
    let result = try Command.benchmarks("lapack --sizes 1 24 --repeats 2 --threads 1 --json")
    expectSuccess(result)
    let results: [Factored] = try Self.decode(result.outputLines)
    #expect(
      results.map(\.dtype) == ["float32", "float64"].flatMap { repeatElement($0, count: 18) })
    let routines = Self.factorisations.flatMap { [$0, $0] }
    #expect(results.map(\.routine) == routines + routines)
    for result in results {
      #expect(result.threads == 1 && [1, 24].contains(result.n))
      #expect(result.m == result.n * (result.routine.hasPrefix("least") ? 4 : 1))
      #expect(0 < result.best_ms && result.best_ms <= result.median_ms)
      #expect(result.median_gflops <= result.best_gflops)
      if result.routine == "cholesky" {
        let operations = Double(result.n * result.n * result.n) / 3
        #expect(abs(result.median_gflops * result.median_ms * 1e6 / operations - 1) < 1e-9)
      }
    }
  }

  @Test func lapackPrintsATableOrCSV() throws {
    let options = "--routine qr,svd --dtype float64 --sizes 8 --repeats 1 --threads 1"
    let table = try Command.benchmarks("lapack \(options)")
    expectSuccess(table)
    #expect(table.output.contains("│ qr      │ float64 │ 8 │"))
    #expect(table.output.contains("│ svd     │ float64 │ 8 │"))
    let csv = try Command.benchmarks("lapack \(options) --csv")
    expectSuccess(csv)
    #expect(
      csv.outputLines.first
        == "routine,dtype,m,n,threads,core,median_ms,best_ms,median_gflops,best_gflops")
    #expect(csv.outputLines.dropFirst().map { $0.split(separator: ",")[0] } == ["qr", "svd"])
  }

  // MARK: load

  private struct Loading: Decodable {
    let table: String
    let rows, features, threads: Int
    let megabytes, ms, megabytes_per_second: Double
  }

  @Test func loadReadsBothTablesInTurn() throws {
    let result = try Command.benchmarks("load --rows 30 --repeats 2 --json")
    expectSuccess(result)
    let results: [Loading] = try Self.decode(result.outputLines)
    #expect(results.map(\.table) == ["pixels", "floats", "pixels", "floats"])
    for result in results {
      #expect(result.rows == 30 && result.features == (result.table == "pixels" ? 784 : 30))
      #expect(0.008 < result.megabytes && result.megabytes < 0.1 && result.threads >= 1)
      #expect(abs(result.megabytes_per_second * result.ms * 1e-3 / result.megabytes - 1) < 1e-9)
    }
  }

  @Test func loadWritesItsTablesAndReadsFiles() throws {
    let folder = try TemporaryFolder()
    let options = "--rows 20 --table floats,pixels --write \(folder.path)"
    let written = try Command.benchmarks("load \(options)")
    expectSuccess(written)
    #expect(written.output == "" && folder.contents == ["floats.csv", "pixels.csv"])
    let text = try folder.text(of: "floats.csv")
    let lines = text.split(separator: "\n")
    #expect(lines.count == 21 && lines[0].hasPrefix("x0,x1,") && lines[0].hasSuffix(",label"))
    for field in lines.dropFirst().flatMap({ $0.split(separator: ",").dropLast() }) {
      #expect(field.wholeMatch(of: /-?[1-9]\d{0,3}\.\d+/) != nil)
      #expect(6...8 ~= field.count { $0.isNumber }, "\(field)")
    }
    // The same numbers each time.
    expectSuccess(try Command.benchmarks("load \(options)"))
    #expect(try folder.text(of: "floats.csv") == text)
    let table = try Command.benchmarks("load \(folder["pixels.csv"]) --repeats 1")
    expectSuccess(table)
    #expect(table.output.contains("│ \(folder["pixels.csv"]) │   20 │      784 │"))
  }

  @Test func loadNamesFilesThatItCannotRead() throws {
    let result = try Command.benchmarks("load /nowhere.csv")
    #expect(result.exitCode == 66 && result.errorLines.first?.contains("/nowhere.csv") == true)
    #expect(try Command.benchmarks("load --rows 10 --write /nowhere").exitCode == 74)
  }

  // MARK: gemm

  private struct Product: Decodable {
    let routine, layout, core, cache: String
    let m, n, k, threads: Int
    let median_gflops, best_gflops, peak_gflops, share_of_peak, share_of_c: Double
  }

  private static func decode<Record: Decodable>(_ lines: [String]) throws -> [Record] {
    try lines.map { try JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
  }

  @Test func gemmMeasuresSquaresInBothPrecisions() throws {
    let result = try Command.benchmarks("gemm --sizes 8 33 --repeats 2 --threads 1 --cold --json")
    expectSuccess(result)
    let products: [Product] = try Self.decode(result.outputLines)
    #expect(products.map(\.routine) == ["sgemm", "sgemm", "dgemm", "dgemm"])
    #expect(products.map { [$0.m, $0.n, $0.k] } == [8, 33, 8, 33].map { [$0, $0, $0] })
    for product in products {
      #expect(product.layout == "NN" && product.threads == 1 && product.cache == "cold")
      #expect(0 < product.median_gflops && product.median_gflops <= product.best_gflops)
      let share = product.median_gflops / product.peak_gflops
      #expect(abs(product.share_of_peak - share) < 1e-9 && product.share_of_c > 0)
    }
  }

  @Test func gemmMeasuresTheProductsOfTraining() throws {
    let result = try Command.benchmarks(
      "gemm --set training --routine sgemm --repeats 1 --threads 1 --csv")
    expectSuccess(result)
    #expect(
      result.outputLines.first
        == "routine,layout,m,n,k,threads,core,cache,median_gflops,best_gflops,peak_gflops,"
        + "share_of_peak,share_of_c")
    let rows = result.outputLines.dropFirst().map { $0.split(separator: ",").map(String.init) }
    #expect(rows.count == 5 * 6 * 3 && rows.allSatisfy { $0.count == 13 })
    let products = rows.map { $0[1...4].joined(separator: " ") }
    for product in ["NT 32 128 784", "NN 32 784 128", "TN 128 784 32", "NT 4096 10 128"] {
      #expect(products.contains(product))
    }
  }

  @Test func gemmPrintsATable() throws {
    let result = try Command.benchmarks("gemm --sizes 8 --repeats 1 --threads 1")
    expectSuccess(result)
    #expect(result.output.contains("\npeak of sgemm: "))
    #expect(result.output.contains("│ sgemm   │ NN     │ 8 │ 8 │ 8 │"))
    #expect(result.output.contains("│ dgemm   │ NN     │ 8 │ 8 │ 8 │"))
  }

  @Test func gemmNamesTheThreadsOfThePeak() throws {
    let result = try Command.shell(
      "taskset -c $(taskset -cp $$ | sed 's/.*[ ,-]//') $1 gemm --set squares,skinny --sizes 8 "
        + "--repeats 1 --threads 2 --routine sgemm",
      [Command.path(of: "benchmarks")])
    expectSuccess(result)
    let peak = #/peak of sgemm: [\d.]+ GFLOP/s, threads: 1/#
    #expect(result.outputLines.contains { $0.wholeMatch(of: peak) != nil }, "\(result.output)")
  }

  // MARK: training

  private struct Training: Decodable {
    let workload, backend, core: String
    let threads, epochs: Int
    let ms_per_epoch, us_per_step, samples_per_second, share_of_peak: Double
    let accuracy: Double?
  }

  private static let dense = "--workload softmax-mnist,mlp-fashion,mlp-512"

  /// Both data sets, with so many images of noise to train with, under a folder.
  private static func data(in folder: TemporaryFolder, images: Int = 400) throws -> String {
    let pixels = (0..<images * 784).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 16) }
    let labels = (0..<images).map { UInt8($0 % 10) }
    for name in ["mnist", "fashion-mnist"] {
      for (part, count) in [("train", images), ("t10k", 10)] {
        try folder.write(
          idx([count, 28, 28], Array(pixels.prefix(count * 784))),
          to: "\(name)/\(part)-images-idx3-ubyte")
        try folder.write(
          idx([count], Array(labels.prefix(count))), to: "\(name)/\(part)-labels-idx1-ubyte")
      }
    }
    return folder.path
  }

  @Test func trainingPrintsAnObjectARepeat() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "training --data-directory \(try Self.data(in: folder)) --epochs 2 --repeats 2 "
        + "--threads 1,2 --json \(Self.dense)")
    expectSuccess(result)
    let keys = [
      "workload", "backend", "threads", "core", "epochs", "ms_per_epoch", "us_per_step",
      "samples_per_second", "share_of_peak", "accuracy",
    ]
    for line in result.outputLines {
      #expect(line.matches(of: #/"(\w+)": /#).map { String($0.1) } == keys)
    }
    let records: [Training] = try Self.decode(result.outputLines)
    let turns = [("naive", 1), ("blas", 1), ("blas", 2)]
    let workloads = [("softmax-mnist", 320, 5), ("mlp-fashion", 400, 13), ("mlp-512", 400, 4)]
    try #require(records.count == workloads.count * 2 * turns.count)
    for (index, record) in records.enumerated() {
      let (workload, samples, steps) = workloads[index / 6]
      let (backend, threads) = turns[index % 3]
      #expect(record.workload == workload && record.epochs == 2)
      #expect(record.backend == backend && record.threads == threads)
      #expect((record.accuracy == nil) == (backend == "naive"))
      #expect((0...1).contains(record.accuracy ?? 0))
      #expect(0 < record.share_of_peak && record.share_of_peak < 1)
      let seconds = record.ms_per_epoch / 1e3
      #expect(abs(record.us_per_step * Double(steps) / 1e6 - seconds) < 1e-6 * seconds)
      #expect(abs(record.samples_per_second * seconds - Double(samples)) < 1e-6 * Double(samples))
    }
  }

  /// The same work twice as fast is twice the share; and every workload trains.
  @Test func theShareOfThePeakIsOfTheProductsOfAnEpoch() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "training --data-directory \(try Self.data(in: folder)) --epochs 1 --repeats 1 "
        + "--threads 1 --backend blas --json")
    expectSuccess(result)
    let records: [Training] = try Self.decode(result.outputLines)
    // Multiplications a sample: to outputs and to gradients of weights and, but for the first layer's,
    // of inputs.
    let multiplications: [(String, Double)] = [
      ("softmax-mnist", 320 * 2 * 7840 + 80 * 7840), ("mlp-fashion", 400 * (2 * 101_632 + 1280)),
      ("mlp-512", 400 * (2 * 668_672 + 267_264)), ("tiny", 10_000 * (2 * 704 + 576)),
      ("lenet-5", 400 * 758_520), ("cnn-fashion", 400 * (3 * 18_691_840 - 225_792)),
    ]
    #expect(records.map(\.workload) == multiplications.map(\.0))
    let peaks = zip(records, multiplications).map { record, expected in
      2 * expected.1 / (record.ms_per_epoch / 1e3) / record.share_of_peak
    }
    // Every record is of the same peak.
    for peak in peaks { #expect(peak > 0.999 * peaks.max()!, "\(peaks)") }
  }

  @Test func trainingPrintsATableAndWhatIsScaledUp() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "training --data-directory \(try Self.data(in: folder, images: 641)) --epochs 1 --repeats 1 "
        + "--threads 1 --workload mlp-512 --workload softmax-mnist")
    expectSuccess(result)
    let rows = result.outputLines.filter { $0.hasPrefix("│ ") }
      .map { $0.split(separator: "│").map { $0.trimmingCharacters(in: .whitespaces) } }
    #expect(
      rows.map { $0.prefix(3).joined(separator: " ") } == [
        "mlp-512 naive 1", "mlp-512 blas 1", "softmax-mnist naive 1", "softmax-mnist blas 1",
      ])
    try #require(!rows.isEmpty && rows.allSatisfy { $0.count == 10 })
    #expect(rows[0][8] == "1.0×" && rows[0][9] == "–")
    // All 9 steps of softmax-mnist are made.
    #expect(
      result.outputLines.filter { $0.hasPrefix("naive ") }
        == ["naive mlp-512: 5 of 6 steps per epoch, their time scaled up"])
  }

  @Test func missingDataAreNamedWithWhereToGetThem() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "training --workload softmax-mnist", environment: ["MARU_DATA": folder.path])
    #expect(result.exitCode == 66 && result.output == "")
    try #require(result.errorLines.count == 1)
    #expect(result.errorLines[0].hasPrefix("Error: mnist: found in none of "))
    #expect(result.errorLines[0].contains("`maru data fetch mnist`"))
  }

  @Test func workloadsWithoutDataAreLeftOutUnlessNamed() throws {
    let folder = try TemporaryFolder()
    let data = try Self.data(in: folder)
    try FileManager.default.removeItem(atPath: "\(data)/mnist")
    let result = try Command.benchmarks(
      "training --data-directory \(data) --epochs 1 --repeats 1 --backend blas --threads 1 --json")
    #expect(result.exitCode == 0)
    let records: [Training] = try Self.decode(result.outputLines)
    #expect(records.map(\.workload) == ["mlp-fashion", "tiny", "cnn-fashion"])
    #expect(
      result.errorLines.map { $0.prefix { $0 != ":" } }
        == ["softmax-mnist is left out", "mlp-512 is left out", "lenet-5 is left out"])
  }

  // MARK: steps

  private struct Step: Decodable {
    let workload, core, work: String
    let layer: String?
    let threads: Int
    let us_per_step, us_in_products: Double
    let gflops: Double?
  }

  @Test func stepsGiveTheWorkOfEachLayer() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "steps --data-directory \(try Self.data(in: folder)) --epochs 2 --threads 2 --json "
        + "--workload mlp-fashion")
    expectSuccess(result)
    let steps: [Step] = try Self.decode(result.outputLines)
    #expect(steps.allSatisfy { $0.workload == "mlp-fashion" && $0.threads == 2 })
    #expect(
      steps.map { "\($0.layer ?? "") \($0.work)" } == [
        " gather", "dense forward", "re_lu forward", "dense_1 forward", " loss",
        "dense_1 weight gradient", "dense_1 data gradient", "re_lu data gradient",
        "dense weight gradient", " update", " waiting",
      ])
    #expect(steps.allSatisfy { ($0.gflops != nil) == ($0.us_in_products > 0) })
    #expect(steps.allSatisfy { 0 <= $0.us_in_products && $0.us_in_products <= $0.us_per_step })
  }

  @Test func stepsPrintATableAWorkload() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "steps --data-directory \(try Self.data(in: folder)) --epochs 1 --threads 1 \(Self.dense)")
    expectSuccess(result)
    #expect(
      result.outputLines.filter { $0.contains(", steps: ") } == [
        "softmax-mnist, threads: 1, steps: 5", "mlp-fashion, threads: 1, steps: 13",
        "mlp-512, threads: 1, steps: 4",
      ])
    #expect(result.outputLines.count { $0.contains("│ step ") && $0.contains("100.0 %") } == 3)
  }

  // MARK: scoring

  private struct Scoring: Decodable {
    let workload, core: String
    let threads, batch_size, calls: Int
    let samples_per_second, us_per_call_median, us_per_call_p99: Double
  }

  @Test func scoringPrintsAnObjectARepeat() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "scoring --data-directory \(try Self.data(in: folder)) --workload mlp-fashion --threads 1,3 "
        + "--batch-size 1,500 --images 900 --repeats 2 --json")
    expectSuccess(result)
    let records: [Scoring] = try Self.decode(result.outputLines)
    #expect(records.allSatisfy { $0.workload == "mlp-fashion" })
    // The data hold 400 images.
    #expect(records.map(\.batch_size) == [1, 1, 1, 1, 400, 400, 400, 400])
    #expect(records.map(\.threads) == [1, 3, 1, 3, 1, 3, 1, 3])
    #expect(records.map(\.calls) == [900, 900, 900, 900, 2, 3, 2, 3])
    for record in records {
      #expect(0 < record.us_per_call_median && record.us_per_call_median <= record.us_per_call_p99)
      #expect(record.samples_per_second > 0)
    }
  }

  @Test func scoringPrintsATable() throws {
    let folder = try TemporaryFolder()
    let result = try Command.benchmarks(
      "scoring --data-directory \(try Self.data(in: folder)) --workload softmax-mnist "
        + "--threads 1,2 --batch-size 8 --images 80 --repeats 1")
    expectSuccess(result)
    let rows = result.outputLines.filter { $0.hasPrefix("│ ") }
      .map { $0.split(separator: "│").map { $0.trimmingCharacters(in: .whitespaces) } }
    #expect(
      rows.map { $0.prefix(3).joined(separator: " ") } == [
        "softmax-mnist 8 1", "softmax-mnist 8 2",
      ]
    )
    #expect(rows.first.map { $0[5] } == "1.00×")
  }

  // MARK: accuracy

  private struct Accuracy: Decodable, Equatable {
    let dataset: String
    let target, seconds, accuracy: Double
    let epochs, seed: Int
  }

  @Test func accuracyPrintsAnObjectARun() throws {
    let folder = try TemporaryFolder()
    let line = "accuracy --data-directory \(try Self.data(in: folder)) --epochs 1 --threads 1"
    let result = try Command.benchmarks("\(line) --runs 2 --seed 7 --json")
    expectSuccess(result)
    let records: [Accuracy] = try Self.decode(result.outputLines)
    #expect(records.map(\.seed) == [7, 8] && records.allSatisfy { $0.epochs == 1 })
    #expect(records.allSatisfy { $0.seconds > 0 && 0...1 ~= $0.accuracy })
    let table = try Command.benchmarks("\(line) --runs 1 --target 0.98")
    #expect(table.outputLines.contains { $0.hasPrefix("recipe: lenet-5's network, epochs: 1,") })
    #expect(table.outputLines.last == "0 of 1 runs reach 0.98")
  }

  @Test func accuracyWithoutARecipeIsRefused() throws {
    let result = try Command.benchmarks("accuracy --target 0.9999")
    #expect(result.exitCode == 64)
    #expect(
      result.errors.contains("no recipe for mnist to 0.9999; there is one for mnist to 0.985"))
  }

  // MARK: team

  @Test func teamModelsMachinesOfMoreProcessors() throws {
    let result = try Command.benchmarks(
      "team --workload tiny --epochs 1 --processors 1,64 --json")
    expectSuccess(result)
    struct Choice: Decodable {
      let workload: String
      let processors, best, chosen: Int
      let us_alone, us_waiting, modelled_us, cost: Double
    }
    let choices: [Choice] = try Self.decode(result.outputLines)
    #expect(choices.map(\.processors) == [1, 64] && choices.allSatisfy { $0.workload == "tiny" })
    #expect(choices[0].best == 1 && choices[0].chosen == 1 && abs(choices[0].cost - 1) < 1e-9)
    #expect(abs(choices[0].modelled_us - choices[0].us_alone) < 1e-9 * choices[0].us_alone)
    #expect(choices[1].cost >= 1 && 1...64 ~= choices[1].chosen)
  }
}
