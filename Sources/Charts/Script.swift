import Foundation
import Tensors
import Text

/// gnuplot commands as they are put together. Places and sizes are in pixels from the top left.
package struct Script {
  package let width, height: Int
  private var lines: [String] = []

  package init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
  }

  /// The sides of a text that can lie at its place.
  package enum Alignment: String { case left, center, right }

  package var text: String { lines.joined(separator: "\n") }

  /// Appends a command. Text of others goes in by ``quoted(_:)`` alone.
  package mutating func add(_ command: String) { lines.append(command) }

  /// Puts the plot's frame at a place, measured to its inner edges.
  package mutating func frame(left: Double, top: Double, right: Double, bottom: Double) {
    add("set lmargin at screen \(x(left))")
    add("set rmargin at screen \(x(right))")
    add("set tmargin at screen \(y(top))")
    add("set bmargin at screen \(y(bottom))")
  }

  /// Makes the plot's own coordinates pixels of the picture, with no axes.
  package mutating func usePixels() {
    frame(left: 0, top: 0, right: Double(width), bottom: Double(height))
    add("unset key; unset border; unset tics; unset colorbox")
    add("set xrange [0:\(width)]")
    add("set yrange [\(height):0]")
  }

  /// Appends rows of numbers under a name; a number that is not finite is left out of the picture.
  ///
  /// Traps unless the name is of ASCII letters, digits and `_`: it is a command's, not a text.
  package mutating func data(_ name: String, _ rows: [[Double]]) {
    require(
      name.wholeMatch(of: /[A-Za-z0-9_]+/) != nil,
      "Chart: expected a name of letters, digits and _, got \(name)")
    add("$\(name) << EOD")
    for row in rows { add(row.map(Self.number).joined(separator: " ")) }
    add("EOD")
  }

  /// Appends a line of text, shortened by an ellipsis where it is wider than `limit`.
  package mutating func label(
    _ text: String, x: Double, y: Double, _ alignment: Alignment = .left, size: Double = 13,
    color: String? = nil, limit: Double = .infinity, rotation: Int = 0
  ) {
    let fitted = TextWidth.fitted(text, to: limit, size: size)
    if fitted.isEmpty { return }
    add(
      "set label \(Self.quoted(fitted)) at screen \(screen(x, y)) "
        + "\(alignment.rawValue) rotate by \(rotation) noenhanced front "
        + "font ',\(Self.number(size))' textcolor rgb '\(color ?? Palette.ink)'")
  }

  /// Appends the chart's title, above everything.
  package mutating func title(_ text: String) {
    label(
      text, x: Double(width) / 2, y: 22, .center, size: 16, limit: Double(width) - 24)
  }

  /// The commands as a chart.
  package func chart(_ title: String) -> Chart {
    Chart(title: title, width: width, height: height, script: text)
  }

  /// A place as parts of the picture's width and height, from the bottom left.
  func screen(_ x: Double, _ y: Double) -> String { "\(self.x(x)),\(self.y(y))" }

  private func x(_ pixels: Double) -> String { Self.number(pixels / Double(width), digits: 6) }

  private func y(_ pixels: Double) -> String { Self.number(1 - pixels / Double(height), digits: 6) }
}

extension Script {
  /// Any text as a constant of gnuplot's, in which nothing is a command, a macro or an escape.
  ///
  /// All signs of ASCII but letters, blanks and a few more are octal numbers; digits are too, since
  /// gnuplot 5.4 takes one after the `\053` of a plus sign for part of it. Doubling single quotes is
  /// not enough: it misreads them at the ends of a text.
  package static func quoted(_ text: String) -> String {
    "\"" + text.printable.unicodeScalars.map(escaped).joined() + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    let isPlain =
      switch scalar {
      case "a"..."z", "A"..."Z", " ", ".", ",", "-", "/", "(", ")": true
      default: !scalar.isASCII
      }
    if isPlain { return String(scalar) }
    let digits = String(scalar.value, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
  }

  /// A number as gnuplot reads it: whole ones without a point, and NaN for what is not finite.
  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return "NaN" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// A number to so many decimals.
  package static func number(_ value: Double, digits: Int) -> String {
    let scale = pow(10, Double(digits))
    return number((value * scale).rounded() / scale)
  }
}
