extension String {
  /// The cells that the text takes on a terminal: two for Korean, Chinese and Japanese letters and
  /// emoji, none for what joins the letter before and for the codes of colours.
  package var cells: Int {
    var isInCode = false
    return reduce(0) { sum, character in
      if character == "\u{1B}" { isInCode = true }
      defer { if character == "m" { isInCode = false } }
      return isInCode ? sum : sum + character.cells
    }
  }

  /// The text, ``printable``, in so many cells at most, an ellipsis at its end where it is cut.
  package func cut(toCells most: Int) -> String {
    let line = printable
    if line.cells <= most { return line }
    var (kept, used) = ("", 0)
    for character in line {
      used += character.cells
      if used >= most { break }
      kept.append(character)
    }
    return kept + "…"
  }

  /// The text, ``printable``, with spaces up to a width in cells, before it or behind.
  package func padded(to width: Int, left: Bool = false) -> String {
    let line = printable
    let spaces = String(repeating: " ", count: max(0, width - line.cells))
    return left ? spaces + line : line + spaces
  }
}

extension Character {
  /// By the first scalar, since the others join it; a selector can make it an emoji.
  fileprivate var cells: Int {
    guard let first = unicodeScalars.first else { return 0 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    let isEmoji = first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}")
    return isEmoji || Self.wide.contains { $0 ~= first.value } ? 2 : 1
  }

  /// The blocks of letters that are wide by Unicode's annex 11, emoji apart.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
    0x20000...0x3FFFD,
  ]
}
