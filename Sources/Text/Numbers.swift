#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension BinaryInteger {
  /// The number, not negative, with a comma between thousands.
  package var grouped: String {
    let digits = Array(String(self))
    return digits.indices.reduce("") { text, index in
      let isGroupStart = index > 0 && (digits.count - index).isMultiple(of: 3)
      return text + (isGroupStart ? "," : "") + String(digits[index])
    }
  }
}

extension Double {
  /// The number with a fixed number of decimals, `nan` or `inf` where it is not finite.
  package func fixed(_ decimals: Int) -> String { printed("%.*f", decimals) }

  /// The number with so many digits that count, as `0.0123` or `1.23e-09`.
  package func significant(_ digits: Int) -> String { printed("%.*g", digits) }

  /// The number with a power of ten, as `9.3e-06`.
  package func scientific(_ decimals: Int) -> String { printed("%.*e", decimals) }

  private func printed(_ format: String, _ decimals: Int) -> String {
    // The sign of NaN means nothing, and C prints it.
    if isNaN { return "nan" }
    // Room for the 309 digits of the largest number.
    var text = [CChar](repeating: 0, count: 512)
    let length = withVaList([Int32(decimals), self]) {
      vsnprintf(&text, text.count, format, $0)
    }
    return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
