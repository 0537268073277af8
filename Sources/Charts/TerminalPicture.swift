import Datasets
import Text
import Training

/// Images as text for a terminal, in rows, a title above each.
///
/// ```swift
/// print(TerminalPicture(images[0..<8], titles: names, terminal: .standardOutput), terminator: "")
/// ```
///
/// Where there are colours, a cell is two pixels, one above the other: the upper half of a block
/// before a background. Where there are none, it is a character as dense as both are light.
public struct TerminalPicture: Sendable, CustomStringConvertible {
  /// The text, each line ended.
  public let description: String

  /// The cells between two images.
  private static let gap = 2
  /// The most cells that titles take from the images beside, where they are wider than their own.
  private static let widestTitle = 16

  /// Draws images; one that is wider than the terminal is made smaller by a whole factor.
  ///
  /// Traps unless the images are of [rows, columns] and each has a title.
  /// - Parameters:
  ///   - images: what is drawn
  ///   - titles: what stands above each; cut where it is wider than its room
  ///   - terminal: the width and the colours to draw for
  public init(_ images: Images, titles: [String], terminal: Terminal) {
    require(
      images.shape.rank == 2 && images.count == titles.count,
      "TerminalPicture: expected images of [rows, columns] and a title each, got \(images.count) of "
        + "\(images.shape) and \(titles.count) titles")
    let factor = (images.shape[1] + terminal.columns - 1) / terminal.columns
    let drawings = (0..<images.count).map {
      HalfBlocks(images.rows(at: $0), shrunkBy: factor, colors: terminal.colors)
    }
    let titleWidth = titles.map { $0.cut(toCells: Self.widestTitle).cells }.max() ?? 0
    let width = min(terminal.columns, max(drawings.first?.width ?? 1, titleWidth))
    let perRow = max(1, (terminal.columns + Self.gap) / (width + Self.gap))
    var text = ""
    for start in stride(from: 0, to: images.count, by: perRow) {
      let row = start..<min(start + perRow, images.count)
      if start > 0 { text += "\n" }
      text += Self.line(titles[row].map { $0.cut(toCells: width) }, width)
      for line in drawings[start].lines.indices {
        text += Self.line(drawings[row].map { $0.lines[line] }, width)
      }
    }
    description = text
  }

  /// Texts side by side, each in its column.
  private static func line(_ parts: [String], _ width: Int) -> String {
    let padded = parts.dropLast().map { part in
      part + String(repeating: " ", count: width + gap - part.cells)
    }
    return padded.joined() + (parts.last ?? "") + "\n"
  }
}

/// One image as lines of text.
private struct HalfBlocks {
  /// The width in cells.
  let width: Int
  let lines: [String]

  init(_ rows: [[Double]], shrunkBy factor: Int, colors: Terminal.Colors) {
    let rows = factor > 1 ? Self.shrunk(rows, by: factor) : rows
    width = rows[0].count
    lines = stride(from: 0, to: rows.count, by: 2).map { y in
      let lower = y + 1 < rows.count ? rows[y + 1] : nil
      return colors == .none
        ? Self.shades(rows[y], lower) : Self.blocks(rows[y], lower, colors)
    }
  }

  /// The means of square blocks; those at the right and the bottom may be smaller.
  private static func shrunk(_ rows: [[Double]], by factor: Int) -> [[Double]] {
    stride(from: 0, to: rows.count, by: factor).map { y in
      stride(from: 0, to: rows[y].count, by: factor).map { x in
        let block = rows[y..<min(y + factor, rows.count)].flatMap { row in
          row[x..<min(x + factor, row.count)]
        }
        return block.reduce(0, +) / Double(block.count)
      }
    }
  }

  private static let ramp = Array(" .:-=+*#%@")

  private static func shades(_ upper: [Double], _ lower: [Double]?) -> String {
    String(
      upper.indices.map { x in
        let light = (upper[x] + (lower?[x] ?? upper[x])) / 2
        return ramp[min(ramp.count - 1, Int(light / 256 * Double(ramp.count)))]
      })
  }

  private static func blocks(
    _ upper: [Double], _ lower: [Double]?, _ colors: Terminal.Colors
  ) -> String {
    var (text, current) = ("", "")
    for x in upper.indices {
      let background = lower.map { "48;\(code($0[x], colors))" } ?? "49"
      let codes = "\u{1B}[38;\(code(upper[x], colors));\(background)m"
      text += codes == current ? "▀" : "\(codes)▀"
      current = codes
    }
    return text + "\u{1B}[0m"
  }

  /// What follows 38 or 48 in the code of a grey.
  private static func code(_ grey: Double, _ colors: Terminal.Colors) -> String {
    let grey = Int(grey.rounded())
    if colors == .trueColor { return "2;\(grey);\(grey);\(grey)" }
    // Black and white are 16 and 231 of the palette; between them 24 steps from 8 to 238.
    if grey < 4 { return "5;16" }
    if grey > 246 { return "5;231" }
    return "5;\(232 + min(23, (grey - 3) / 10))"
  }
}
