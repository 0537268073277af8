import Maru
import Text

/// The user's own image files, made like the images that a model was trained on.
struct OwnImages {
  /// Those that could be read, or nil where none could.
  let images: Images?
  /// The place of each among the files, from 0.
  let places: [Int]
  /// What was done to each.
  let notes: [String]
  /// Why the others could not be read.
  let failures: [Failure]
  private let paths: [String]
  private let classNames: [String]

  /// The classes named beside the first.
  private static let runnersUp = 2

  init(_ paths: [String], for file: ModelFile, at modelPath: String) throws {
    let shape = file.model.inputShape
    guard let (rows, columns) = try Self.size(of: shape, file), file.model.outputShape.rank == 1
    else {
      throw Failure.data(
        "\(modelPath): the model takes samples of shape \(shape) to \(file.model.outputShape), "
          + "not images to classes")
    }
    let classCount = file.model.outputShape.count
    let names = file.classNames
    // Up to three of them stand in a line, beside a path.
    classNames = Terminal.standardOutput.fitted(
      names.count == classCount ? names : (0..<classCount).map(String.init), times: 4, beside: 0)
    if let pictures = try file.pictures {
      let samples = pictures.samples(of: paths)
      images = samples.places.isEmpty ? nil : samples.images
      (places, failures) = (samples.places, samples.failures.map { Failure($0) })
      self.paths = places.map { paths[$0] }
      notes = []
      return
    }
    if let preparation = try file.preparation, !preparation.isOfBytes {
      throw Failure.data(
        "\(modelPath): the model has learned from the columns of a table, not from images of 0 to 1"
      )
    }
    try file.arrays?.checkPixels(modelPath)
    let style = FittedImage.Style(classNames: names)
    var (fitted, places, failures) = ([FittedImage](), [Int](), [Failure]())
    for (place, path) in paths.enumerated() {
      do throws(DatasetError) {
        fitted.append(
          try GreyImage(contentsOf: path).fitted(rows: rows, columns: columns, as: style))
        places.append(place)
      } catch {
        failures.append(Failure(error))
      }
    }
    images =
      fitted.isEmpty
      ? nil : Images(pixels: fitted.flatMap(\.image.pixels), shape: [rows, columns])
    self.paths = places.map { paths[$0] }
    notes = zip(self.paths, fitted).map { "\($0.printable): \($1)" }
    (self.places, self.failures) = (places, failures)
  }

  /// Rows and columns of an image of this shape; a vector is taken for a square.
  private static func size(
    of shape: Shape, _ file: ModelFile
  ) throws -> (rows: Int, columns: Int)? {
    if let size = try file.pictures?.size { return (size.height, size.width) }
    if shape.rank == 2 { return (shape[0], shape[1]) }
    let side = Int(Double(shape.count).squareRoot().rounded())
    return shape.rank == 1 && side * side == shape.count ? (side, side) : nil
  }

  /// One line per file: its path, the class with its probability, and the next likely ones.
  func lines(_ probabilities: Tensor) -> [String] {
    let names = paths.map(\.printable)
    let width = names.map(\.cells).max() ?? 0
    let classWidth = classNames.map(\.cells).max() ?? 0
    return names.indices.map { row in
      let ranked = classNames.indices.map { (name: classNames[$0], part: probabilities[row, $0]) }
        .sorted { $0.part > $1.part }
      let percents = ranked.map { (100 * Double($0.part)).fixed(0) }
      let others = (1..<ranked.count).prefix(Self.runnersUp).filter { percents[$0] != "0" }
        .map { "\(ranked[$0].name) \(percents[$0])%" }
      let answer =
        "\(ranked[0].name.padded(to: classWidth)) \(percents[0].padded(to: 3, left: true))%"
      let line = "\(names[row].padded(to: width))  \(answer)"
      return others.isEmpty ? line : "\(line)  (\(others.joined(separator: ", ")))"
    }
  }
}
