extension String {
  /// The text in one line for people to read, wherever it comes from.
  ///
  /// What could command a terminal, end the line, change the order of letters or hide is shown
  /// escaped, as `\u{1B}` and `\n`: control and format characters, separators of lines and
  /// paragraphs, all that Unicode has drawn as nothing, and what it does not assign. Joiners stay
  /// where they join emoji or letters. Of a text of more than 4,096 characters, the beginning and the
  /// end are shown; the rest is not even looked at.
  package var printable: String {
    let scalars = unicodeScalars
    guard utf8.count > Self.mostShown,
      let end = scalars.index(
        scalars.startIndex, offsetBy: Self.mostShown, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return escaped(keepingLines: false) }
    let half = Self.mostShown / 2
    let ends = [scalars.prefix(half), scalars.suffix(half - 1)].map { String($0) }
    return ends.map { $0.escaped(keepingLines: false) }.joined(separator: "…")
  }

  /// Lines for people to read, escaped as ``printable``, but each kept whole, with its end.
  package var printableLines: String { escaped(keepingLines: true) }

  private static let mostShown = 4096

  private func escaped(keepingLines: Bool) -> String {
    if utf8.allSatisfy({ 0x20..<0x7F ~= $0 || keepingLines && $0 == 0x0A }) { return self }
    var text = String.UnicodeScalarView()
    var rest = unicodeScalars[...]
    var previous: Unicode.Scalar?
    while let scalar = rest.popFirst() {
      if keepingLines && scalar == "\n" || scalar.isVisible(after: previous, before: rest.first) {
        text.append(scalar)
      } else {
        text.append(contentsOf: scalar.shown.unicodeScalars)
      }
      previous = scalar
    }
    return String(text)
  }
}

extension Unicode.Scalar {
  /// The character as Swift writes it in a literal.
  fileprivate var shown: String {
    switch self {
    case "\n": #"\n"#
    case "\r": #"\r"#
    case "\t": #"\t"#
    default: #"\u{\#(String(value, radix: 16, uppercase: true))}"#
    }
  }

  /// Whether a reader sees the character as what it is.
  fileprivate func isVisible(after previous: Self?, before next: Self?) -> Bool {
    if 0x20..<0x7F ~= value { return true }
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .unassigned: return false
    case .format: break
    default: if !properties.isDefaultIgnorableCodePoint { return true }
    }
    guard let previous else { return false }
    switch value {
    case 0x200C, 0x200D:  // Joiners.
      guard let next else { return false }
      return [previous, next].allSatisfy(\.isEmoji) || [previous, next].allSatisfy(\.isJoining)
    case 0xFE0E, 0xFE0F:  // Whether the one before is text or emoji.
      return previous.isEmoji || next == "\u{20E3}"
    default: return false
    }
  }

  private var isEmoji: Bool { !isASCII && properties.isEmoji || self == "\u{FE0F}" }

  /// Whether it is of the blocks from Arabic to Sinhala, whose writing needs joiners.
  private var isJoining: Bool { 0x0600..<0x0E00 ~= value }
}
