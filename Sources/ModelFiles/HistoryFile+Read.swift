import Foundation
import Training

extension HistoryFile {
  /// Reads a file that ``write(_:parameters:to:)`` wrote, or one of Keras's history.
  ///
  /// The latter may be the object `{"history": {…}}` or the dictionary `history.history` alone, with
  /// Python's `NaN` and `Infinity` for numbers; Keras's short name `acc` is read as `accuracy`. A
  /// null is NaN.
  ///
  /// Throws where there is no file, where it is no JSON or has no epochs, and where the figures are
  /// not numbers or not as many for each name.
  public static func read(_ path: String) throws(ModelFileError) -> Run {
    let data = try WholeFile.read(path, expected: "a history")
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, reason)
    }
    guard data.count <= longestFile else {
      throw malformed("\(data.count) bytes, expected at most \(longestFile) of a history")
    }
    // Foundation's reader traps at other bytes.
    guard data.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) != nil else {
      throw malformed("not text in UTF-8")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "\u{7F}Infinity", negativeInfinity: "\u{7F}-Infinity", nan: "\u{7F}NaN")
    guard let root = try? decoder.decode(Value.self, from: withPythonNumbersAsStrings(data)) else {
      throw malformed("not a JSON file")
    }
    guard case .object(let fields) = root, case .object(let series) = fields["history"] ?? root
    else { throw malformed(#"expected {"history": {"loss": […], …}}"#) }
    var figures: [String: [Double]] = [:]
    for (name, value) in series {
      guard let numbers = value.numbers else { throw malformed("\(name): expected numbers") }
      // A file may have both, of which the full name's figures are read.
      let full = fullNames[name] ?? name
      if full == name || series[full] == nil { figures[full] = numbers }
    }
    guard let loss = figures["loss"], !loss.isEmpty else {
      throw malformed("no loss of any epoch")
    }
    for (name, numbers) in figures.sorted(by: { $0.key < $1.key })
    where numbers.count != loss.count {
      throw malformed("\(name): expected \(loss.count) epochs as of loss, found \(numbers.count)")
    }
    var parameters: [String: String] = [:]
    if case .object(let stored) = fields["params"] { parameters = stored.compactMapValues(\.text) }
    return Run(history: history(figures, count: loss.count), parameters: parameters)
  }

  /// The text with Python's words for numbers that are not finite as strings, with a control character
  /// in front, so that it is JSON. Foundation would read them in JSON5, but it traps at some numbers there.
  private static func withPythonNumbersAsStrings(_ data: Data) -> Data {
    let words = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    var result = Data(capacity: data.count)
    var isInString = false
    var rest = Array(data)[...]
    while let byte = rest.first {
      if !isInString, let word = words.first(where: { rest.starts(with: $0) }) {
        result.append(contentsOf: [quote, 0x7F] + word + [quote])
        rest.removeFirst(word.count)
        continue
      }
      let length = isInString && byte == backslash ? 2 : 1
      if byte == quote { isInString.toggle() }
      result.append(contentsOf: rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return result
  }

  /// Far more than any history, and little enough to be held several times over.
  private static let longestFile = 100_000_000

  /// Keras names a metric as it was asked for.
  private static let fullNames = ["acc": "accuracy", "val_acc": "val_accuracy"]

  private static func history(_ figures: [String: [Double]], count: Int) -> History {
    let isValidation = { (name: String) in name.hasPrefix("val_") ? 1 : 0 }
    let isMetric = { (name: String) in name.hasSuffix("loss") ? 0 : 1 }
    // An object has no order, so that of a training: the loss first, training before validation.
    let names = figures.keys.filter { $0 != "seconds" }
      .sorted { (isValidation($0), isMetric($0), $0) < (isValidation($1), isMetric($1), $1) }
    return History(
      epochs: (0..<count).map { index in
        EpochRecord(
          epoch: index + 1, values: names.map { ($0, figures[$0]?[index] ?? .nan) },
          seconds: figures["seconds"]?[index] ?? .nan)
      })
  }
}

/// Any JSON.
private enum Value: Decodable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([Value])
  case object([String: Value])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([Value].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: Value].self))
    }
  }

  /// A number, NaN for null; nil for anything else.
  var number: Double? {
    switch self {
    case .null: .nan
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// An array of numbers; nil for anything else.
  var numbers: [Double]? {
    guard case .array(let values) = self else { return nil }
    let numbers = values.compactMap(\.number)
    return numbers.count == values.count ? numbers : nil
  }

  /// A setting as text; nil for null, an array and an object.
  var text: String? {
    switch self {
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): value
    case .null, .array, .object: nil
    }
  }
}
