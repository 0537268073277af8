import ArgumentParser
import Maru
import Text

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Print the settings and results of several runs side by side.",
    discussion: "A history of Keras as JSON will do for a run, too.")

  @Argument(help: "The folders of runs, or their history.json files; two or more.")
  var runs: [String]
  @Option(
    help: ArgumentHelp("Draw their curves into this .svg or .png file.", valueName: "file"))
  var chart: String?
  @OptionGroup var force: ForceOption

  func validate() throws {
    try PictureFile.checkName(chart, of: "--chart")
    try force.check(with: chart, of: "--chart")
    if runs.count < 2 { throw ValidationError("compare: expected two runs or more, got 1") }
  }

  func run() throws {
    let picture = try chart.map {
      try PictureFile(checking: $0, of: "--chart", unless: force)
    }
    for run in runs { try RunFolder.checkIsFinished(run) }
    let histories = try runs.map { try HistoryFile.read(RunFolder.historyPath($0)) }
    let names = Self.names(of: runs)
    for (name, history) in zip(names, histories) {
      for note in history.notes { Messages.print("\(name): \(note)") }
    }
    let comparison = Comparison(zip(names, histories).map { ($0, $1) })
    Results.print(lines: comparison.text(width: Terminal.standardOutput.limit))
    let curves = zip(names, histories).map { (name: $0, history: $1.history) }
    try picture?.write(.comparison(of: curves))
  }

  /// The paths without the folders at their front that all share.
  private static func names(of paths: [String]) -> [String] {
    let parts = paths.map { $0.split(separator: "/") }
    let isShared = { (place: Int) in
      parts.allSatisfy { place + 1 < $0.count && $0[place] == parts[0][place] }
    }
    // A folder of the root is another than one of the same name here.
    if Set(paths.map { $0.hasPrefix("/") }).count > 1 || !isShared(0) { return paths }
    let count = (0...).prefix(while: isShared).count
    return parts.map { $0.dropFirst(count).joined(separator: "/") }
  }
}

/// Runs side by side: what they share in a line, then a table of what they do not, and of what came
/// out.
struct Comparison {
  private let names: [String]
  private let runs: [HistoryFile.Run]

  init(_ runs: [(name: String, run: HistoryFile.Run)]) {
    names = runs.map(\.name)
    self.runs = runs.map(\.run)
  }

  /// The lines, in so many cells where there are no more.
  func text(width: Int?) -> String {
    let same = settings.filter { Set($0.values).count == 1 }
    let different = settings.filter { Set($0.values).count > 1 }
    var table = TextTable([("", .left)] + names.map { (header: $0, alignment: .right) })
    for (label, values) in different { table.append([label] + values) }
    if !different.isEmpty { table.appendRule() }
    for (label, values) in results { table.append([label] + values) }
    let shared = same.map { "\($0) \($1[0].printable)" }
    let list = shared.dropLast().map { $0 + "," } + shared.suffix(1)
    let text = (["the same in all:"] + list).filled(to: width, indent: 2) + "\n"
    return (list.isEmpty ? "" : text) + table.text(width: width)
  }

  private typealias Row = (label: String, values: [String])

  /// What stands for a setting or a figure that a file does not have.
  private static let unknown = "–"

  /// The settings that at least one file has, as people name them.
  private var settings: [Row] {
    let names = [
      "dataset", "layers", "parameters", "loss", "optimizer", "learning_rate", "tolerance", "l2",
      "batch_size", "validation", "seed", "threads", "core",
    ]
    return known(
      names.map { name in
        let values = runs.map { run in
          name == "validation" ? validation(run.parameters) : run.parameters[name]
        }
        return (name.replacing("_", with: " "), values.map { $0 ?? Self.unknown })
      })
  }

  private func validation(_ stored: [String: String]) -> String? {
    guard let part = stored["validation_split"].flatMap(Self.number) else { return nil }
    return part == 0 ? "none" : "\(stored["split"] ?? "") \(part)"
  }

  /// The number that a setting is, all of it: Swift's own reader stops at a null byte.
  private static func number(_ setting: String) -> Double? {
    setting.utf8.contains(0) ? nil : Double(setting)
  }

  private var results: [Row] {
    let figures = runs.flatMap(\.history.names)
      .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      .map { name in (name, values { $0.history[name].last }) }
    let measured = ["test_loss", "test_accuracy", "test_mae", "test_rmse", "test_r2"]
    let tests = measured.map { name in
      (name, values { $0.parameters[name].flatMap(Self.number) })
    }
    let rows =
      [
        ("epochs", runs.map { "\($0.history.epochs.count)" }),
        (
          "time",
          runs.map { run in
            let seconds = run.history.seconds.reduce(0, +)
            return seconds.isNaN ? Self.unknown : "\(seconds.fixed(2)) s"
          }
        ),
      ] + figures + tests
    return known(rows)
  }

  private func known(_ rows: [Row]) -> [Row] {
    rows.filter { !$0.values.allSatisfy { $0 == Self.unknown } }
  }

  private func values(_ figure: (HistoryFile.Run) -> Double?) -> [String] {
    runs.map { figure($0)?.fixed(4) ?? Self.unknown }
  }
}
