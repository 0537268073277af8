/// How a line is drawn, and a sample of it in a legend.
struct LineStyle {
  let color: String
  /// gnuplot's number of a mark, or 0 for none.
  let point: Int
  let dash: Int

  static let training = LineStyle(color: Palette.blue, point: 7, dash: 1)
  static let validation = LineStyle(color: Palette.red, point: 6, dash: 2)

  init(color: String, point: Int, dash: Int) {
    (self.color, self.point, self.dash) = (color, point, dash)
  }

  /// That of a run among several: colours go round before marks do.
  init(run: Int) {
    let points = [7, 5, 9, 13, 6, 4, 8]
    self.init(
      color: Palette.runs[run % Palette.runs.count],
      point: points[(run + run / points.count) % points.count], dash: 1)
  }

  func dashed(marked: Bool) -> LineStyle {
    LineStyle(color: color, point: marked ? point : 0, dash: 2)
  }

  var line: String { "linecolor rgb '\(color)' dashtype \(dash) linewidth 2" }

  /// Marks stand at some 20 places of a long run, so that they do not grow into one.
  func commands(count: Int) -> String {
    if point == 0 { return "with lines \(line)" }
    return "with linespoints \(line) pointtype \(point) pointsize 0.6 "
      + "pointinterval \(max(1, count / 20))"
  }
}

extension Script {
  /// The names of an axis each, at the places that a frame of axes leaves for them, and thin lines
  /// across it.
  mutating func axes(
    x: String, y: String, left: Double, top: Double, right: Double, bottom: Double,
    nameAt place: Double? = nil
  ) {
    frame(left: left, top: top, right: right, bottom: bottom)
    add("unset key")
    add("set tics out nomirror scale 0.5 font ',12'")
    add("set border 3 linecolor rgb '\(Palette.ink)'")
    add("set grid y linecolor rgb '\(Palette.faint)' linetype 1 linewidth 1")
    label(x, x: (left + right) / 2, y: bottom + 42, .center)
    label(y, x: place ?? left - 54, y: (top + bottom) / 2, .center, rotation: 90)
  }

  /// A sample of a line, its mark and its name.
  mutating func legend(_ name: String, _ style: LineStyle, x: Double, y: Double) {
    // Arrows are never dashed in SVG, so that the dashes are arrows of their own.
    for (from, to) in style.dash == 1 ? [(0.0, 32.0)] : [(0, 6), (9, 14), (18, 23), (26, 32)] {
      add(
        "set arrow from screen \(screen(x + from, y)) to screen \(screen(x + to, y)) nohead "
          + "linecolor rgb '\(style.color)' linewidth 2")
    }
    if style.point > 0 { mark(style, x: x + 16, y: y) }
    label(name, x: x + 40, y: y, size: 12)
  }

  /// Samples of lines in a row that ends at the right.
  mutating func legend(_ entries: [(name: String, style: LineStyle)], right: Double, y: Double) {
    let widths = entries.map { 40 + TextWidth.estimate($0.name, size: 12) + 20 }
    var left = right - widths.reduce(0, +) + 20
    for (entry, width) in zip(entries, widths) {
      legend(entry.name, entry.style, x: left, y: y)
      left += width
    }
  }

  private mutating func mark(_ style: LineStyle, x: Double, y: Double) {
    add(
      "set label \"\" at screen \(screen(x, y)) "
        + "point pointtype \(style.point) pointsize 0.8 linecolor rgb '\(style.color)'")
  }
}
