/// What a field of a table is that is no plain number.
enum FieldKind {
  case missing, number, boolean, date, text

  /// Words that stand for nothing, in small letters; they begin with one of the letters below.
  private static let missingWords: Set<String> = [
    "na", "n/a", "nan", "null", "none", "nat", "nil", "<na>", "#n/a", "#na", "?", "-", "--", ".",
  ]
  private static func startsMissing(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "<"), UInt8(ascii: "#"),
      UInt8(ascii: "?"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }
  /// Words of a column of booleans, in small letters.
  static let booleans: [String: Float] = ["true": 1, "false": 0, "yes": 1, "no": 0]
  private static func startsBoolean(_ byte: UInt8) -> Bool {
    switch byte | 0x20 {
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "y"), UInt8(ascii: "n"): true
    default: false
    }
  }
  private static let longestWord = 5

  private static let months: Set<String> = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let longestDate = 40

  /// What a field is; whether it is a date is not looked at where its column has other texts already.
  init(_ field: TableField, _ numbers: FieldNumber, mayBeDate: Bool) {
    let bytes = UnsafeBufferPointer(
      start: numbers.bytes + field.start, count: field.end - field.start)
    if numbers.value(field) != nil {
      self = .number
    } else if Self.isMissing(bytes) {
      self = .missing
    } else if Self.boolean(bytes) != nil {
      self = .boolean
    } else {
      self = mayBeDate && Self.isDate(bytes) ? .date : .text
    }
  }

  /// Whether a field stands for nothing.
  static func isMissing(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = bytes.first else { return true }
    return bytes.count <= longestWord && startsMissing(first)
      && missingWords.contains(word(bytes))
  }

  /// 1 or 0 for a word of a boolean.
  static func boolean(_ bytes: UnsafeBufferPointer<UInt8>) -> Float? {
    guard bytes.count <= longestWord, let first = bytes.first, startsBoolean(first) else {
      return nil
    }
    return booleans[word(bytes)]
  }

  private static func word(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).lowercased()
  }

  /// Whether a text is a day or a time: three numbers with one mark between, of which the first or the last
  /// may be a year; a month by its name between two; or numbers with colons.
  private static func isDate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard 4...longestDate ~= bytes.count, bytes.contains(where: { $0 &- 0x30 < 10 }) else {
      return false
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if text.wholeMatch(of: /\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?/) != nil { return true }
    let day = text.prefix { $0 != "T" && $0 != " " }
    let numeric = /(\d{4}([-\/.])\d{1,2}\2\d{1,2}|\d{1,2}([-\/.])\d{1,2}\3(\d{4}|\d{2}))/
    if day.wholeMatch(of: numeric) != nil { return true }
    let named = /(\d{1,2}[- .]+)?([A-Za-z]{3,9})[- .,]+(\d{1,2}[- ,]+)?\d{2,4}/
    guard let match = text.wholeMatch(of: named) else { return false }
    return months.contains(match.2.prefix(3).lowercased())
  }
}
