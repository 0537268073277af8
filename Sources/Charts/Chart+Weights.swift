import Tensors
import Training

extension Chart {
  /// The weights of a linear model, one picture per class: blue is against the class, red for it.
  ///
  /// The colours are centred at zero and reach to the largest weight on either side. Throws
  /// ``ChartError`` of kind `noImages` where the model has more than one layer with weights, or its
  /// inputs are no images.
  /// - Parameters:
  ///   - model: a model whose one layer with weights is `Dense`
  ///   - classNames: the name of each class
  ///   - imageShape: [rows, columns]; that of the model's inputs, or a square, unless given
  public static func weights(
    of model: Sequential, classNames: [String], imageShape: Shape? = nil
  ) throws(ChartError) -> Chart {
    guard model.hasOneWeight else {
      throw .noImages("the model has hidden layers: expected a linear one")
    }
    let pictures = try Self.weights(of: model, imageShape)
    let names = pictures.values.indices.map {
      classNames.indices.contains($0) ? classNames[$0] : "\($0)"
    }
    return weightGrid(pictures, names, title: "Weights of each class")
  }

  /// The weights of a network's first layer, one picture per unit, or per filter and channel of a
  /// convolution; of the first 400.
  ///
  /// Throws ``ChartError`` of kind `noImages` where there is no such layer, or its inputs are no
  /// images.
  /// - Parameters:
  ///   - model: a model whose first layer with weights is `Dense` or a convolution
  ///   - imageShape: [rows, columns] of what a `Dense` takes; that of the model's inputs, or a square,
  ///     unless given
  public static func firstLayerWeights(
    of model: Sequential, imageShape: Shape? = nil
  ) throws(ChartError) -> Chart {
    let pictures = try Self.weights(of: model, imageShape, first: 400)
    let weight = try Self.firstWeight(of: model)
    let channels = weight.shape.rank == 4 ? weight.shape[3] : 1
    let (drawn, all) = (pictures.values.count / channels, weight.shape[0])
    let units = drawn < all ? "the first \(drawn) of \(all)" : "\(all)"
    let size = "\(pictures.shape[0])×\(pictures.shape[1])"
    let title =
      weight.shape.rank == 2
      ? "First-layer weights of \(units) units"
      : "First-layer filters: \(units) of \(size)\(channels > 1 ? ", by channel" : "")"
    return weightGrid(pictures, nil, title: title, inRowsOf: channels)
  }

  private typealias Pictures = (values: [[[Double]]], shape: Shape)

  private static func firstWeight(of model: Sequential) throws(ChartError) -> Tensor {
    guard let weight = model.weights.first(where: { $0.shape.rank == 2 || $0.shape.rank == 4 })
    else { throw .noImages("the model has no layer with weights") }
    return weight
  }

  /// The rows of the first weight as images, the channels of each after each other, up to `most`.
  private static func weights(
    of model: Sequential, _ imageShape: Shape?, first most: Int = .max
  ) throws(ChartError) -> Pictures {
    let weight = try firstWeight(of: model)
    if weight.shape.rank == 4 { return filters(weight, first: most) }
    let (units, inputs) = (weight.shape.sizes[0], weight.shape.sizes[1])
    let side = Int(Double(inputs).squareRoot())
    let shape = imageShape ?? (model.inputShape.rank == 2 ? model.inputShape : [side, side])
    guard shape.rank == 2, shape.count == inputs else {
      throw .noImages("the first layer has \(inputs) inputs, which are no image")
    }
    let columns = shape.sizes[1]
    let values = (0..<min(units, most)).map { unit in
      (0..<shape.sizes[0]).map { row in
        (0..<columns).map { Double(weight[unit, row * columns + $0]) }
      }
    }
    return (values, shape)
  }

  /// [filters, height, width, channels] as images of height and width, of whole filters.
  private static func filters(_ weight: Tensor, first most: Int) -> Pictures {
    let sizes = weight.shape.sizes
    let filters = min(sizes[0], max(1, most / sizes[3]))
    let values = (0..<filters * sizes[3]).map { index in
      let (filter, channel) = index.quotientAndRemainder(dividingBy: sizes[3])
      return (0..<sizes[1]).map { row in
        (0..<sizes[2]).map { Double(weight[filter, row, $0, channel]) }
      }
    }
    return (values, [sizes[1], sizes[2]])
  }

  private static func weightGrid(
    _ pictures: Pictures, _ names: [String]?, title: String, inRowsOf multiple: Int = 1
  ) -> Chart {
    let count = pictures.values.count
    let square = max(8, Int(Double(count).squareRoot().rounded(.up)))
    let root = (square + multiple - 1) / multiple * multiple
    let cells =
      names == nil
      ? ImageGrid(
        count: count, columns: root, imageShape: pictures.shape, side: 56, gap: 6, text: 6)
      : ImageGrid(count: count, columns: 5, imageShape: pictures.shape, side: 112, gap: 16)
    let scale = WeightScale(pictures.values, height: min(260, Double(cells.pictureHeight) - 80))
    var script = cells.script(title: title, right: scale.width)
    let parts = script.weights(pictures.values, names, cells, scale, x: 0, barName: "weight")
    script.plot(parts)
    return script.chart(title)
  }
}

extension Sequential {
  /// Whether one layer alone has weights, as a linear model's.
  package var hasOneWeight: Bool { weights.count { $0.shape.rank > 1 } == 1 }
}

/// The colours of weights, centred at zero, and the bar that tells what they mean.
struct WeightScale {
  let range: Double
  let marks: [Axis.Mark]
  /// The height of the bar.
  let height: Double

  /// A scale that reaches to the largest weight on either side.
  init(_ pictures: [[[Double]]], height: Double) {
    let limit = pictures.joined().joined().filter(\.isFinite).map(abs).max() ?? 0
    // A model of zeros has a range too.
    range = limit > 0 ? limit : 1
    self.height = height
    marks = Axis.marks(of: -range...range, most: max(3, Int(height / 26)))
  }

  /// What the bar takes of the picture with its marks and its name.
  var width: Double { 90 + Script.room(for: marks) }
}

extension Script {
  /// Weights as images in a grid that begins at `x`, with a colour bar behind it.
  mutating func weights(
    _ pictures: [[[Double]]], _ names: [String]?, _ cells: ImageGrid, _ scale: WeightScale,
    x: Double, barName: String
  ) -> [String] {
    add(Palette.diverging)
    add("set cbrange [\(-scale.range):\(scale.range)]")
    colorBar(
      barName, scale.marks, x: x + Double(cells.pictureWidth + 6), y: 56, width: 14,
      height: scale.height)
    return pictures.enumerated().map { index, picture in
      let place = cells.place(index)
      let left = x + place.x
      rectangle(x: left, y: place.y, width: cells.width, height: cells.height)
      label(
        names?[index] ?? "", x: left + cells.width / 2, y: place.y + cells.height + 12, .center,
        size: 12, limit: cells.pitch - 4)
      return image("weight\(index)", picture, x: left, y: place.y, scale: cells.scale)
    }
  }
}
