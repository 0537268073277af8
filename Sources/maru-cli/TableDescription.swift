import Foundation
import Maru

/// What was found of a table, as `data show --json` prints it.
struct TableDescription: Encodable {
  struct Label: Encodable {
    /// The column; of several, their names are in `columns` in its place.
    let column: ColumnName?
    let columns: [ColumnName]?
    let task: String
    let classes: [String]?
  }

  struct Column: Encodable {
    let name: ColumnName
    let kind: String
    let missing: Int
  }

  /// A name, or without a header a number from 1.
  enum ColumnName: Encodable {
    case name(String)
    case number(Int)

    init(_ name: String, hasHeader: Bool) {
      if !hasHeader, let number = Int(name) { self = .number(number) } else { self = .name(name) }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .name(let name): try container.encode(name)
      case .number(let number): try container.encode(number)
      }
    }
  }

  let rows: Int
  let features: Int
  let separator: String
  let label: Label?
  let columns: [Column]
  let ignored: [ColumnName]
  let warnings: [String]

  init(_ findings: TableFindings) {
    let name = { (name: String) in ColumnName(name, hasHeader: findings.hasHeader) }
    (rows, features) = (findings.rows, findings.features.count)
    separator = findings.separator.rawValue
    label = findings.label.map { label in
      let columns = label.targets.map { name($0.name) }
      return Label(
        column: columns.count == 1 ? columns[0] : nil, columns: columns.count == 1 ? nil : columns,
        task: label.task.rawValue,
        classes: label.task == .classification ? label.classes : nil)
    }
    columns = findings.columns.map {
      Column(name: name($0.name), kind: $0.kind.rawValue, missing: $0.missing)
    }
    ignored = findings.leftOut.map { name($0.column) }
    warnings = findings.warnings + findings.problems
  }

  var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

extension TableFindings {
  /// What keeps the table from being trained on, if anything.
  var problems: [String] { problem.map { [$0.problem] } ?? [] }
}
