import Foundation
import Training

extension HistoryFile {
  /// Reads a file that ``write(_:parameters:to:)`` wrote, one of Keras's history, or the log of a
  /// `CSVLogger`.
  ///
  /// Keras's may be the object `{"history": {…}}` or the dictionary `history.history` alone, with
  /// Python's `NaN` and `Infinity` for numbers. A null is NaN, and so is `NA` in a log. The accuracies
  /// that Keras names after their kind, such as `sparse_categorical_accuracy` and `acc`, are read as
  /// `accuracy` where there is no other. Series of validation may be shorter, as `validation_freq`
  /// makes them: n of m epochs are those of every ⌊m/n⌋-th epoch, which is noted.
  ///
  /// Throws where there is no file, where it is neither or has no epochs, and where the figures are
  /// not numbers or not as many for each name, and where there are more than 1,000 settings, which no
  /// run has.
  public static func read(_ path: String) throws(ModelFileError) -> Run {
    let data = try WholeFile.read(path, expected: "a history")
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, reason)
    }
    guard data.count <= longestFile else {
      throw malformed("\(data.count) bytes, expected at most \(longestFile) of a history")
    }
    // Foundation's reader traps at other bytes.
    guard let text = data.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw malformed("not text in UTF-8")
    }
    let first = text.unicodeScalars.first { !$0.properties.isWhitespace && $0 != "\u{FEFF}" }
    if first != "{" && first != "[" {
      guard let log = HistoryLog(text) else {
        throw malformed("neither a JSON object nor the log of a CSVLogger, which has a column loss")
      }
      return try run(log.series, [:], malformed)
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "\u{7F}Infinity", negativeInfinity: "\u{7F}-Infinity", nan: "\u{7F}NaN")
    guard let contents = try? decoder.decode(Contents.self, from: withPythonNumbersAsStrings(data))
    else { throw malformed("not a JSON file") }
    guard let series = contents.series else {
      throw malformed(#"expected {"history": {"loss": […], …}}"#)
    }
    if let name = contents.wrongName { throw malformed("\(name): expected numbers") }
    guard contents.settingCount <= Contents.mostSettings else {
      throw malformed(
        "expected at most \(Contents.mostSettings) settings, found \(contents.settingCount)")
    }
    return try run(series, contents.parameters, malformed)
  }

  private static func run(
    _ series: [String: [Double]], _ parameters: [String: String],
    _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) -> Run {
    var figures = series
    for prefix in ["", "val_"] {
      if series[prefix + "accuracy"] != nil {
        figures[prefix + "acc"] = nil
        continue
      }
      // Of several, the first in this order.
      guard let kind = accuracies.first(where: { series[prefix + $0] != nil }) else { continue }
      figures[prefix + "accuracy"] = figures.removeValue(forKey: prefix + kind)
    }
    guard let epochs = figures["loss"]?.count, epochs > 0 else {
      throw malformed("no loss of any epoch")
    }
    var shorter: [String] = []
    for (name, numbers) in figures.sorted(by: { $0.key < $1.key })
    where numbers.count != epochs {
      let interval = numbers.isEmpty ? 0 : epochs / numbers.count
      guard name.hasPrefix("val_"), interval > 1, epochs / interval == numbers.count else {
        throw malformed("\(name): expected \(epochs) epochs as of loss, found \(numbers.count)")
      }
      shorter.append("\(name): \(numbers.count) of \(epochs) epochs, taken as every \(interval)th")
      figures[name] = (1...epochs).map {
        $0.isMultiple(of: interval) ? numbers[$0 / interval - 1] : .nan
      }
    }
    return Run(history: history(figures, count: epochs), parameters: parameters, notes: shorter)
  }

  /// The text with Python's words for numbers that are not finite as strings, with a control character
  /// in front, so that it is JSON. Foundation would read them in JSON5, but it traps at some numbers there.
  private static func withPythonNumbersAsStrings(_ data: Data) -> Data {
    let words = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    var result = Data(capacity: data.count)
    data.withUnsafeBytes { bytes in
      var (index, copied, isInString) = (0, 0, false)
      while index < bytes.count {
        let byte = bytes[index]
        if byte == quote {
          isInString.toggle()
        } else if isInString {
          if byte == backslash { index += 1 }
        } else if let word = words.first(where: {
          $0[0] == byte && bytes[index...].starts(with: $0)
        }) {
          result.append(contentsOf: bytes[copied..<index])
          result.append(contentsOf: [quote, 0x7F] + word + [quote])
          index += word.count
          copied = index
          continue
        }
        index += 1
      }
      result.append(contentsOf: bytes[copied...])
    }
    return result
  }

  /// Far more than any history, and little enough to be held several times over.
  private static let longestFile = 100_000_000

  /// Keras names a metric as it was asked for.
  private static let accuracies = [
    "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy",
  ]

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

/// What is in a history's JSON, or where it is something else.
///
/// Foundation's decoder is slow to say what a value is not: it is asked for what there should be, and
/// for one wrong value at most.
private struct Contents: Decodable {
  /// More than any program has.
  static let mostSettings = 1000

  /// The figures by name, null being NaN; nil where there is no object of them.
  private(set) var series: [String: [Double]]?
  /// The name of one that are not numbers; what comes behind it is not read.
  private(set) var wrongName: String?
  private(set) var settingCount = 0
  /// The settings as texts, without null, arrays and objects.
  private(set) var parameters: [String: String] = [:]

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  init(from decoder: any Decoder) throws {
    guard let root = try? decoder.container(keyedBy: Name.self) else { return }
    let history = Name(stringValue: "history")
    let isNested = root.contains(history)
    guard
      let fields = isNested ? try? root.nestedContainer(keyedBy: Name.self, forKey: history) : root
    else { return }
    var series: [String: [Double]] = [:]
    defer { self.series = series }
    for name in fields.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      guard let numbers = try? fields.decode([Double?].self, forKey: name) else {
        wrongName = name.stringValue
        return
      }
      series[name.stringValue] = numbers.map { $0 ?? .nan }
    }
    let settings = Name(stringValue: "params")
    guard isNested,
      let stored = try? root.nestedContainer(keyedBy: Name.self, forKey: settings)
    else { return }
    settingCount = stored.allKeys.count
    guard settingCount <= Self.mostSettings else { return }
    for name in stored.allKeys { parameters[name.stringValue] = Self.text(name, in: stored) }
  }

  private static func text(_ name: Name, in settings: KeyedDecodingContainer<Name>) -> String? {
    if let value = try? settings.decode(Bool.self, forKey: name) { return "\(value)" }
    if let value = try? settings.decode(Int.self, forKey: name) { return "\(value)" }
    if let value = try? settings.decode(Double.self, forKey: name) { return "\(value)" }
    return try? settings.decode(String.self, forKey: name)
  }
}
