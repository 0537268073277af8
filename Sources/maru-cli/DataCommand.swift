import ArgumentParser
import Foundation
import Maru
import Text

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, look at and download data sets.",
    subcommands: [List.self, Show.self, Fetch.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the data sets, and where each was found.")

    @OptionGroup var data: DataOptions

    func run() {
      let listing = Dataset.list(dataDirectory: data.dataDirectory)
      let width = listing.map(\.name.cells).max() ?? 0
      for entry in listing {
        let place =
          switch entry.location {
          case .folder(let path, let bytes): "\(path) (\(Self.megabytes(bytes)))"
          case .generated(let bytes): "generated when used (\(Self.megabytes(bytes)))"
          case .missing: "not found; get it by: maru data fetch \(entry.name)"
          }
        Results.print("\(entry.name.padded(to: width))  \(entry.summary)")
        Results.print("\("".padded(to: width))  \(place)")
      }
    }

    private static func megabytes(_ bytes: Int) -> String {
      "\((Double(bytes) / 1e6).fixed(1)) MB"
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the shapes and the class counts of a data set, or draw it.",
      discussion: """
        With --count or --index, draws images instead, in the terminal or to the file of --output. \
        With --output alone, draws the class counts. With --pca, draws the data in the plane of \
        their first two principal components. Of a table, tells what was found: columns, label, task, \
        and what is left out; --json as one object.
        """)

    @Argument(
      help:
        "mnist, fashion-mnist, digits, a folder with four IDX files, a .npz file or a table (.csv)."
    )
    var dataset: String
    @OptionGroup var data: DataOptions
    @OptionGroup var table: TableArguments
    @Flag(help: "Print what was found of a table as one JSON object.")
    var json = false
    @OptionGroup var picture: DataPicture
    @OptionGroup var components: ComponentsPicture
    @OptionGroup var force: ForceOption

    func validate() throws {
      try force.check(with: picture.output ?? components.pca, of: "--output or --pca")
      if components.pca != nil && picture.isAsked {
        throw ValidationError("--pca: expected without --output, --count and --index")
      }
    }

    func run() throws {
      if try components.draw(load, unless: force) { return }
      if try picture.draw(load, unless: force) { return }
      let source = try DatasetSource(parsing: dataset)
      try table.check(with: source)
      if case .csv(let path) = source { return try showTable(path) }
      if json { throw Failure.usage("--json: expected with a table, but \(source) is none") }
      let dataset = try data.load(dataset)
      Results.print("\(dataset.overview)")
      for (name, part) in [("training", dataset.train), ("test", dataset.test)] {
        let shape = [part.count] + part.images.shape.sizes
        Results.print("\(name) \(dataset.noun) \(shape), labels [\(part.count)]")
      }
      // The counts and the number of the class take 21 cells.
      let names = Terminal.standardOutput.fitted(dataset.classNames, beside: 21)
      let width = names.map(\.cells).max() ?? 0
      let (train, test) = (counts(dataset.train), counts(dataset.test))
      Results.print("\("class".padded(to: width + 3))  training    test")
      for (label, name) in names.enumerated() {
        let columns = [train[label], test[label]].map { $0.grouped.padded(to: 8, left: true) }
        Results.print(
          "\("\(label)".padded(to: 2)) \(name.padded(to: width))  \(columns.joined())")
      }

      func counts(_ part: LabelledImages) -> [Int] {
        part.labels.reduce(into: dataset.classNames.map { _ in 0 }) { $0[$1] += 1 }
      }
    }

    private func load() throws -> Dataset {
      try table.check(with: DatasetSource(parsing: dataset))
      return try data.load(dataset, table: table.settings())
    }

    private func showTable(_ path: String) throws {
      let settings = table.settings()
      let findings = Dataset.findings(of: try Table(contentsOf: path, settings.options), settings)
      if json {
        Results.print("\(try TableDescription(findings).text)")
        return
      }
      let width = Terminal.standardOutput.limit ?? .max
      for line in findings.lines.flatMap({ $0.wrapped(to: width) }) { Results.print("\(line)") }
      var lines = TextTable([("column", .left), ("kind", .left), ("missing", .right)])
      let names = Terminal.standardOutput.fitted(findings.columns.map(\.name), beside: 30)
      for (name, column) in zip(names, findings.columns).prefix(Self.mostColumns) {
        lines.append([name, column.kind.rawValue, column.missing.grouped])
      }
      Results.print(lines: lines.text(width: Terminal.standardOutput.limit))
      let more = findings.columns.count - Self.mostColumns
      if more > 0 { Results.print("and \(more) more columns") }
      for warning in findings.warnings + findings.problems {
        for line in "warning: \(warning)".wrapped(to: width) { Results.print("\(line)") }
      }
    }

    private static let mostColumns = 50
  }

  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a data set from its well-known mirrors into the cache.")

    @Argument(help: "mnist or fashion-mnist.")
    var dataset: String
    @Option(
      help: ArgumentHelp("The folder for data sets. (default: the user's cache)", valueName: "dir"))
    var dataDirectory: String?

    func run() async throws {
      guard let published = PublishedDataset.all.first(where: { $0.name == dataset }) else {
        let names = PublishedDataset.all.map(\.name).joined(separator: ", ")
        throw Failure.usage("data fetch: '\(dataset)' cannot be downloaded; expected \(names)")
      }
      guard let directory = dataDirectory ?? Dataset.cacheDirectory() else {
        throw Failure.usage("data fetch: no HOME for a cache; expected --data-directory DIR")
      }
      let display = FetchDisplay()
      let folder = try await Interrupts.cancelling {
        defer { display.finish() }
        return try await DatasetFetcher().fetch(published, into: directory) { display.show($0) }
      }
      Results.print("\(dataset): \(folder)")
    }
  }
}

/// The download as one line on standard error, redrawn in place on a terminal.
private final class FetchDisplay: Sendable {
  private let takesCodes = Terminal.standardError.takesCodes

  func show(_ progress: DatasetFetcher.Progress) {
    guard takesCodes else { return }
    let received = Double(progress.receivedByteCount) / 1e6
    let total = progress.totalByteCount.map { " of \((Double($0) / 1e6).fixed(1))" }
    let line = "\(progress.fileName): \(received.fixed(1))\(total ?? "") MB"
    Messages.draw("\r\(line.printable)\u{1B}[K")
  }

  func finish() {
    if takesCodes { Messages.draw("\r\u{1B}[K") }
  }
}
