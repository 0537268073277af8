import Maru
import Text

extension Double {
  /// A duration in seconds, in the unit that suits it, as Keras prints the time of a step.
  var asStepTime: String {
    if self >= 1 { return "\(Int(rounded()))s" }
    if self >= 1e-3 { return "\(Int((self * 1e3).rounded()))ms" }
    return "\(Int((self * 1e6).rounded()))us"
  }

  /// The number in JSON, which has no word for what is not finite.
  var asJSON: String { isFinite ? "\(self)" : "null" }
}

extension [String] {
  /// The pieces with blanks between, in as many lines as a width in cells asks for, the later ones
  /// indented.
  func filled(to width: Int?, indent: Int = 0) -> String {
    var (text, used) = (first ?? "", first?.cells ?? 0)
    for piece in dropFirst() {
      let cells = piece.cells
      if used + 1 + cells > width ?? .max {
        text += "\n" + String(repeating: " ", count: indent) + piece
        used = indent + cells
      } else {
        text += " " + piece
        used += 1 + cells
      }
    }
    return text
  }
}

extension String {
  /// The text in lines of at most so many cells, broken at blanks; what follows the first leans.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    for word in printable.split(separator: " ", omittingEmptySubsequences: false) {
      if let last = lines.last, last.cells + 1 + String(word).cells <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(lines.isEmpty ? String(word) : "  \(word)")
      }
    }
    return lines
  }

  /// The text as a word of a shell's command, which can be shown as it is.
  var inShell: String {
    let plain = allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0))
    }
    if plain && !isEmpty { return self }
    if printable == self { return "'" + replacing("'", with: #"'\''"#) + "'" }
    let bytes = utf8.map { byte in
      0x20..<0x7F ~= byte && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
        ? String(Unicode.Scalar(byte)) : "\\" + "00\(String(byte, radix: 8))".suffix(3)
    }
    return "$'" + bytes.joined() + "'"
  }

  /// What has no blanks in it.
  var words: [String] { split(separator: " ").map(String.init) }

  /// The text, or as much of its beginning and of its end as has this length together.
  func shortened(to length: Int) -> String {
    count <= length ? self : "\(prefix(length / 2))…\(suffix(length / 2))"
  }
}
