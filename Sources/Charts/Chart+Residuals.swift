import Tensors
import Text
import Training

extension Chart {
  /// Predicted numbers against the true ones, and what is left between them, a row of two panels for each
  /// of the first six targets.
  ///
  /// Of more than 2,000 samples so many are drawn. Traps unless both are [samples, names].
  /// - Parameters:
  ///   - predictions: what the model gives
  ///   - targets: what is right
  ///   - names: what each target is called
  ///   - title: what stands above
  public static func predictions(
    _ predictions: Tensor, _ targets: Tensor, names: [String], title: String
  ) -> Chart {
    let all = PredictedNumbers.all(predictions, targets, names: names)
    let height = 424.0
    var script = Script(width: 920, height: Int(Double(all.count) * height + 56))
    script.title(title)
    script.add("set multiplot")
    for (row, numbers) in all.enumerated() {
      let top = 76 + Double(row) * height
      for (left, panel) in [
        (84.0, numbers.againstTruth(of: all.count)), (544.0, numbers.residuals(of: all.count)),
      ] {
        script.label(
          panel.title, x: left + 178, y: top - 22, .center, limit: 400)
        script.scatter(panel, left: left, top: top, right: left + 356)
        script.add("unset label")
      }
    }
    script.add("unset multiplot")
    return script.chart(title)
  }

  /// One of the two panels of a target, narrow, for its text to be read on a phone.
  static func panel(_ scatter: NumberScatter) -> Chart {
    var script = Script(width: 440, height: 440)
    script.title(scatter.title)
    script.scatter(scatter, left: 84, top: 60, right: 420)
    return script.chart(scatter.title)
  }
}

/// What a model makes of one target of some samples.
struct PredictedNumbers {
  let name: String
  /// The true number and the predicted one of each sample that is drawn.
  private let pairs: [(truth: Double, prediction: Double)]

  private static let mostTargets = 6
  /// More points would be one stain, and a large file.
  static let mostPoints = 2000

  /// The first targets of some predictions.
  static func all(
    _ predictions: Tensor, _ targets: Tensor, names: [String]
  ) -> [PredictedNumbers] {
    require(
      predictions.shape == targets.shape
        && predictions.shape == [targets.sampleCount, names.count],
      "Chart: expected predictions and targets [samples, \(names.count)], got \(predictions.shape) and \(targets.shape)"
    )
    let count = targets.shape[0]
    let step = max(1, (count + mostPoints - 1) / mostPoints)
    return names.prefix(mostTargets).enumerated().map { column, name in
      PredictedNumbers(
        name: name,
        pairs: stride(from: 0, to: count, by: step).map {
          (Double(targets[$0, column]), Double(predictions[$0, column]))
        })
    }
  }

  /// The name with what is shown of it, where there are several targets.
  private func title(_ what: String, of count: Int) -> String {
    count == 1 ? what : "\(name): \(what)"
  }

  /// Predictions against the truth, with the line on which they are right.
  func againstTruth(of count: Int) -> NumberScatter {
    let range = Axis.range(of: pairs.flatMap { [$0.truth, $0.prediction] }, highest: .infinity)
    return NumberScatter(
      title: title("Predicted against true", of: count), axes: ("true", "predicted"),
      points: pairs.map { ($0.truth, $0.prediction) }, x: range, y: range,
      line: [(range.lowerBound, range.lowerBound), (range.upperBound, range.upperBound)])
  }

  /// What a prediction is above the truth, against the prediction, with the line on which that is nothing.
  func residuals(of count: Int) -> NumberScatter {
    let residuals = pairs.map { ($0.prediction, $0.prediction - $0.truth) }
    let x = Axis.range(of: residuals.map(\.0), highest: .infinity)
    let most = Axis.range(of: residuals.map { abs($0.1) }, highest: .infinity).upperBound
    return NumberScatter(
      title: title("Residuals", of: count), axes: ("predicted", "predicted − true"),
      points: residuals, x: x, y: -most...most, line: [(x.lowerBound, 0), (x.upperBound, 0)])
  }
}

/// Points in a frame, and a line between two of its ends.
struct NumberScatter {
  let title: String
  let axes: (x: String, y: String)
  let points: [(Double, Double)]
  let x, y: ClosedRange<Double>
  let line: [(Double, Double)]
}

extension Script {
  /// Points in a square frame.
  fileprivate mutating func scatter(
    _ scatter: NumberScatter, left: Double, top: Double, right: Double
  ) {
    let yMarks = Axis.marks(of: scatter.y, most: 8)
    // As many as stand apart.
    let xMarks =
      [6, 4, 3].lazy.map { Axis.marks(of: scatter.x, most: $0) }.first { marks in
        marks.reduce(0) { $0 + TextWidth.estimate($1.text, size: 12) + 16 } < right - left
      } ?? []
    // The name of the axis stays where it is, and wide marks move the frame.
    axes(
      x: scatter.axes.x, y: scatter.axes.y, left: left + Self.room(for: yMarks), top: top,
      right: right, bottom: top + 320, nameAt: left - 60)
    add("set xrange [\(scatter.x.lowerBound):\(scatter.x.upperBound)]")
    add("set yrange [\(scatter.y.lowerBound):\(scatter.y.upperBound)]")
    marks(xMarks, on: "x")
    marks(yMarks, on: "y")
    data("line", scatter.line.map { [$0.0, $0.1] })
    data("points", scatter.points.map { [$0.0, $0.1] })
    plot([
      "$line using 1:2 with lines linecolor rgb '\(Palette.grey)' dashtype 2 linewidth 1.5 notitle",
      "$points using 1:2 with points pointtype 7 pointsize 0.5 linecolor rgb '\(Palette.blue)' "
        + "notitle",
    ])
  }
}
