import Text
import Training

extension Chart {
  /// How often images of each class were predicted as each class: one row per true class, one
  /// column per predicted one, the count in each cell, the darker the larger its share of the row. Of
  /// more than 50 classes, the classes of the lowest F1 and the pairs that were confused most often.
  ///
  /// Traps unless there is a name for each class.
  public static func confusionMatrix(_ matrix: ConfusionMatrix, classNames: [String]) -> Chart {
    require(
      classNames.count == matrix.classCount,
      "Chart: expected \(matrix.classCount) class names, got \(classNames.count)")
    if matrix.isLarge { return worstOf(matrix, classNames) }
    let title = "Confusion matrix"
    let layout = MatrixLayout(classNames)
    var script = Script(width: layout.width, height: layout.height)
    script.usePixels()
    script.title(title)
    script.add(Palette.counts)
    script.add("set cbrange [0:1]")
    layout.addNames(classNames, to: &script)
    // A row of data is the true class, the predicted one, the count and its share of the row.
    let counts = matrix.counts
    script.data(
      "confusion",
      counts.enumerated().flatMap { label, row in
        row.enumerated().map { predicted, count in
          let share = Double(count) / Double(max(1, matrix.support(label)))
          return [Double(label), Double(predicted), Double(count), share]
        }
      })
    layout.addLines(to: &script)
    let middles =
      "(\(layout.left)+($2+0.5)*\(layout.cell)):(\(layout.top)+($1+0.5)*\(layout.cell))"
    var parts: [String] = []
    if layout.count == 1 {
      parts.append("$confusion using " + Script.squares(middles, "4", side: layout.cell))
    } else if layout.count > 1 {
      parts.append("$confusion using \(middles):4 with image notitle")
    }
    // One plot for all: gnuplot's labels take time by the square of their number.
    if layout.count > 0 {
      let widest = counts.joined().max() ?? 0
      parts.append(
        "$confusion using \(middles):3:($3==0?0xaaaaaa:$4>0.65?0xffffff:0x222222) "
          + "with labels textcolor rgb variable font ',\(layout.size(of: widest))' notitle")
    }
    script.plot(parts)
    return script.chart(title)
  }
}

extension Chart {
  /// What a picture of a whole matrix would be too small to show, as lying bars.
  private static func worstOf(_ matrix: ConfusionMatrix, _ classNames: [String]) -> Chart {
    let worst = matrix.shownClasses.map { label in
      let f1 = matrix.f1(label)
      return WorstBar(name: classNames[label], share: f1, text: f1.fixed(4))
    }
    let confused = matrix.shownPairs.map { pair in
      let share = matrix.shareOfClass(pair)
      return WorstBar(
        name: classNames[pair.label], other: classNames[pair.prediction], share: share,
        text: "\(pair.count.grouped) (\((100 * share).fixed(1)) %)")
    }
    let parts = [
      (name: "classes", head: "Classes of the lowest F1", bars: worst, color: Palette.blue),
      (
        name: "pairs", head: "Most often confused: true → predicted, share of the true class",
        bars: confused, color: Palette.red
      ),
    ]
    let title = "The worst of \(matrix.classCount.grouped) classes"
    let (pitch, headHeight, left, barWidth) = (24.0, 50.0, 330.0, 300.0)
    let rows = worst.count + max(1, confused.count)
    var script = Script(
      width: Int(left + barWidth + 130), height: Int(40 + 2 * headHeight + Double(rows) * pitch))
    script.usePixels()
    script.title(title)
    var (top, plots) = (40.0, [String]())
    for part in parts {
      script.label(part.head, x: 20, y: top + 30, size: 13, color: Palette.grey)
      top += headHeight
      if part.bars.isEmpty { script.label("none", x: 20, y: top + 8) }
      plots.append(
        script.lyingBars(
          part.name,
          part.bars.enumerated().map { row, bar in
            (bar.share, bar.share, top + Double(row) * pitch, part.color)
          }, x: left, width: barWidth, thickness: 15))
      for (row, bar) in part.bars.enumerated() {
        let middle = top + Double(row) * pitch + 7.5
        script.label(bar.label, x: left - 10, y: middle, .right, size: 12)
        script.label(bar.text, x: left + bar.share * barWidth + 6, y: middle, size: 11)
      }
      top += Double(part.bars.count) * pitch
    }
    script.plot(plots)
    return script.chart(title)
  }
}

/// A line of what went worst: a class, or one that was taken for another.
private struct WorstBar {
  let name: String
  var other: String?
  /// From 0 to 1.
  let share: Double
  let text: String

  /// Both names are to be read, also where they are long.
  var label: String {
    let names = [name, other].compactMap { $0 }
    let limit = 300 / Double(names.count) - 10
    return names.map { TextWidth.fitted($0.printable, to: limit, size: 12) }
      .joined(separator: " → ")
  }
}

/// The places of the cells and the names of a confusion matrix.
private struct MatrixLayout {
  let count: Int
  /// The side of a cell, and the upper left corner of the first.
  let cell, left, top: Double
  let width, height: Int
  private let nameLimit = 170.0

  init(_ names: [String]) {
    count = names.count
    cell = count <= 12 ? 52 : max(18, (624 / Double(count)).rounded(.down))
    let widest = min(names.map { TextWidth.estimate($0, size: 13) }.max() ?? 0, nameLimit)
    left = 44 + widest + 10
    // The names of the columns lean by 45 degrees.
    top = 62 + widest * 0.71 + 12
    width = Int(max(left + cell * Double(count) + max(24, widest * 0.71 - cell / 2 + 16), 360))
    height = Int(top + cell * Double(count) + 24)
  }

  private var size: Double { cell >= 24 ? 13 : 10 }

  func addNames(_ names: [String], to script: inout Script) {
    let middle = cell * Double(count) / 2
    script.label(
      "predicted class", x: left + middle, y: 46, .center, size: 13, color: Palette.grey)
    script.label(
      "true class", x: 20, y: top + middle, .center, size: 13, color: Palette.grey, rotation: 90)
    for (index, name) in names.enumerated() {
      let place = (Double(index) + 0.5) * cell
      script.label(name, x: left - 8, y: top + place, .right, size: size, limit: nameLimit)
      script.label(
        name, x: left + place, y: top - 8, .left, size: size, limit: nameLimit, rotation: 45)
    }
  }

  /// The size of the counts, of which the widest still fits into its cell.
  func size(of widest: Int) -> String {
    let fitting = (cell - 4) / TextWidth.estimate("\(widest)", size: 1)
    return Script.number(min(13, fitting.rounded(.down)))
  }

  func addLines(to script: inout Script) {
    let side = cell * Double(count)
    for index in 0...count {
      let place = Double(index) * cell
      for (from, to) in [
        ((left + place, top), (left + place, top + side)),
        ((left, top + place), (left + side, top + place)),
      ] {
        script.add(
          "set arrow from first \(from.0),\(from.1) to first \(to.0),\(to.1) nohead front "
            + "linewidth 1 linecolor rgb '\(Palette.faint)'")
      }
    }
  }
}
