import ArgumentParser
import Foundation
import Maru
import Text

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Measure reading a table from a text file.",
    discussion: """
      From the path of a file to samples that can be trained on: the label and the kinds of the \
      columns found, numbers scaled, a fifth of the rows held out. A first reading, which also \
      brings the file into the system's memory, does not count; then the tables take turns. The \
      tables of our own are written to the temporary directory and removed: MNIST, or generated \
      digits where it is not there, as numbers from 0 to 255 with a label before them; and 30 \
      columns of random numbers with 6 to 8 digits, and a label behind them.
      """)

  @Argument(help: ArgumentHelp("Files to read, in place of tables of our own.", valueName: "file"))
  var files: [String] = []
  @Option(help: ArgumentHelp("pixels, floats. (default: both)", valueName: "name,…"))
  var table: [CommaList<LoadTable>] = []
  @Option(
    help: ArgumentHelp(
      "Rows of a table of our own. (default: 60000 of pixels, 400000 of floats)", valueName: "n"))
  var rows: Int?
  @Option(help: "Repeats of each measurement.")
  var repeats = 5
  @Option(
    help: ArgumentHelp(
      "Write the tables to this folder, which is there, as pixels.csv and floats.csv; measure nothing.",
      valueName: "dir"))
  var write: String?
  @Option(
    help: ArgumentHelp("Where to look for MNIST first, as maru does.", valueName: "dir"))
  var dataDirectory: String?
  @Flag(help: "Print one JSON object per repeat, each in a line, instead of the table.")
  var json = false

  private var tables: [LoadTable] {
    table.isEmpty ? LoadTable.allCases : table.flatMap(\.values)
  }

  func validate() throws {
    try check(repeats, of: "--repeats", isIn: 1...10_000)
    if let rows { try check(rows, of: "--rows", isIn: 10...10_000_000) }
    if !files.isEmpty && (!table.isEmpty || rows != nil || write != nil) {
      throw ValidationError("--table, --rows, --write: expected without files")
    }
  }

  func run() throws {
    if let write { return try writeTables(to: write) }
    guard files.isEmpty else { return try measure(files.map { ($0, $0) }) }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("maru-load-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try writeTables(to: folder)
    try measure(tables.map { ($0.rawValue, $0.path(in: folder)) })
  }

  private func writeTables(to folder: String) throws {
    for table in tables {
      let bytes = try table.bytes(rows: rows ?? table.rows, dataDirectory: dataDirectory)
      try AtomicFile.write(Data(bytes), to: table.path(in: folder))
    }
  }

  private func measure(_ files: [(name: String, path: String)]) throws {
    if !json { print(InfoCommand.lines.joined(separator: "\n")) }
    var results = try files.map { try LoadResult(name: $0.name, path: $0.path) }
    for _ in 0..<repeats {
      for index in results.indices {
        try results[index].load()
        if json { print(results[index].record.json) }
      }
    }
    if !json { print(LoadSummary(results).description, terminator: "") }
  }
}

/// The readings of one file.
struct LoadResult {
  let name: String
  let path: String
  let megabytes: Double
  let rows: Int
  let features: Int
  private(set) var seconds: [Double] = []

  /// Reads the file for the first time.
  init(name: String, path: String) throws {
    (self.name, self.path) = (name, path)
    let dataset = try Self.dataset(path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    megabytes = ((attributes[.size] as? NSNumber)?.doubleValue ?? 0) * 1e-6
    rows = dataset.train.count + dataset.test.count
    features = dataset.train.images.shape.count
  }

  private static func dataset(_ path: String) throws -> Dataset { try Dataset.load(.csv(path)) }

  /// Reads the file once more.
  mutating func load() throws {
    seconds.append(try ContinuousClock().measure { _ = try Self.dataset(path) }.inSeconds)
  }

  /// The last reading.
  var record: Record {
    let last = seconds.last ?? .nan
    return Record([
      ("table", .text(name)), ("rows", .integer(rows)), ("features", .integer(features)),
      ("megabytes", .number(megabytes)), ("threads", .integer(Processors.usable)),
      ("ms", .number(last * 1e3)), ("megabytes_per_second", .number(megabytes / last)),
    ])
  }
}

/// All results as people read them.
private struct LoadSummary: CustomStringConvertible {
  private var table = TextTable([
    ("table", .left), ("rows", .right), ("features", .right), ("MB", .right), ("ms", .right),
    ("lowest–highest", .right), ("MB/s", .right),
  ])

  init(_ results: [LoadResult]) {
    for result in results {
      let seconds = Spread(result.seconds)
      table.append([
        result.name, result.rows.grouped, result.features.grouped, result.megabytes.fixed(1),
        (seconds.median * 1e3).fixed(1),
        "\((seconds.lowest * 1e3).fixed(1))–\((seconds.highest * 1e3).fixed(1))",
        (result.megabytes / seconds.median).fixed(0),
      ])
    }
  }

  var description: String { table.description }
}
