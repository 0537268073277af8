import Charts
import Datasets
import Tensors
import Testing
import Text

struct TerminalPictureTests {
  private func draw(
    _ pixels: [UInt8], shape: Shape, titles: [String], columns: Int = 80,
    colors: Terminal.Colors = .none
  ) -> [String] {
    let picture = TerminalPicture(
      Images(pixels: pixels, shape: shape), titles: titles,
      terminal: Terminal(columns: columns, colors: colors))
    return picture.description.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  @Test func cellIsTwoPixelsInTrueColour() {
    let lines = draw(
      [0, 10, 10, 255, 200, 200], shape: [2, 3], titles: ["a"], colors: .trueColor)
    #expect(
      lines == [
        "a",
        "\u{1B}[38;2;0;0;0;48;2;255;255;255m▀\u{1B}[38;2;10;10;10;48;2;200;200;200m▀▀\u{1B}[0m", "",
      ])
  }

  @Test func lastRowAloneKeepsTheBackground() {
    let lines = draw([1, 2, 3], shape: [3, 1], titles: ["a"], colors: .trueColor)
    #expect(lines[2] == "\u{1B}[38;2;3;3;3;49m▀\u{1B}[0m")
  }

  /// The palette's greys: 16 is black, 232 to 255 are 8, 18, …, 238, and 231 is white.
  @Test func greysOfThePaletteAreTheNearest() throws {
    var levels = [16: 0, 231: 255]
    for step in 0..<24 { levels[232 + step] = 8 + 10 * step }
    for grey in 0...255 {
      let line = draw([UInt8(grey)], shape: [1, 1], titles: [""], colors: .palette)[1]
      let code = line.split(separator: ";")[2]
      let found = try #require(Int(code).flatMap { levels[$0] })
      #expect(levels.values.allSatisfy { abs(found - grey) <= abs($0 - grey) }, "\(grey): \(code)")
    }
  }

  @Test func shadesStandForBothPixelsWhereThereIsNoColour() {
    let row: [UInt8] = [1, 26, 52, 77, 103, 129, 154, 180, 205, 231]
    #expect(draw(row + row, shape: [2, 10], titles: ["a"])[1] == " .:-=+*#%@")
    #expect(draw([0, 255], shape: [2, 1], titles: ["a"])[1] == "=")
    #expect(draw([255, 255], shape: [2, 1], titles: ["a"])[1] == "@")
  }

  @Test(arguments: [(28, 1), (57, 1), (58, 2), (87, 2), (88, 3), (120, 4), (10, 1)])
  func asManyStandBesideEachOtherAsFit(_ columns: Int, _ perRow: Int) {
    let images = [UInt8](repeating: 255, count: 12 * 784)
    let titles = (0..<12).map { "class \($0)" }
    for colors in [Terminal.Colors.none, .palette, .trueColor] {
      let lines = draw(images, shape: [28, 28], titles: titles, columns: columns, colors: colors)
      #expect(lines.allSatisfy { $0.cells <= columns })
      #expect(lines.contains { $0.cells == min(columns, 30 * perRow - 2) || columns < 28 })
      // A line of titles, 14 of pixels (fewer where they are shrunk), and an empty one between.
      let pixelLines = columns < 28 ? 5 : 14
      #expect(lines.count == 12 / perRow * (pixelLines + 2))
      #expect(lines[0].split(separator: "class").count == perRow)
    }
  }

  @Test func imageWiderThanTheTerminalIsShrunk() {
    let pixels = (0..<54).map { index -> UInt8 in
      let (y, x) = (index / 9, index % 9)
      return UInt8(x / 3 * 100 + y / 3 * 50)
    }
    let lines = draw(pixels, shape: [6, 9], titles: ["a"], columns: 3, colors: .trueColor)
    #expect(
      lines[1]
        == "\u{1B}[38;2;0;0;0;48;2;50;50;50m▀\u{1B}[38;2;100;100;100;48;2;150;150;150m▀"
        + "\u{1B}[38;2;200;200;200;48;2;250;250;250m▀\u{1B}[0m")
  }

  /// Korean letters are two cells wide, whether composed or not.
  @Test func titlesKeepTheirColumns() {
    let pixels = [UInt8](repeating: 255, count: 3 * 8 * 2)
    let composed = draw(pixels, shape: [2, 8], titles: ["가방", "앵클 부츠 신발", "셔츠"])
    #expect(composed[0] == "가방            앵클 부츠 신발  셔츠")
    #expect(composed[1] == "@@@@@@@@        @@@@@@@@        @@@@@@@@")
    let bag = "\u{1100}\u{1161}\u{1107}\u{1161}\u{11BC}"
    let decomposed = draw(pixels, shape: [2, 8], titles: [bag, "b", "c"])
    #expect(decomposed[0].hasSuffix("      b         c") && decomposed[0].cells == 21)
  }

  @Test func titlesThatAreTooWideAreCut() {
    let pixels = [UInt8](repeating: 255, count: 2 * 8)
    let long = "a title of more than sixteen cells"
    #expect(draw(pixels + pixels, shape: [2, 8], titles: [long, "b"])[0] == "a title of more…  b")
    #expect(draw(pixels, shape: [2, 8], titles: ["앵클 부츠 신발 가방 셔츠"])[0] == "앵클 부츠 신발 …")
    #expect(draw(pixels, shape: [2, 8], titles: ["앵클 부츠"], columns: 8)[0] == "앵클 부…")
    #expect(draw(pixels, shape: [2, 8], titles: ["앵클 부츠"], columns: 7)[0] == "앵클 …")
  }

  @Test func titlesBringNoCodesAndNoLines() {
    let lines = draw([255, 255], shape: [2, 1], titles: ["a\n\u{1B}[31mb"])
    #expect(lines == [#"a\n\u{1B}[31mb"#, "@", ""])
  }

  @Test func nothingIsNothing() {
    #expect(draw([], shape: [2, 2], titles: []) == [""])
  }
}

struct TerminalTests {
  private func terminal(
    _ environment: [String: String], isTerminal: Bool = true, width: Int? = nil
  ) -> Terminal {
    Terminal(isTerminal: isTerminal, width: width, environment: environment)
  }

  @Test func coloursAreThoseOfTheEnvironment() {
    let xterm = ["TERM": "xterm-256color"]
    #expect(terminal(xterm).colors == .palette)
    #expect(terminal(["TERM": "screen-256color"]).colors == .palette)
    for value in ["truecolor", "24bit"] {
      let both = xterm.merging(["COLORTERM": value]) { $1 }
      #expect(terminal(both).colors == .trueColor)
      #expect(terminal(both, isTerminal: false).colors == .none)
      #expect(terminal(both.merging(["NO_COLOR": "1"]) { $1 }).colors == .none)
      #expect(terminal(both.merging(["NO_COLOR": ""]) { $1 }).colors == .trueColor)
      #expect(terminal(both.merging(["TERM": "dumb"]) { $1 }).colors == .none)
      #expect(terminal(["COLORTERM": value]).colors == .none)
    }
    #expect(terminal(["TERM": "vt100"]).colors == .none)
    #expect(terminal([:]).colors == .none)
  }

  /// Codes are for a terminal alone, and for none that is dumb or whose user wants no colours.
  @Test func codesAreForTerminalsThatTakeThem() {
    #expect(terminal(["TERM": "vt100"]).takesCodes)
    #expect(terminal(["TERM": "xterm", "NO_COLOR": ""]).takesCodes)
    for plain in [["TERM": "dumb"], ["TERM": ""], [:], ["TERM": "xterm", "NO_COLOR": "0"]] {
      #expect(!terminal(plain).takesCodes, "\(plain)")
    }
    #expect(!terminal(["TERM": "xterm"], isTerminal: false).takesCodes)
  }

  @Test func tablesHaveNoLimitWhereNothingTellsOne() {
    #expect(terminal([:], isTerminal: false).limit == nil)
    #expect(terminal(["COLUMNS": "90"], isTerminal: false).limit == 90)
    #expect(terminal(["COLUMNS": "90"], width: 70).limit == 70)
  }

  @Test func widthIsToldOrNamedOrEighty() {
    #expect(terminal(["COLUMNS": "100"], width: 120).columns == 120)
    #expect(terminal(["COLUMNS": "100"]).columns == 100)
    for wrong in ["", "0", "-5", "wide", "9223372036854775807"] {
      #expect(terminal(["COLUMNS": wrong]).columns == 80)
    }
    #expect(terminal([:]).columns == 80)
  }
}
