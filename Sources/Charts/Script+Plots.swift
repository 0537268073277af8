/// What is drawn at places in pixels, on a script of ``Script/usePixels()``. Each gives a part of the
/// one plot that the picture is.
extension Script {
  /// An image of bytes, row by row, its pixels squares of a side.
  mutating func image(
    _ name: String, _ rows: [[Double]], x: Double, y: Double, scale: Double
  ) -> String {
    data(name, rows)
    let side = Self.number(scale)
    let middles =
      "(\(Self.number(x))+($1+0.5)*\(side)):(\(Self.number(y))+($2+0.5)*\(side))"
    let isLine = rows.count == 1 || rows.first?.count == 1
    return "$\(name) matrix using "
      + (isLine ? Self.squares(middles, "3", side: scale) : "\(middles):3 with image notitle")
  }

  /// Squares by their middles, coloured by a column of data: gnuplot draws an image from two rows and
  /// columns alone.
  static func squares(_ middles: String, _ column: String, side: Double) -> String {
    let half = number(side / 2)
    return "\(middles):(\(half)):(\(half)):\(column) "
      + "with boxxyerror fillcolor palette fillstyle solid noborder notitle"
  }

  /// Upright bars of a color each, of values from 0 to 1, in a frame.
  mutating func bars(
    _ name: String, _ bars: [(value: Double, color: String)], x: Double, y: Double, width: Double,
    height: Double
  ) -> String {
    data(
      name,
      bars.enumerated().map { [Double($0), $1.value, Palette.number(of: $1.color)] })
    let pitch = width / Double(max(1, bars.count))
    let (left, base) = (Self.number(x), Self.number(y + height))
    // Bars that are wide enough stand apart.
    let inset = pitch > 4 ? 0.1 * pitch : 0
    rectangle(x: x, y: y, width: width, height: height)
    return "$\(name) using (\(left)):(\(base)):(\(left)+$1*\(pitch)+\(inset))"
      + ":(\(left)+($1+1)*\(pitch)-\(inset)):(\(base)):(\(base)-$2*\(Self.number(height))):3 "
      + "with boxxyerror fillcolor rgb variable fillstyle solid noborder notitle"
  }

  /// Lying bars, of lengths from 0 to 1 of `width`; `tops` are the upper edges.
  ///
  /// The rows of data are the value, its share of the width, the upper edge and the color.
  mutating func lyingBars(
    _ name: String, _ bars: [(value: Double, share: Double, top: Double, color: String)],
    x: Double, width: Double, thickness: Double
  ) -> String {
    data(name, bars.map { [$0.value, $0.share, $0.top, Palette.number(of: $0.color)] })
    let left = Self.number(x)
    return "$\(name) using (\(left)):3:(\(left)):(\(left)+$2*\(Self.number(width))):3"
      + ":($3+\(Self.number(thickness))):4 "
      + "with boxxyerror fillcolor rgb variable fillstyle solid noborder notitle"
  }

  /// A frame around a rectangle, which it does not cover.
  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, color: String = Palette.outline
  ) {
    let (left, upper) = (Self.number(x - 0.5), Self.number(y - 0.5))
    let (right, lower) = (Self.number(x + width + 0.5), Self.number(y + height + 0.5))
    add(
      "set object rectangle from first \(left),\(upper) to first \(right),\(lower) "
        + "fillstyle empty border rgb '\(color)' front")
  }

  /// A filled rectangle, as in a legend.
  mutating func swatch(x: Double, y: Double, side: Double, color: String) {
    add(
      "set object rectangle from first \(Self.number(x)),\(Self.number(y)) "
        + "to first \(Self.number(x + side)),\(Self.number(y + side)) "
        + "fillcolor rgb '\(color)' fillstyle solid noborder front")
  }

  /// What the colors mean, in a line from the left.
  mutating func legend(_ entries: [(name: String, color: String)], x: Double, y: Double) {
    var left = x
    for (name, color) in entries {
      swatch(x: left, y: y - 6, side: 12, color: color)
      label(name, x: left + 18, y: y, size: 12)
      left += 18 + TextWidth.estimate(name, size: 12) + 24
    }
  }

  /// Draws all parts in one plot, or nothing where there are none.
  mutating func plot(_ parts: [String]) {
    add("plot " + (parts.isEmpty ? "NaN notitle" : parts.joined(separator: ", ")))
  }

  /// A colour bar, whose place is that of the gradient alone, and what it measures.
  mutating func colorBar(
    _ name: String, _ marks: [Axis.Mark], x: Double, y: Double, width: Double, height: Double
  ) {
    let origin = screen(x, y + height)
    let size = [width / Double(self.width), height / Double(self.height)]
      .map { Self.number($0, digits: 6) }.joined(separator: ",")
    add("set colorbox vertical user origin \(origin) size \(size) noborder")
    label(
      name, x: x + width + 54 + Self.room(for: marks), y: y + height / 2, .center, size: 12,
      rotation: 90)
    add("set cbtics scale 0.5 font ',12' textcolor rgb '\(Palette.ink)'")
    self.marks(marks, on: "cb")
  }

  /// What marks of an axis take of the picture beyond the room that there is for all.
  static func room(for marks: [Axis.Mark]) -> Double {
    let widest = marks.map { TextWidth.estimate($0.text, size: 12) }.max() ?? 0
    return max(0, widest - 30).rounded(.up)
  }
}
