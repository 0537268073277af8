import Foundation
import Tensors
import Text
import Training

extension Chart {
  /// Samples as points in a plane, one colour per class, its name at the middle of its points too.
  ///
  /// ```swift
  /// try Chart.scatter(principal.transform(images), labels: labels, classNames: names, title: "MNIST")
  ///   .write(to: "scatter.png")
  /// ```
  ///
  /// Of more than 4,000 samples, so many are drawn, chosen at random but always the same, and a line
  /// says so. From 11 classes on, colours go round and marks change. Points that are not finite are
  /// left out. Traps unless each sample has two coordinates at least and a label that has a name.
  /// - Parameters:
  ///   - points: [n, 2], or more columns, of which the first two are drawn
  ///   - labels: the class of each sample
  ///   - classNames: the name of each class
  ///   - title: what stands above
  ///   - axes: what the coordinates are
  public static func scatter(
    _ points: Tensor, labels: [Int], classNames: [String], title: String,
    axes: (x: String, y: String) = ("first component", "second component")
  ) -> Chart {
    let scatter = Scatter(points, labels, classNames)
    var script = Script(width: Int(scatter.width), height: Int(scatter.height))
    script.usePixels()
    script.title(title)
    script.plot(script.scatter(scatter, axes: axes))
    return script.chart(title)
  }

  /// Principal components as images, one per row of `components`: red where they add, blue where
  /// they take away.
  ///
  /// Traps unless a component has as many numbers as an image.
  /// - Parameters:
  ///   - components: [k, rows · columns]
  ///   - imageShape: [rows, columns]
  ///   - shares: the share of the variance along each component, which stands below it
  ///   - title: what stands above
  public static func components(
    _ components: Tensor, imageShape: Shape, shares: [Double], title: String
  ) -> Chart {
    let pictures = components.pictures(imageShape)
    let cells = ImageGrid(
      count: pictures.count, columns: 5, imageShape: imageShape, side: 112, gap: 16)
    let scale = WeightScale(pictures, height: min(260, Double(cells.pictureHeight) - 80))
    var script = cells.script(title: title, right: scale.width)
    let parts = script.weights(
      pictures, names(of: shares), cells, scale, x: 0, barName: "weight of a pixel")
    script.plot(parts)
    return script.chart(title)
  }

  /// Samples in the plane of their first two principal components, and the components as images
  /// beside them: ``scatter(_:labels:classNames:title:axes:)`` and
  /// ``components(_:imageShape:shares:title:)`` in one picture.
  public static func principalComponents(
    scores: Tensor, labels: [Int], classNames: [String], components: Tensor, imageShape: Shape,
    shares: [Double], title: String
  ) -> Chart {
    let scatter = Scatter(scores, labels, classNames)
    let pictures = components.pictures(imageShape)
    let cells = ImageGrid(
      count: pictures.count, columns: 4, imageShape: imageShape, side: 92, gap: 20)
    let scale = WeightScale(pictures, height: min(260, Double(cells.pictureHeight) - 80))
    var script = Script(
      width: Int(scatter.width) + cells.pictureWidth + Int(scale.width),
      height: max(Int(scatter.height), cells.pictureHeight))
    script.usePixels()
    script.title(title)
    let points = script.scatter(scatter, axes: axes(of: shares))
    let images = script.weights(
      pictures, names(of: shares), cells, scale, x: scatter.width, barName: "weight of a pixel")
    script.plot(points + images)
    return script.chart(title)
  }

  /// What the axes of a scatter of scores are, with the share of the variance along each.
  public static func axes(of shares: [Double]) -> (x: String, y: String) {
    let names = zip(["first", "second"], shares).map { name, share in
      "\(name) component, \((share * 100).fixed(1)) % of the variance"
    }
    return (names.first ?? "", names.dropFirst().first ?? "")
  }

  private static func names(of shares: [Double]) -> [String] {
    shares.enumerated().map { "\($0 + 1): \(($1 * 100).fixed(1)) %" }
  }
}

extension Tensor {
  /// The rows as images.
  fileprivate func pictures(_ imageShape: Shape) -> [[[Double]]] {
    require(
      shape.rank == 2 && imageShape.rank == 2 && shape[1] == imageShape.count,
      "Chart: expected components of \(imageShape) images, got \(shape)")
    let (elements, size, columns) = (elements, imageShape.count, imageShape[1])
    return (0..<shape[0]).map { component in
      stride(from: component * size, to: (component + 1) * size, by: columns).map { start in
        elements[start..<start + columns].map { Double($0) }
      }
    }
  }
}

/// The points of a scatter and the places of its parts.
struct Scatter {
  /// The samples that are drawn.
  let points: [(x: Double, y: Double, label: Int)]
  let count: Int
  let classNames: [String]
  /// The middle of each class, nil where it has no point.
  let middles: [(x: Double, y: Double)?]
  let legend: [(name: String, x: Double, y: Double)]

  private static let most = 4000
  static let side = 520.0
  static let left = 84.0, top = 76.0
  let width = left + side + 24
  let height: Double

  init(_ coordinates: Tensor, _ labels: [Int], _ classNames: [String]) {
    require(
      coordinates.shape.rank == 2 && coordinates.shape[1] >= 2
        && coordinates.shape[0] == labels.count && labels.allSatisfy(classNames.indices.contains),
      "Chart: expected two coordinates and a class for each sample, got \(coordinates.shape), "
        + "\(labels.count) labels and \(classNames.count) classes")
    var generator = RandomGenerator(seed: 0)
    let columns = coordinates.shape[1]
    let values = coordinates.elements
    let shuffled = labels.indices.shuffled(using: &generator).lazy.map { index in
      (
        x: Double(values[index * columns]), y: Double(values[index * columns + 1]),
        label: labels[index]
      )
    }
    let points = Array(shuffled.filter { $0.x.isFinite && $0.y.isFinite }.prefix(Self.most))
    (self.points, count, self.classNames) = (points, labels.count, classNames)
    middles = classNames.indices.map { label in
      let own = points.filter { $0.label == label }
      let sum = own.reduce(into: (x: 0.0, y: 0.0)) { $0 = ($0.x + $1.x, $0.y + $1.y) }
      return own.isEmpty ? nil : (sum.x / Double(own.count), sum.y / Double(own.count))
    }
    legend = Self.legend(classNames)
    height = (legend.last?.y ?? Self.top + Self.side + 60) + 24
  }

  /// The places of the names of the first 50 classes, in rows below the axis.
  private static func legend(_ names: [String]) -> [(name: String, x: Double, y: Double)] {
    let names = names.prefix(50).map { TextWidth.fitted($0, to: 200, size: 12) }
    let pitch = 18 + (names.map { TextWidth.estimate($0, size: 12) }.max() ?? 0) + 18
    let perRow = max(1, min(Int(side / pitch), 10))
    return names.enumerated().map { index, name in
      (
        name, left + Double(index % perRow) * side / Double(perRow),
        top + side + 68 + Double(index / perRow) * 20
      )
    }
  }

  /// What tells the classes apart: a colour and, from the eleventh on, a mark too.
  static func style(_ label: Int) -> LineStyle {
    let marks = [7, 5, 9, 11, 13]
    return LineStyle(
      color: Palette.classes[label % Palette.classes.count],
      point: marks[label / Palette.classes.count % marks.count], dash: 0)
  }
}

extension Script {
  /// Points in a frame with their axes and legend; the script is one of pixels.
  fileprivate mutating func scatter(
    _ scatter: Scatter, axes: (x: String, y: String)
  ) -> [String] {
    let (left, top, side) = (Scatter.left, Scatter.top, Scatter.side)
    if scatter.points.count < scatter.count {
      label(
        "\(scatter.points.count.grouped) of \(scatter.count.grouped) samples, chosen at random",
        x: left + side / 2, y: 50, .center, size: 12, color: Palette.grey)
    }
    let x = ScatterAxis(scatter.points.map(\.x), start: left, length: side)
    let y = ScatterAxis(scatter.points.map(\.y), start: top + side, length: -side)
    rectangle(x: left, y: top, width: side, height: side)
    for mark in x.marks {
      label(mark.text, x: x.place(mark.value), y: top + side + 14, .center, size: 12)
    }
    for mark in y.marks { label(mark.text, x: left - 8, y: y.place(mark.value), .right, size: 12) }
    label(axes.x, x: left + side / 2, y: top + side + 38, .center, limit: side)
    label(axes.y, x: 18, y: top + side / 2, .center, limit: side, rotation: 90)
    for (label, entry) in scatter.legend.enumerated() {
      point(Scatter.style(label), x: entry.x + 6, y: entry.y)
      self.label(entry.name, x: entry.x + 18, y: entry.y, size: 12)
    }
    names(of: scatter, x, y)
    data(
      "points",
      scatter.points.map { point in
        let style = Scatter.style(point.label)
        return [
          (x.place(point.x) * 10).rounded() / 10, (y.place(point.y) * 10).rounded() / 10,
          Double(style.point), Palette.number(of: style.color),
        ]
      })
    if scatter.points.isEmpty { return [] }
    return [
      "$points using 1:2:3:4 with points pointtype variable pointsize 0.35 "
        + "linecolor rgb variable notitle"
    ]
  }

  /// The names of classes at their middles, in a white rim, where there are few enough to be read.
  private mutating func names(of scatter: Scatter, _ x: ScatterAxis, _ y: ScatterAxis) {
    guard scatter.classNames.count <= 20 else { return }
    let rim = (0..<12).map { step in
      let angle = Double(step) / 6 * .pi
      return (2.5 * cos(angle), 2.5 * sin(angle))
    }
    for (offsets, color) in [(rim, "#ffffff"), ([(0, 0)], Palette.ink)] {
      for (name, middle) in zip(scatter.classNames, scatter.middles) {
        guard let middle else { continue }
        for offset in offsets {
          label(
            name, x: x.place(middle.x) + offset.0, y: y.place(middle.y) + offset.1, .center,
            size: 15, color: color, limit: 120)
        }
      }
    }
  }

  private mutating func point(_ style: LineStyle, x: Double, y: Double) {
    add(
      "set label \"\" at screen \(screen(x, y)) "
        + "point pointtype \(style.point) pointsize 0.9 linecolor rgb '\(style.color)'")
  }
}

/// Where numbers lie along an axis of pixels.
private struct ScatterAxis {
  let range: ClosedRange<Double>
  let marks: [Axis.Mark]
  private let start, length: Double

  init(_ values: [Double], start: Double, length: Double) {
    let (least, greatest) = (values.min() ?? 0, values.max() ?? 1)
    let room = greatest > least ? (greatest - least) * 0.03 : max(abs(greatest) * 0.05, 0.05)
    range = least - room...greatest + room
    marks = Axis.marks(of: range, most: 9)
    (self.start, self.length) = (start, length)
  }

  func place(_ value: Double) -> Double {
    let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    return start + length * share
  }
}
