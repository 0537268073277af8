import Foundation
import Testing

import Charts

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What an SVG file holds, read by a parser of XML that was not made for it.
final class SVGFile: NSObject, XMLParserDelegate {
  private(set) var attributes: [String: String] = [:]
  private(set) var elements: [String] = []
  /// The texts of the picture, without the titles for those who cannot see it.
  private(set) var texts: [String] = []
  /// Where the text of the same index begins, from the top left.
  private var textPlaces: [(x: Double, y: Double)] = []
  private var place = (x: 0.0, y: 0.0)
  private(set) var titles: [String] = []
  private(set) var ids: [String] = []
  private(set) var references: [String] = []
  private var current = ""

  init(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    try #require(
      parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    if elements.isEmpty { self.attributes = attributes }
    elements.append(name)
    if name == "g", let move = attributes["transform"],
      let match = move.firstMatch(of: /translate\(([\d.]+),([\d.]+)\)/)
    {
      place = (Double(match.1) ?? 0, Double(match.2) ?? 0)
    }
    if let id = attributes["id"] { ids.append(id) }
    if let reference = attributes["xlink:href"] ?? attributes["href"] {
      references.append(reference)
    }
    current = ""
  }

  /// Where a text begins, wherever it stands.
  func places(of text: String) -> [(x: Double, y: Double)] {
    zip(texts, textPlaces).filter { $0.0 == text }.map(\.1)
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { current += string }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    if name == "text" {
      texts.append(current)
      textPlaces.append(place)
    }
    if name == "title" { titles.append(current) }
  }
}

/// The width and the height in the header of a PNG file.
func sizeOfPNG(_ bytes: [UInt8]) throws -> [Int] {
  try #require(bytes.count > 45)
  #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  #expect(String(decoding: bytes[12..<16], as: UTF8.self) == "IHDR")
  #expect(String(decoding: bytes.suffix(8).prefix(4), as: UTF8.self) == "IEND")
  return [16, 20].map { start in bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
}

/// Expects both forms of the chart whole and of its size, and gives what the SVG holds.
@discardableResult
func expectWhole(
  _ chart: Chart, sourceLocation: SourceLocation = #_sourceLocation
) throws -> SVGFile {
  #expect(
    try sizeOfPNG(chart.png()) == [chart.width, chart.height], sourceLocation: sourceLocation)
  let svg = try SVGFile(chart.svg(), sourceLocation: sourceLocation)
  #expect(svg.elements.first == "svg", sourceLocation: sourceLocation)
  #expect(svg.attributes["width"] == "\(chart.width)", sourceLocation: sourceLocation)
  #expect(svg.attributes["height"] == "\(chart.height)", sourceLocation: sourceLocation)
  #expect(svg.titles.count == 1, sourceLocation: sourceLocation)
  #expect(Set(svg.ids).count == svg.ids.count, sourceLocation: sourceLocation)
  #expect(
    svg.references.allSatisfy {
      $0.hasPrefix("data:image/png;base64,") || svg.ids.contains(String($0.dropFirst()))
    }, sourceLocation: sourceLocation)
  return svg
}

/// A chart of two points and a title, drawn on pixels.
func smallChart(_ title: String) -> Chart {
  var script = Script(width: 400, height: 300)
  script.usePixels()
  script.title(title)
  script.data("points", [[100, 100], [200, 150.5], [300, .infinity]])
  script.add("plot $points using 1:2 with linespoints notitle")
  return script.chart(title)
}
