import Foundation

/// The letters that the installed fonts have.
///
/// gnuplot's PNG pictures get a box of hundreds of pixels for each letter that no font has: Pango's
/// own sign for it comes out at the scale at which gnuplot draws inside.
package struct FontCoverage: Sendable {
  private let ranges: [ClosedRange<UInt32>]

  /// What fontconfig tells, on which Pango stands; of a machine where it tells nothing, all letters.
  static let installed = FontCoverage(listing: list())

  /// Reads lines of a font each: its format, and the ranges of its letters as hexadecimal numbers.
  package init(listing: String) {
    ranges = listing.split(separator: "\n").flatMap { line in
      let words = line.split(separator: " ")
      // Pango takes no other formats.
      guard ["TrueType", "CFF"].contains(words.first) else { return [ClosedRange<UInt32>]() }
      return words.dropFirst().compactMap { word in
        let ends = word.split(separator: "-").compactMap { UInt32($0, radix: 16) }
        guard let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
      }
    }
  }

  /// The text with the sign � in place of each letter that no font has, or a question mark where
  /// the fonts do not even have that.
  package func replacingMissing(in text: String) -> String {
    let missing = Set(text.unicodeScalars.lazy.filter { !$0.isASCII }).filter { !has($0) }
    if missing.isEmpty { return text }
    let sign: Unicode.Scalar = has("\u{FFFD}") ? "\u{FFFD}" : "?"
    let scalars = text.unicodeScalars.map { missing.contains($0) ? sign : $0 }
    return String(String.UnicodeScalarView(scalars))
  }

  /// What is never seen, such as what joins emoji, needs no font.
  private func has(_ scalar: Unicode.Scalar) -> Bool {
    ranges.isEmpty || scalar.properties.isDefaultIgnorableCodePoint
      || ranges.contains { $0 ~= scalar.value }
  }

  private static func list() -> String {
    let lister = try? ChildProgram(
      "/usr/bin/env", ["fc-list", "--format", "%{fontformat} %{charset}\n"])
    return String(decoding: lister?.finish(seconds: 10).output ?? Data(), as: UTF8.self)
  }
}
