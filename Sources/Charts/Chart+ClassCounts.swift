import Datasets
import Text
import Training

extension Chart {
  /// How many training and test images each class has; of more than 50 classes, the 25 of the most
  /// training images and the 25 of the fewest.
  public static func classCounts(of dataset: Dataset) -> Chart {
    let all = [dataset.train, dataset.test].map { part in
      part.labels.reduce(into: dataset.classNames.map { _ in 0 }) { $0[$1] += 1 }
    }
    var (shown, part) = (Array(dataset.classNames.indices), "")
    if shown.count > ConfusionMatrix.mostShown {
      let half = ConfusionMatrix.mostShown / 2
      shown.sort { (-all[0][$0], $0) < (-all[0][$1], $1) }
      part = " (the \(half) largest and smallest of \(shown.count.grouped))"
      shown = Array(shown.prefix(half) + shown.suffix(half))
    }
    let names = shown.map { dataset.classNames[$0] }
    let counts = all.map { counts in shown.map { counts[$0] } }
    let title = "Images a class in \(dataset.name)\(part)"
    let legend = [("training", Palette.runs[0]), ("test", Palette.runs[4])]
    let widest = names.map { TextWidth.estimate($0, size: 13) }.max() ?? 0
    let left = 20 + min(widest, 220) + 10
    let (barWidth, top, pitch, thickness) = (400.0, 76.0, 40.0, 15.0)
    var script = Script(
      width: Int(left + barWidth + 90), height: Int(top + Double(names.count) * pitch + 16))
    script.usePixels()
    script.title(title)
    script.legend(legend.map { (name: $0.0, color: $0.1) }, x: left, y: 54)
    let highest = Double(max(1, counts.flatMap { $0 }.max() ?? 1))
    var parts: [String] = []
    for (part, (name, color)) in legend.enumerated() {
      let bars = names.indices.map { label in
        let value = Double(counts[part][label])
        let upper = top + Double(label) * pitch + Double(part) * (thickness + 1)
        script.label(
          Int(value).grouped, x: left + value / highest * barWidth + 6, y: upper + thickness / 2,
          size: 11)
        return (value: value, share: value / highest, top: upper, color: color)
      }
      parts.append(
        script.lyingBars(name, bars, x: left, width: barWidth, thickness: thickness))
    }
    for (label, name) in names.enumerated() {
      script.label(
        name, x: left - 10, y: top + Double(label) * pitch + thickness, .right, limit: 220)
    }
    script.plot(parts)
    return script.chart(title)
  }
}
