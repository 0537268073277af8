import Charts
import Datasets
import Foundation
import Training

/// Data of which every number in a picture is known.
enum Fixture {
  static let names = ["one", "two", "three"]

  /// Class names that are not to run, nor to break a picture: as many as there are classes.
  static let hostileNames = [
    "`touch \(Marker.path)` it's \"{/Bold x}\" 5 %", "신발 \\n @x $image0 <b>",
    "a << EOD\nEOD\n!touch \(Marker.path)\n'; system('touch \(Marker.path)') #",
  ]

  /// Five images of 2×4, no pixel like another, of the classes 0, 1, 2, 0, 1.
  static let samples = LabelledImages(
    images: Images(pixels: (0..<40).map { UInt8($0 * 6) }, shape: [2, 4]), labels: [0, 1, 2, 0, 1])

  static func pixels(_ index: Int) -> [[Double]] {
    (0..<2).map { row in (0..<4).map { Double((index * 8 + row * 4 + $0) * 6) } }
  }

  /// Of the images above: right, wrong (two for three), right, wrong (three for one), wrong.
  static let labels = [0, 2, 2, 0, 1]
  static let predicted = LabelledImages(images: samples.images, labels: labels)
  static let probabilities = Tensor(
    [0.75, 0.25, 0, 0.25, 0.5, 0.25, 0, 0.125, 0.875, 0, 0.0625, 0.9375, 0.5, 0.25, 0.25],
    shape: [5, 3])

  static func history(_ figures: [String: [Double]]) -> History {
    let count = figures.values.map(\.count).max() ?? 0
    return History(
      epochs: (0..<count).map { epoch in
        EpochRecord(
          epoch: epoch + 1,
          values: figures.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value[epoch]) },
          seconds: 1)
      })
  }

  static let run = history([
    "loss": [1.5, 0.75, 0.5], "accuracy": [0.25, 0.5, 0.75], "val_loss": [1.25, 1, 0.875],
    "val_accuracy": [0.375, 0.625, 0.5],
  ])
}

/// Where a text that ran as a command would leave a file.
enum Marker {
  static let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("maru-ran-\(getpid())").path

  static var isThere: Bool { FileManager.default.fileExists(atPath: path) }
}
