import Maru

/// One measurement as programs read it: named fields, as a line of JSON or of CSV.
struct Record {
  enum Value {
    case text(String)
    case integer(Int)
    case number(Double)
    /// Not measured: null in JSON, an empty field in CSV.
    case none
  }

  let fields: [(name: String, value: Value)]

  init(_ fields: [(name: String, value: Value)]) { self.fields = fields }

  /// An object in one line, in the order of the fields. No text of ours needs escaping.
  var json: String {
    let members = fields.map { "\"\($0.name)\": \($0.value.json)" }
    return "{\(members.joined(separator: ", "))}"
  }

  /// The names of the fields, as the first line of CSV.
  var csvHeader: String { fields.map(\.name).joined(separator: ",") }

  /// The fields, as a line of CSV.
  var csv: String { fields.map { $0.value.plain ?? "" }.joined(separator: ",") }
}

extension Record.Value {
  fileprivate var json: String {
    if case .text(let text) = self { "\"\(text)\"" } else { plain ?? "null" }
  }

  /// The value without quotes, or nil where there is none.
  fileprivate var plain: String? {
    switch self {
    case .text(let text): text
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : nil
    case .none: nil
    }
  }
}

/// The middle of some numbers and how far they are apart.
struct Spread {
  let median, lowest, highest: Double

  /// Of at least one number.
  init(_ values: [Double]) {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    median =
      sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    (lowest, highest) = (sorted[0], sorted[sorted.count - 1])
  }
}
