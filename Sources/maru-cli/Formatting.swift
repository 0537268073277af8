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

extension String {
  /// The text as a word of a shell's command.
  var inShell: String {
    let plain = allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0))
    }
    return plain && !isEmpty ? self : "'" + replacing("'", with: #"'\''"#) + "'"
  }

  /// The text without line breaks, and with control characters shown instead of sent to a terminal.
  ///
  /// A path, a file or the parser may bring any.
  var inOneLine: String {
    let lines = split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
    let joined = lines.joined(separator: " ")
    return joined.unicodeScalars.reduce(into: "") { text, scalar in
      let isControl = scalar.properties.generalCategory == .control
      text += isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }

  /// The text, or as much of its beginning and of its end as has this length together.
  func shortened(to length: Int) -> String {
    count <= length ? self : "\(prefix(length / 2))…\(suffix(length / 2))"
  }

  /// The text with spaces added up to a width in cells of a terminal, before it or behind.
  func padded(to width: Int, left: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - cells))
    return left ? spaces + self : self + spaces
  }
}
