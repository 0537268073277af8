import Foundation
import Tensors
import Text

/// What is changed in gnuplot's SVG, so that it can stand beside others in a page.
enum SVG {
  /// The `<svg>` element alone, with the chart's title in place of gnuplot's own names of the
  /// picture and its plots, ids of its own, and images whose pixels stay squares.
  static func tidied(_ svg: String, title: String, prefix: String) -> String {
    var result = ""
    var rest = svg[...]
    // All that stands before the element is the declaration of XML.
    if let start = rest.range(of: "<svg") { rest = rest[start.lowerBound...] }
    var isTitled = false
    while let tag = nextTag(in: rest) {
      // gnuplot leaves this sign as it is, which XML does not allow after "]]".
      result += rest[..<tag.lowerBound].replacing(">", with: "&gt;")
      rest = rest[tag.upperBound...]
      let text = svg[tag]
      if text == "<title>" {
        if let end = rest.range(of: "</title>") { rest = rest[end.upperBound...] }
        if !isTitled { result += "<title>\(escaped(title))</title>" }
        isTitled = true
      } else {
        result += changed(text, prefix: prefix)
      }
    }
    return result
  }

  /// An `<svg>` element with the variables of ``ReportStyle`` in place of the colours of ``Palette``.
  static func styled(_ svg: String) -> String {
    var result = ""
    var rest = svg[...]
    while let tag = nextTag(in: rest) {
      result += rest[..<tag.lowerBound] + styled(rest[tag])
      rest = rest[tag.upperBound...]
    }
    return result + rest
  }

  private static func styled(_ tag: Substring) -> String {
    var result = ""
    var rest = tag
    while let start = rest.range(of: "rgb(")?.lowerBound,
      let end = rest[start...].firstIndex(of: ")")
    {
      let color = rest[start...end]
      let numbers = color.dropFirst(4).dropLast().filter { $0 != " " }
      result += rest[..<start] + (Palette.variables[numbers].map { "var(\($0))" } ?? color)
      rest = rest[end...].dropFirst()
    }
    return (result + rest).replacing("\"#ffffff\"", with: "\"var(--card)\"")
      .replacing("\"black\"", with: "\"var(--ink)\"")
  }

  /// Text of the picture never holds a `<`, so that what stands between `<` and `>` is a tag.
  private static func nextTag(in text: Substring) -> Range<Substring.Index>? {
    guard let start = text.utf8.firstIndex(of: UInt8(ascii: "<")),
      let end = text[start...].utf8.firstIndex(of: UInt8(ascii: ">"))
    else { return nil }
    return start..<text.utf8.index(after: end)
  }

  private static func changed(_ tag: Substring, prefix: String) -> String {
    if tag.hasPrefix("<svg") { return "<svg role='img'" + tag.dropFirst(4) }
    if tag.hasPrefix("<image") {
      return "<image style='image-rendering:pixelated'" + tag.dropFirst(6)
    }
    guard tag.contains("id=") || tag.contains("#") else { return String(tag) }
    return String(tag)
      .replacing(" id='", with: " id='\(prefix)-")
      .replacing(" id=\"", with: " id=\"\(prefix)-")
      .replacing("href='#", with: "href='#\(prefix)-")
      .replacing("url(#", with: "url(#\(prefix)-")
  }

  private static func escaped(_ text: String) -> String {
    text.printable.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;")
  }
}
