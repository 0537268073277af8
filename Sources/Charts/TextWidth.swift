import Tensors
import Text

/// How wide a text comes out, without the font at hand.
///
/// The reader's font decides; these are the widths of DejaVu Sans, which is among the widest, rounded
/// up, in ems. Measured and cut is what is shown of a text, ``Swift/String/printable``.
package enum TextWidth {
  /// The width of a text in pixels.
  package static func estimate(_ text: String, size: Double) -> Double {
    text.printable.reduce(0) { $0 + width($1) } * size
  }

  /// The text, or as much of its beginning as fits with an ellipsis.
  package static func fitted(_ text: String, to limit: Double, size: Double) -> String {
    let text = text.printable
    var (kept, used) = (text.startIndex, 0.0)
    for index in text.indices {
      used += width(text[index]) * size
      if used > limit {
        var beginning = text[..<kept]
        while beginning.last == " " { beginning.removeLast() }
        return beginning + "…"
      }
      // The ellipsis takes an em.
      if used + size <= limit { kept = text.index(after: index) }
    }
    return text
  }

  /// The text, or as much of its end as fits behind an ellipsis.
  package static func fittedEnd(of text: String, to limit: Double, size: Double) -> String {
    let text = text.printable
    if estimate(text, size: size) <= limit { return text }
    // The ellipsis takes an em.
    var (kept, used) = (text.endIndex, size)
    while kept > text.startIndex {
      let before = text.index(before: kept)
      used += width(text[before]) * size
      if used > limit { break }
      kept = before
    }
    return "…" + text[kept...].drop { $0 == " " }
  }

  private static func width(_ character: Character) -> Double {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    return switch scalar.value {
    case 0..<0x80: asciiWidth(character)
    case 0x80..<0x1100: 0.7
    case 0x1100..<0x1200, 0x2E80..<0xD7B0, 0xF900..<0xFB00, 0xFE30..<0xFE70, 0xFF00..<0xFFE7: 1.05
    case 0x1F000...: 1.4
    default: 1
    }
  }

  private static func asciiWidth(_ character: Character) -> Double {
    switch character {
    case "i", "j", "l", "I", "J", "'", "|": 0.34
    case " ", ".", ",", ":", ";", "!", "(", ")", "[", "]", "/", "\\", "-", "f", "r", "t": 0.42
    case "m", "M", "W", "@", "%": 1
    case "w", "G", "H", "N", "O", "Q", "U", "D", "&", "~", "+", "=", "<", ">", "#": 0.85
    case "a"..."z", "0"..."9", "\"", "_", "*", "{", "}", "`", "?", "$", "^": 0.65
    default: 0.75
    }
  }
}
