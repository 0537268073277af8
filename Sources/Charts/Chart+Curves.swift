import Training

extension Chart {
  /// The training and the validation accuracy of each epoch, drawn and labelled as in the lesson.
  /// - Parameters:
  ///   - history: the run
  ///   - width: in pixels, from 420; a narrow one where the picture is shown on a phone
  public static func accuracy(of history: History, width: Int = 640) -> Chart {
    curves(
      "Training and validation accuracy", axes: ("Epochs", "Accuracy"), width: width,
      [
        Curve("accuracy", "Training accuracy", history.accuracy, .training),
        Curve("val_accuracy", "Validation accuracy", history.validationAccuracy, .validation),
      ], highest: 1)
  }

  /// The training and the validation loss of each epoch, drawn as in the lesson.
  /// - Parameters:
  ///   - history: the run
  ///   - width: in pixels, from 420; a narrow one where the picture is shown on a phone
  public static func loss(of history: History, width: Int = 640) -> Chart {
    curves(
      "model loss", axes: ("epoch", "loss"), width: width,
      [
        Curve("loss", "train", history.loss, .training),
        Curve("val_loss", "validation", history.validationLoss, .validation),
      ], highest: .infinity)
  }

  /// Several runs in one picture: accuracy and loss, each above its legend of a colour and a mark a run,
  /// and of the lines, solid for validation and dashed for training.
  /// - Parameter runs: the name of each run and its figures; of a name that is too long, such as a
  ///   path, the end is shown
  public static func comparison(of runs: [(name: String, history: History)]) -> Chart {
    let title = "Runs compared"
    var script = Script(width: 960, height: 506 + runs.count * 22)
    script.title(title)
    script.add("set multiplot")
    for (index, (figure, name)) in [("accuracy", "Accuracy"), ("loss", "Loss")].enumerated() {
      if index > 0 { script.add("unset label; unset arrow") }
      let left = 70 + Double(index) * 470
      for (index, run) in runs.enumerated() {
        script.legend(
          TextWidth.fittedEnd(of: run.name, to: 360, size: 12), LineStyle(run: index), x: left,
          y: 510 + Double(index) * 22)
      }
      let line = LineStyle(color: Palette.grey, point: 0, dash: 1)
      let parts = [
        ("validation", "val_\(figure)", line), ("training", figure, line.dashed(marked: false)),
      ].filter { part in runs.contains { !$0.history[part.1].isEmpty } }
      for (index, (name, _, style)) in parts.enumerated() {
        script.legend(name, style, x: left + Double(index) * 150, y: 488)
      }
      script.panel(
        left: left, right: left + 400, names: ("Epochs", name),
        runs.enumerated().flatMap { Self.curves(of: $1.history, figure, run: $0) },
        highest: figure == "accuracy" ? 1 : .infinity)
    }
    script.add("unset multiplot")
    return script.chart(title)
  }

  private static func curves(of history: History, _ figure: String, run: Int) -> [Curve] {
    let style = LineStyle(run: run)
    let validation = history["val_\(figure)"]
    return [
      Curve("\(figure)\(run)", nil, history[figure], style.dashed(marked: validation.isEmpty)),
      Curve("val_\(figure)\(run)", nil, validation, style),
    ]
  }

  private static func curves(
    _ title: String, axes: (x: String, y: String), width: Int, _ curves: [Curve], highest: Double
  ) -> Chart {
    var script = Script(width: width, height: 480)
    let right = Double(width) - 20
    script.title(title)
    let entries = curves.filter { !$0.values.isEmpty }.map {
      (name: $0.legend ?? "", style: $0.style)
    }
    script.legend(entries, right: right, y: 52)
    script.panel(left: 70, right: right, names: axes, curves, highest: highest)
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

extension Script {
  /// Curves over the epochs in a frame.
  fileprivate mutating func panel(
    left: Double, right: Double, names: (x: String, y: String), _ curves: [Curve], highest: Double
  ) {
    let epochs = max(1, curves.map(\.values.count).max() ?? 0)
    let range = Axis.range(of: curves.flatMap(\.values), highest: highest)
    let marks = Axis.marks(of: range, most: 10)
    // The name of the axis stays where it is, and wide marks move the frame.
    let inner = left + Script.room(for: marks)
    axes(
      x: names.x, y: names.y, left: inner, top: 76, right: right, bottom: 424, nameAt: left - 54)
    let room = max(0.5, Double(epochs) * 0.02)
    add("set xrange [\(1 - room):\(Double(epochs) + room)]")
    add("set xtics \(Axis.wholeStep(over: epochs))")
    add("set yrange [\(range.lowerBound):\(range.upperBound)]")
    self.marks(marks, on: "y")
    var parts: [String] = []
    for curve in curves where !curve.values.isEmpty {
      data(curve.name, curve.values.enumerated().map { [Double($0 + 1), $1] })
      parts.append(
        "$\(curve.name) using 1:2 \(curve.style.commands(count: curve.values.count)) notitle")
    }
    plot(parts)
  }
}
