import FileTestSupport
import Foundation
import Testing

import Charts
import Text

struct ChartTests {
  @Test func bothFormsHaveTheSizeAskedFor() throws {
    let svg = try expectWhole(smallChart("Points"))
    #expect(svg.titles == ["Points"] && svg.texts == ["Points"])
  }

  @Test func numbersAreReadBack() {
    let points = smallChart("Points").data["points"]
    #expect(points?.dropLast() == [[100, 100], [200, 150.5]])
    #expect(points?.last?[0] == 300 && points?.last?[1].isNaN == true)
  }

  @Test func chartsInOnePageShareNoIds() throws {
    let ids = try ["a", "b"].map { Set(try SVGFile(smallChart($0).svg()).ids) }
    #expect(!ids[0].isEmpty && ids[0].isDisjoint(with: ids[1]))
    #expect(try smallChart("a").svg() == smallChart("a").svg())
  }

  @Test func fileIsOfTheKindThatItsEndingNames() throws {
    let folder = try TemporaryFolder()
    let chart = smallChart("Points")
    try chart.write(to: folder["a.svg"])
    try chart.write(to: folder["b.PNG"])
    #expect(try folder.text(of: "a.svg") == chart.svg() + "\n")
    #expect(try Array(folder.bytes(of: "b.PNG")) == chart.png())
    #expect(folder.contents == ["a.svg", "b.PNG"])
  }

  @Test(arguments: ["a.jpg", "a", ".png", "png", "a.svg/b", ""])
  func otherEndingIsRefused(_ path: String) throws {
    let error = #expect(throws: ChartError.self) { try smallChart("Points").write(to: path) }
    #expect(error?.kind == .unknownEnding)
    #expect(error?.description == "\(path): expected a name that ends in .svg or .png")
  }

  @Test func fileThatCannotBeWrittenIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder["none/a.svg"]
    let error = #expect(throws: ChartError.self) { try smallChart("Points").write(to: path) }
    #expect(error?.kind == .inputOutput)
    #expect(error?.description == "\(path): cannot write: No such file or directory")
  }

  @Test(arguments: [
    "it's \"quoted\" ''", "{/Bold x} _{a}^{b} }{", "100 % %g %s %%", "`touch \(Marker.path)`",
    #"\n \t \\ \"#, "system(\"touch \(Marker.path)\")", "@PATH @x", "$points", "EOD",
    "1e+09 #1 '7 _0", "옷 신발 ✓",
    "one\ntwo\r\nthree\tfour\u{0}\u{1B}[31m", "<b>&amp;</b> ]]>",
    "'; system 'touch \(Marker.path)' #", "a\nEOD\n!touch \(Marker.path)\n", "\u{FFFF}\u{2028}", "",
    " ", "<image id='gpDot'>",
  ])
  func anyTitleStaysText(_ title: String) throws {
    let svg = try expectWhole(smallChart(title))
    let text = title.printable
    #expect(!text.contains { $0.isNewline })
    #expect(svg.titles == [text])
    // The path of the marker may be long.
    let shown = TextWidth.fitted(text, to: 400 - 24, size: 16)
    #expect(svg.texts == (title.isEmpty ? [] : [shown]))
    #expect(!Marker.isThere)
  }

  @Test func longTextIsShortened() throws {
    let svg = try expectWhole(smallChart(String(repeating: "long ", count: 10_000)))
    #expect(svg.texts[0].hasPrefix("long long") && svg.texts[0].hasSuffix("…"))
    #expect(TextWidth.estimate(svg.texts[0], size: 16) <= 400 - 24)
    #expect(TextWidth.fitted("fits", to: 100, size: 10) == "fits")
    #expect(TextWidth.fitted("신발신발신발", to: 35, size: 10) == "신발…")
    #expect(TextWidth.fittedEnd(of: "fits", to: 100, size: 10) == "fits")
    #expect(TextWidth.fittedEnd(of: "발신발신발신", to: 35, size: 10) == "…발신")
    #expect(TextWidth.fittedEnd(of: "", to: 0, size: 10) == "")
  }
}
