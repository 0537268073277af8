@preconcurrency import Foundation
import Maru

/// What a model predicts of rows, as lines of CSV.
struct PredictionLines {
  private let classNames: [String]
  private let numbers: [String]
  /// How many classes are named a row; nil for the probabilities of all.
  private let top: Int?
  private let rowName: String

  /// - Parameters:
  ///   - classNames: a name an output; empty where the outputs are numbers
  ///   - numbers: the names of the numbers
  ///   - top: how many of the most probable classes to name
  ///   - rowName: the column that tells which row it is
  init(classNames: [String], numbers: [String] = [], top: Int?, rowName: String = "row") {
    (self.classNames, self.numbers, self.rowName) = (classNames, numbers, rowName)
    self.top = top.map { min($0, classNames.count) }
  }

  /// The names of the columns.
  var header: String {
    let columns: [String]
    if classNames.isEmpty {
      columns = numbers.count > 1 ? numbers : ["value"]
    } else if let top {
      columns = (1...top).flatMap {
        $0 == 1 ? ["class", "probability"] : ["class\($0)", "probability\($0)"]
      }
    } else {
      columns = ["class"] + classNames
    }
    return line([rowName] + columns)
  }

  /// A line a row.
  /// - Parameters:
  ///   - rows: which row each is
  ///   - outputs: [rows, classes] probabilities, or [rows, targets] numbers
  func lines(_ rows: [String], _ outputs: Tensor) -> String {
    var text = ""
    let best = classNames.isEmpty ? [] : outputs.argmaxOfRows()
    for (place, row) in rows.enumerated() {
      if classNames.isEmpty {
        text += line([row] + (0..<outputs.shape[1]).map { "\(outputs[place, $0])" })
        continue
      }
      let probabilities = classNames.indices.map { outputs[place, $0] }
      guard let top else {
        text += line([row, classNames[best[place]]] + probabilities.map { "\($0)" })
        continue
      }
      let ranked = classNames.indices.sorted {
        (probabilities[$1], $0) < (probabilities[$0], $1)
      }
      text += line([row] + ranked.prefix(top).flatMap { [classNames[$0], "\(probabilities[$0])"] })
    }
    return text
  }

  private func line(_ fields: [String]) -> String {
    fields.map(Self.quoted).joined(separator: ",") + "\n"
  }

  private static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { ",\"\n\r".utf8.contains($0) }) else {
      return field
    }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}

/// A table's rows as a model predicts them, from a file or as they come.
struct TablePrediction {
  let file: ModelFile
  let preparation: Preparation
  let options: TableOptions
  /// The column that tells which row it is; the rows' numbers from 1 without one.
  let id: String?
  let top: Int?

  var lines: PredictionLines {
    PredictionLines(
      classNames: preparation.label.classes, numbers: preparation.label.targets.map(\.name),
      top: top, rowName: id ?? "row")
  }

  /// The probabilities of the classes, or the numbers in the units of their columns.
  func outputs(of samples: Images) throws -> Tensor {
    preparation.label.task == .classification
      ? try file.model.probabilities(of: samples)
      : preparation.label.values(of: try file.model.predict(samples))
  }

  /// What each row is called.
  func names(of rows: [Int], in table: Table, from first: Int = 1) throws -> [String] {
    guard let id else { return rows.map { "\(first + $0)" } }
    let column = try table.column(id, option: "--id")
    return rows.map { table.text($0, of: column) ?? "" }
  }

  /// Reads rows from standard input, and writes a line for each to standard output as soon as it is
  /// there; only what comes at once is held in memory.
  func stream() throws {
    var (rest, isInQuotes, lines, rows) = ([UInt8](), false, 0, 0)
    var columns: [String]?
    while true {
      let piece = try Self.read()
      let place = rest.count
      rest += piece
      var end = piece.isEmpty ? rest.count : 0
      for index in place..<rest.count {
        if rest[index] == UInt8(ascii: "\"") { isInQuotes.toggle() }
        if rest[index] == UInt8(ascii: "\n") && !isInQuotes { end = index + 1 }
      }
      guard rest.count <= Self.longestRow || end > 0 else {
        throw Failure.data(
          "standard input: expected rows, found \(rest.count) bytes without an end")
      }
      let block = Array(rest[..<end])
      if block.contains(where: { !isBlank($0) }) {
        let table = try Table(
          stream: block, linesBefore: lines, for: preparation, options, names: columns,
          reading: id.map { [$0] } ?? [])
        if columns == nil { Results.print(lines: self.lines.header) }
        columns = table.columns.map(\.name)
        try write(table, from: rows + 1)
        rows += table.rowCount
        lines += block.count { $0 == UInt8(ascii: "\n") }
      }
      rest.removeFirst(end)
      if piece.isEmpty { break }
    }
  }

  private func write(_ table: Table, from first: Int) throws {
    for note in preparation.notes(on: table) { Messages.print("\(note)") }
    let all = Array(0..<table.rowCount)
    if all.isEmpty { return }
    let outputs = try outputs(of: preparation.samples(of: table))
    Results.print(lines: lines.lines(try names(of: all, in: table, from: first), outputs))
    guard fflush(stdout) == 0 else {
      throw Failure.inputOutput("standard output: \(String(cString: strerror(errno)))")
    }
  }

  private static let longestRow = 1 << 28

  /// Whether rows of such bytes alone are none.
  private func isBlank(_ byte: UInt8) -> Bool {
    let separator = options.separator ?? preparation.format.separator ?? .comma
    return [0x20, 0x09, 0x0A, 0x0D].contains(byte) || separator.rawValue.utf8.first == byte
  }

  /// What has come by now; nothing at the end.
  private static func read() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = Foundation.read(STDIN_FILENO, &bytes, bytes.count)
      if count < 0 && errno == EINTR && Interrupts.received == nil { continue }
      guard count >= 0 else {
        throw Failure.inputOutput("standard input: \(String(cString: strerror(errno)))")
      }
      return Array(bytes[..<count])
    }
  }
}
