import Datasets
import Tensors
import Training

extension Chart {
  /// The lesson's grid of predictions: each image with its probabilities as bars, below it the
  /// predicted class, its probability and, in brackets, the true class.
  ///
  /// Blue and ✓ is right, red and ✗ is wrong; of the bars, the true class is blue, the predicted
  /// one red and all others grey. Of more than 50 classes, the 50 most probable have bars, and the
  /// true one has. Traps unless images are of [rows, columns] and there is a row of probabilities for
  /// each.
  /// - Parameters:
  ///   - samples: the images and their classes; the first 15 are drawn, in five rows
  ///   - probabilities: [images, classes]
  ///   - classNames: the name of each class
  ///   - title: what stands above
  public static func predictions(
    _ samples: LabelledImages, _ probabilities: Tensor, classNames: [String],
    title: String = "Predictions"
  ) -> Chart {
    grid(of: Prediction.first(samples, probabilities), samples.images, classNames, title)
  }

  /// The wrong predictions of the highest probability, that one first, drawn as by
  /// ``predictions(_:_:classNames:title:)``.
  /// - Parameters:
  ///   - samples: the images and their classes; of the wrong ones the worst 15 are drawn
  ///   - probabilities: [images, classes]
  ///   - classNames: the name of each class
  ///   - title: what stands above
  public static func mistakes(
    _ samples: LabelledImages, _ probabilities: Tensor, classNames: [String],
    title: String = "Worst mistakes, most confident first"
  ) -> Chart {
    grid(of: Prediction.worst(samples, probabilities), samples.images, classNames, title)
  }

  /// The grid of ``predictions(_:_:classNames:title:)`` of what the model has been asked for.
  package static func predictions(
    _ samples: LabelledImages, _ guesses: [Guess], by model: Sequential, classNames: [String],
    title: String = "Predictions"
  ) throws(ModelError) -> Chart {
    grid(
      of: try Prediction.first(samples, guesses, by: model), samples.images, classNames, title)
  }

  /// The grid of ``mistakes(_:_:classNames:title:)`` of what the model has been asked for.
  package static func mistakes(
    _ samples: LabelledImages, _ guesses: [Guess], by model: Sequential, classNames: [String]
  ) throws(ModelError) -> Chart {
    grid(
      of: try Prediction.worst(samples, guesses, by: model), samples.images, classNames,
      "Worst mistakes, most confident first")
  }

  /// Where the images lie.
  static func predictionCells(_ count: Int, _ imageShape: Shape) -> ImageGrid {
    // The line on the bars needs the width of three, also where there are fewer.
    ImageGrid(
      count: max(3, count), columns: 3, imageShape: imageShape, side: 112, gap: 176, text: 42)
  }

  /// Which classes have bars, in words.
  static func classesWithBars(of count: Int) -> String {
    let most = ConfusionMatrix.mostShown
    return count > most ? "the \(most) most probable classes and the true one" : "each class"
  }

  static func grid(
    of predictions: [Prediction], _ images: Images, _ classNames: [String], _ title: String
  ) -> Chart {
    let cells = predictionCells(predictions.count, images.shape)
    var script = cells.script(title: title)
    script.label(
      "bars: probability of \(classesWithBars(of: classNames.count)), 0 to 1; ✓ true class, "
        + "✗ wrongly predicted class",
      x: Double(script.width) / 2, y: 44, .center, size: 11, color: Palette.grey,
      limit: Double(script.width) - 20)
    script.add(Palette.binary)
    script.add("set cbrange [0:255]")
    var parts: [String] = []
    for (position, prediction) in predictions.enumerated() {
      parts += script.prediction(
        prediction, images, classNames, in: cells, at: position)
    }
    if predictions.isEmpty {
      script.label(
        "none", x: Double(script.width) / 2, y: Double(script.height) / 2, .center, size: 16)
    }
    script.plot(parts)
    return script.chart(title)
  }
}

extension Script {
  /// The parts of one cell of the grid.
  fileprivate mutating func prediction(
    _ prediction: Prediction, _ images: Images, _ classNames: [String], in cells: ImageGrid,
    at position: Int
  ) -> [String] {
    let (x, y) = cells.place(position)
    // The grid centres images; here it is the image with its bars, 24 beside it and 112 wide.
    let left = x - 68
    rectangle(x: left, y: y, width: cells.width, height: cells.height)
    let color = prediction.isRight ? Palette.blue : Palette.red
    let percent = Self.number((100 * prediction.confidence).rounded())
    let mark = prediction.isRight ? "✓" : "✗"
    // Both names are to be read, also where they are long.
    let names = [prediction.predicted, prediction.label].map {
      TextWidth.fitted(classNames[$0], to: 88, size: 12)
    }
    label(
      "\(mark) \(names[0]) \(percent)% (\(names[1]))", x: left, y: y + cells.height + 22, size: 12,
      color: color, limit: 270)
    let shown = prediction.shownClasses
    let bars = shown.map { label in
      (
        value: prediction.probabilities[label],
        color: label == prediction.label
          ? Palette.blue : label == prediction.predicted ? Palette.red : Palette.grey
      )
    }
    let barLeft = left + cells.width + 24
    let pitch = 112 / Double(bars.count)
    let named = [prediction.label, prediction.predicted].prefix(prediction.isRight ? 1 : 2)
    for label in named {
      guard let place = shown.firstIndex(of: label) else { continue }
      let isTrue = label == prediction.label
      self.label(
        isTrue ? "✓" : "✗", x: barLeft + (Double(place) + 0.5) * pitch, y: y + cells.height + 7,
        .center, size: 10, color: isTrue ? Palette.blue : Palette.red)
    }
    return [
      image(
        "image\(position)", images.rows(at: prediction.index), x: left, y: y, scale: cells.scale),
      self.bars(
        "probabilities\(position)", bars, x: barLeft, y: y, width: 112, height: cells.height),
    ]
  }
}
