import Testing
import Text

struct PrintableTextTests {
  @Test(arguments: [
    ("plain: text 1,5 ~", "plain: text 1,5 ~"),
    ("\u{1B}[31mred", #"\u{1B}[31mred"#),
    ("two\nlines\r\nand\ta tab\u{0}\u{7F}", #"two\nlines\r\nand\ta tab\u{0}\u{7F}"#),
    // Codes of eight bits: a control sequence, and the next line.
    ("\u{9B}31m \u{85}", #"\u{9B}31m \u{85}"#),
    // Overrides, isolates and marks of direction.
    ("\u{202E}txt\u{202C}", #"\u{202E}txt\u{202C}"#), ("\u{2066}a\u{2069}", #"\u{2066}a\u{2069}"#),
    ("\u{200E}\u{200F}\u{061C}", #"\u{200E}\u{200F}\u{61C}"#),
    // What has no width, of three kinds, and what ends lines and paragraphs.
    ("c\u{200B}a\u{200D}t\u{FEFF}", #"c\u{200B}a\u{200D}t\u{FEFF}"#),
    ("a\u{AD}b\u{2060}c\u{34F}", #"a\u{AD}b\u{2060}c\u{34F}"#),
    ("\u{3164}\u{115F}\u{E0041}", #"\u{3164}\u{115F}\u{E0041}"#),
    ("a\u{FE0F}1\u{FE0E}", #"a\u{FE0F}1\u{FE0E}"#), ("1\u{200D}2", #"1\u{200D}2"#),
    ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
    // What is no character.
    ("\u{FFFF}\u{378}\u{E0FFF}", #"\u{FFFF}\u{378}\u{E0FFF}"#),
  ])
  func whatCommandsHidesOrReordersIsShown(_ text: String, _ shown: String) {
    #expect(text.printable == shown)
    #expect(shown.printable == shown)
  }

  @Test(arguments: [
    "", " ", "옷 신발 ✓", "한글", "é", "שלום", "日本語", "کتاب\u{200C}ها", "क्\u{200D}ष",
    "👨\u{200D}👩\u{200D}👧", "🏳\u{FE0F}\u{200D}🌈", "1\u{FE0F}\u{20E3}", "☺\u{FE0E}", "\u{E000}",
    "\\n",
  ])
  func lettersOfAllWritingsStay(_ text: String) {
    #expect(text.printable.unicodeScalars.elementsEqual(text.unicodeScalars))
    #expect(text.printableLines.unicodeScalars.elementsEqual(text.unicodeScalars))
  }

  @Test func linesKeepTheirEndsAlone() {
    #expect("a\u{1B}\nb\r\n\n\u{85}".printableLines == "a\\u{1B}\nb\\r\n\n\\u{85}")
  }

  @Test func longTextIsShownByItsEnds() {
    let long = "<" + String(repeating: "가\u{1B}", count: 1_000_000) + ">"
    let shown = long.printable
    #expect(shown.hasPrefix(#"<가\u{1B}가"#) && shown.hasSuffix(#"가\u{1B}>"#))
    #expect(shown.contains("…") && shown.unicodeScalars.count < 4096 * 7)
    let fits = String(repeating: "가", count: 4096)
    #expect(fits.printable == fits)
    #expect((fits + "나").printable.unicodeScalars.count == 4096)
    // Lines are whole, however long.
    let table = String(repeating: "━", count: 10_000) + "\n"
    #expect(table.printableLines == table)
  }
}
