import Charts
import Testing

struct FontCoverageTests {
  @Test func lettersOfNoFontAreReplaced() {
    let fonts = FontCoverage(
      listing: "TrueType 20-7e fffd\nCFF ac00-d7a3 2713\nPCF 0e01-0e5b\nTrueType\n")
    #expect(fonts.replacingMissing(in: "a 신발 ✓ไ😀b") == "a 신발 ✓\u{FFFD}\u{FFFD}b")
    // What joins letters has no sign of its own.
    #expect(fonts.replacingMissing(in: "✓\u{FE0F}\u{200D}") == "✓\u{FE0F}\u{200D}")
    #expect(FontCoverage(listing: "CFF 20-7e").replacingMissing(in: "é") == "?")
    #expect(FontCoverage(listing: "").replacingMissing(in: "é") == "é")
  }

  /// No font has a letter for the last of the scalars that are for private use.
  @Test func pictureShowsASignForWhatNoFontHas() throws {
    #expect(try smallChart("a\u{10FFFD}b").png() == smallChart("a\u{FFFD}b").png())
    #expect(try smallChart("a\u{10FFFD}b").png() != smallChart("ab").png())
    #expect(try smallChart("a\u{10FFFD}b").svg().contains("a\u{10FFFD}b"))
  }
}
