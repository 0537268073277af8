import Datasets
import Tensors
import Text
import Training

extension Chart {
  /// What the first layers of a network make of one image, channel by channel.
  ///
  /// Of layers whose outputs are images, up to six, with up to 32 channels each; one whose output only goes
  /// through an activation, a normalisation or dropout after it is not drawn apart. Each layer's colours go
  /// from its least value to its largest. Throws ``ChartError`` of kind `noImages` where there is no such
  /// layer, or the image is none that the model takes.
  /// - Parameters:
  ///   - model: the network
  ///   - images: where the image lies
  ///   - index: its place there
  public static func activations(
    of model: Sequential, on images: Images, at index: Int = 0
  ) throws(ChartError) -> Chart {
    let image = images[index..<index + 1]
    let pictured = model.picturedLayers
    guard !pictured.isEmpty else {
      throw .noImages("no layer of the model gives images")
    }
    let names = model.layerSummaries.map(\.title)
    var rows: [ActivationRow] = []
    for place in pictured {
      do {
        let part = try Sequential(
          inputShape: model.inputShape, Array(model.layers[...place]))
        part.weights = Array(model.weights.prefix(part.weights.count))
        part.nonTrainableWeights = Array(
          model.nonTrainableWeights.prefix(part.nonTrainableWeights.count))
        rows.append(ActivationRow(names[place], part.outputShape, try part.predict(image)))
      } catch {
        throw .noImages("\(error)")
      }
    }
    return chart(rows)
  }

  private static func chart(_ rows: [ActivationRow]) -> Chart {
    let title = "What the first layers make of an image"
    let height = rows.reduce(56) { $0 + $1.height } + 8
    var script = Script(width: ActivationRow.width, height: Int(height))
    script.usePixels()
    script.title(title)
    script.add(Palette.viridis)
    script.add("set cbrange [0:1]")
    var (top, parts) = (56.0, [String]())
    for (index, row) in rows.enumerated() {
      parts += row.draw(index, top: top, &script)
      top += row.height
    }
    script.plot(parts)
    return script.chart(title)
  }
}

extension Sequential {
  /// The places of the layers that are drawn: each with weights, or of another shape than the one before,
  /// or what comes after that and has neither.
  fileprivate var picturedLayers: [Int] {
    var places: [Int] = []
    var shape = inputShape
    for (place, layer) in layers.enumerated() {
      guard let plan = try? layer.plan(shape, PlanContext(samples: 1, parts: 1)),
        2...3 ~= plan.output.rank
      else { break }
      let goesOn = plan.output == shape && !plan.parameters.contains { $0.shape.rank > 1 }
      if goesOn && !places.isEmpty { places.removeLast() }
      if plan.output.rank == 3 { places.append(place) }
      shape = plan.output
    }
    return Array(places.prefix(6))
  }
}

/// The channels of one layer's output, as images side by side below its name.
private struct ActivationRow {
  static let width = 1032
  private static let most = 32, columns = 16, side = 56.0, gap = 6.0, left = 22.0, text = 28.0

  private let title: String
  private let channels: [[[Double]]]
  private let scale: Double
  private let imageHeight: Double

  /// - Parameters:
  ///   - name: the layer's
  ///   - shape: [height, width, channels]
  ///   - output: for one image
  init(_ name: String, _ shape: Shape, _ output: Tensor) {
    let (height, width, all) = (shape[0], shape[1], shape[2])
    let values = output.elements.map(Double.init)
    let finite = values.filter(\.isFinite)
    let (least, largest) = (finite.min() ?? 0, finite.max() ?? 0)
    let factor = largest > least ? 1 / (largest - least) : 0
    let drawn = min(all, Self.most)
    channels = (0..<drawn).map { channel in
      (0..<height).map { row in
        (0..<width).map { (values[(row * width + $0) * all + channel] - least) * factor }
      }
    }
    let exact = Self.side / Double(max(height, width))
    scale = exact > 1 ? exact.rounded(.down) : exact
    imageHeight = Double(height) * scale
    let count = drawn < all ? "the first \(drawn) of \(all)" : "\(all)"
    title =
      "\(name): \(count) of \(height)×\(width), from \(least.fixed(2)) to \(largest.fixed(2))"
  }

  var height: Double {
    let lines = (channels.count + Self.columns - 1) / Self.columns
    return Self.text + Double(lines) * (imageHeight + Self.gap) + 8
  }

  /// Draws the row, and gives its parts of the plot.
  func draw(_ row: Int, top: Double, _ script: inout Script) -> [String] {
    script.label(title, x: Self.left, y: top + 8, limit: Double(Self.width) - 2 * Self.left)
    return channels.enumerated().map { index, channel in
      let (line, column) = index.quotientAndRemainder(dividingBy: Self.columns)
      return script.image(
        "row\(row)channel\(index)", channel,
        x: Self.left + Double(column) * (Self.side + Self.gap),
        y: top + Self.text + Double(line) * (imageHeight + Self.gap), scale: scale)
    }
  }
}
