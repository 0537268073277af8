import Datasets
import Training

extension Chart {
  /// How many training and test images each class has.
  public static func classCounts(of dataset: Dataset) -> Chart {
    let names = dataset.classNames
    let counts = [dataset.train, dataset.test].map { part in
      part.labels.reduce(into: names.map { _ in 0 }) { $0[$1] += 1 }
    }
    let title = "Images a class in \(dataset.name)"
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
