import ArgumentParser
import Foundation
import Maru

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
        their first two principal components.
        """)

    @Argument(
      help: "mnist, fashion-mnist, digits, a folder with four IDX files, or a .npz or .csv file.")
    var dataset: String
    @OptionGroup var data: DataOptions
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
      if try components.draw(dataset, from: data, unless: force) { return }
      if try picture.draw(dataset, from: data, unless: force) { return }
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
