import Datasets
import Tensors

extension Chart {
  /// One image with its rows, its columns and a colour bar, in the lesson's colours.
  ///
  /// Traps unless the images are of [rows, columns] and there is one at `index`.
  /// - Parameters:
  ///   - images: where it lies
  ///   - index: its place there
  ///   - title: what stands above, such as the name of its class
  public static func image(_ images: Images, at index: Int = 0, title: String) -> Chart {
    let rows = images.rows(at: index)
    let (height, width) = (Double(rows.count), Double(rows[0].count))
    // The name of the rows stands beside their widest number.
    let left = 56 + max(0, TextWidth.estimate("\(rows.count)", size: 12) - 16).rounded(.up)
    var script = Script(width: Int(left) + 504, height: 500)
    script.title(title)
    // The longer side takes all of the room, and pixels are squares.
    let scale = 390 / max(height, width)
    let top = 52 + (390 - height * scale) / 2
    script.frame(left: left, top: top, right: left + width * scale, bottom: top + height * scale)
    script.add(Palette.viridis)
    script.add("set tics out nomirror scale 0.5 font ',12'")
    // One step for both, which are of one scale, and never a part of a pixel.
    let step = Axis.wholeStep(over: max(rows.count, rows[0].count))
    script.add("set xtics 0,\(step); set ytics 0,\(step)")
    script.label(
      "column (pixels)", x: left + width * scale / 2, y: top + height * scale + 42, .center)
    script.label("row (pixels)", x: 14, y: top + height * scale / 2, .center, rotation: 90)
    script.add("set xrange [-0.5:\(width - 0.5)]; set yrange [\(height - 0.5):-0.5]")
    script.add("set cbrange [0:255]")
    let marks = stride(from: 0.0, through: 255, by: 51).map { ($0, Script.number($0)) }
    script.colorBar("brightness (0 to 255)", marks, x: left + 414, y: 52, width: 18, height: 390)
    script.plot([script.image("image", rows, x: -0.5, y: -0.5, scale: 1)])
    return script.chart(title)
  }

  /// Images in rows, black on white, the name of its class below each.
  ///
  /// Traps unless the images are of [rows, columns].
  /// - Parameters:
  ///   - samples: the images and their classes
  ///   - classNames: the name of each class
  ///   - title: what stands above
  ///   - columns: how many stand in a row: 5 as in the lesson, more where there are more than 25
  public static func imageGrid(
    _ samples: LabelledImages, classNames: [String], title: String, columns: Int? = nil
  ) -> Chart {
    let root = Int(Double(samples.count).squareRoot().rounded(.up))
    let grid = ImageGrid(
      count: samples.count, columns: columns ?? max(5, root), imageShape: samples.images.shape)
    var script = grid.script(title: title)
    script.add(Palette.binary)
    script.add("set cbrange [0:255]")
    var parts: [String] = []
    for index in 0..<samples.count {
      let place = grid.place(index)
      script.rectangle(x: place.x, y: place.y, width: grid.width, height: grid.height)
      parts.append(
        script.image(
          "image\(index)", samples.images.rows(at: index), x: place.x, y: place.y,
          scale: grid.scale))
      script.label(
        classNames[samples.labels[index]], x: place.x + grid.width / 2,
        y: place.y + grid.height + 12, .center, size: 12, limit: grid.pitch - 6)
    }
    script.plot(parts)
    return script.chart(title)
  }
}

/// The places of images of one size in rows, a line of text with each.
struct ImageGrid {
  /// The size of an image in pixels of the picture, and of a pixel of the image.
  let width, height, scale: Double
  /// From one image to the next in a row.
  let pitch: Double
  private let count, columns: Int
  /// The room for text below an image.
  private let text: Double
  private let margin = 20.0, top = 56.0

  /// Images are as large as fits into `side`, and by a whole factor where it is above 1.
  init(
    count: Int, columns: Int, imageShape: Shape, side: Double = 92, gap: Double = 24,
    text: Double = 28
  ) {
    self.count = count
    self.text = text
    self.columns = max(1, min(columns, count))
    let (rows, columns) = (Double(imageShape.sizes[0]), Double(imageShape.sizes[1]))
    let exact = side / max(rows, columns)
    scale = exact > 1 ? exact.rounded(.down) : exact
    (width, height) = (columns * scale, rows * scale)
    pitch = width + gap
  }

  /// The upper left corner of an image.
  func place(_ index: Int) -> (x: Double, y: Double) {
    let free = Double(pictureWidth) - Double(columns) * pitch
    return (
      ((free + pitch - width) / 2 + Double(index % columns) * pitch).rounded(.down),
      top + Double(index / columns) * (height + text)
    )
  }

  /// A script of the size that all take, with a title and room at the right.
  func script(title: String, right: Double = 0) -> Script {
    var script = Script(width: pictureWidth + Int(right), height: pictureHeight)
    script.usePixels()
    script.title(title)
    return script
  }

  var pictureWidth: Int { max(360, Int(Double(columns) * pitch + 2 * margin)) }

  var pictureHeight: Int {
    let rows = (count + columns - 1) / columns
    return Int(top + Double(rows) * (height + text) + 8)
  }
}

extension Images {
  /// The pixels of one image, row by row; traps unless its shape is [rows, columns].
  func rows(at index: Int) -> [[Double]] {
    require(
      shape.rank == 2, "Chart: expected images of shape [rows, columns], got \(shape)")
    let (pixels, columns) = (self[index], shape.sizes[1])
    return stride(from: pixels.startIndex, to: pixels.endIndex, by: columns).map { start in
      pixels[start..<start + columns].map(Double.init)
    }
  }
}
