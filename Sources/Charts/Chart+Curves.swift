import Training

extension Chart {
  /// The training and the validation accuracy of each epoch, drawn and labelled as in the lesson.
  public static func accuracy(of history: History) -> Chart {
    curves(
      "Training and validation accuracy", axes: ("Epochs", "Accuracy"),
      [
        Curve("accuracy", "Training accuracy", history.accuracy, .training),
        Curve("val_accuracy", "Validation accuracy", history.validationAccuracy, .validation),
      ], highest: 1)
  }

  /// The training and the validation loss of each epoch, drawn and labelled as in the lesson, which
  /// calls the validation loss that of a test.
  public static func loss(of history: History) -> Chart {
    curves(
      "model loss", axes: ("epoch", "loss"),
      [
        Curve("loss", "train", history.loss, .training),
        Curve("val_loss", "test (validation)", history.validationLoss, .validation),
      ], highest: .infinity)
  }

  /// Several runs beside each other: accuracy and loss, a colour and a mark a run; validation as
  /// lines with marks, training dashed.
  /// - Parameter runs: the name of each run and its figures
  public static func comparison(of runs: [(name: String, history: History)]) -> Chart {
    let title = "Runs compared"
    let rows = (runs.count + 1) / 2
    var script = Script(width: 960, height: 480 + rows * 22)
    script.title(title)
    script.label(
      "with marks: validation; dashed: training", x: 480, y: 46, .center, size: 12,
      color: Palette.grey)
    for (index, run) in runs.enumerated() {
      let (x, y) = (70.0 + Double(index % 2) * 450, 478.0 + Double(index / 2) * 22)
      let style = LineStyle(run: index)
      script.label(run.name, x: x + 40, y: y, size: 12, limit: 400)
      script.add(
        "set label \(1000 + index) '' at screen \(script.screen(x + 16, y)) "
          + "point pointtype \(style.point) pointsize 0.8 linecolor rgb '\(style.color)'")
      script.add(
        "set arrow from screen \(script.screen(x, y)) to screen \(script.screen(x + 32, y)) "
          + "nohead linewidth 2 linecolor rgb '\(style.color)'")
    }
    script.add("set multiplot")
    script.panel(
      left: 70, right: 470, axes: ("Epochs", "Accuracy"),
      runs.enumerated().flatMap {
        Self.curves(of: $1.history, "accuracy", run: $0)
      }, highest: 1)
    script.add("unset label; unset arrow")
    script.panel(
      left: 540, right: 940, axes: ("Epochs", "Loss"),
      runs.enumerated().flatMap {
        Self.curves(of: $1.history, "loss", run: $0)
      }, highest: .infinity)
    script.add("unset multiplot")
    return script.chart(title)
  }

  private static func curves(of history: History, _ figure: String, run: Int) -> [Curve] {
    let style = LineStyle(run: run)
    return [
      Curve("\(figure)\(run)", nil, history[figure], style.dashed),
      Curve("val_\(figure)\(run)", nil, history["val_\(figure)"], style),
    ]
  }

  private static func curves(
    _ title: String, axes: (x: String, y: String), _ curves: [Curve], highest: Double
  ) -> Chart {
    var script = Script(width: 640, height: 480)
    script.title(title)
    script.panel(left: 70, right: 620, axes: axes, curves, highest: highest)
    return script.chart(title)
  }
}

/// A figure over the epochs, and how it is drawn.
private struct Curve {
  let name: String
  /// What the legend calls it, or nil where it is in none.
  let legend: String?
  let values: [Double]
  let style: LineStyle

  init(_ name: String, _ legend: String?, _ values: [Double], _ style: LineStyle) {
    (self.name, self.legend, self.values, self.style) = (name, legend, values, style)
  }
}

private struct LineStyle {
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

  var dashed: LineStyle { LineStyle(color: color, point: 0, dash: 2) }

  /// Marks stand at some 20 places of a long run, so that they do not grow into one.
  func commands(count: Int) -> String {
    let line = "linecolor rgb '\(color)' dashtype \(dash) linewidth 2"
    if point == 0 { return "with lines \(line)" }
    return "with linespoints \(line) pointtype \(point) pointsize 0.6 "
      + "pointinterval \(max(1, count / 20))"
  }
}

extension Script {
  /// Curves over the epochs in a frame, with their legend above it.
  fileprivate mutating func panel(
    left: Double, right: Double, axes: (x: String, y: String), _ curves: [Curve], highest: Double
  ) {
    frame(left: left, top: 74, right: right, bottom: 420)
    let epochs = curves.map(\.values.count).max() ?? 0
    let range = Axis.range(of: curves.flatMap(\.values), highest: highest)
    add("set tics out nomirror scale 0.5 font ',12'")
    add("set border 3 linecolor rgb '\(Palette.ink)'")
    add("set grid y linecolor rgb '\(Palette.faint)' linetype 1 linewidth 1")
    add("set key above right horizontal noenhanced font ',12' samplen 3")
    add("set xlabel \(Self.quoted(axes.x)); set ylabel \(Self.quoted(axes.y))")
    add("set xrange [\(epochs < 2 ? "0.5:1.5" : "1:\(epochs)")]")
    add("set xtics \(Axis.wholeStep(over: max(1, epochs)))")
    add("set yrange [\(range.lowerBound):\(range.upperBound)]")
    var parts: [String] = []
    for curve in curves where !curve.values.isEmpty {
      data(curve.name, curve.values.enumerated().map { [Double($0 + 1), $1] })
      let legend = curve.legend.map { "title \(Self.quoted($0))" } ?? "notitle"
      parts.append(
        "$\(curve.name) using 1:2 \(curve.style.commands(count: curve.values.count)) \(legend)")
    }
    plot(parts)
  }
}
