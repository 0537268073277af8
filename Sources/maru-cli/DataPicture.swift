import ArgumentParser
import Maru

/// What to draw of a data set, and where to.
struct DataPicture: ParsableArguments {
  @Option(help: ArgumentHelp("The .svg or .png file to draw to.", valueName: "file"))
  var output: String?
  @Option(help: "Draw so many training images, with the names of their classes.")
  var count: Int?
  @Option(help: "Draw the training image of this number, from 0, with a colour bar.")
  var index: Int?

  private static let most = 1000

  func validate() throws {
    try PictureFile.checkName(output, of: "--output")
    if let count, !(1...Self.most ~= count) {
      throw ValidationError("--count: expected 1 to \(Self.most), got \(count)")
    }
    if count != nil && index != nil { throw ValidationError("--index: expected without --count") }
    if output == nil && (count != nil || index != nil) {
      throw ValidationError(
        "\(count == nil ? "--index" : "--count"): expected with --output, the file to draw to")
    }
  }

  /// Draws a data set, or says that it was not asked to.
  func draw(_ name: String, from data: DataOptions) throws -> Bool {
    guard let output else { return false }
    let picture = try PictureFile(checking: output)
    try picture.write(try chart(of: try data.load(name)))
    return true
  }

  private func chart(of dataset: Dataset) throws -> Chart {
    let (train, names) = (dataset.train, dataset.classNames)
    if let count {
      return .imageGrid(
        train[0..<min(count, train.count)], classNames: names,
        title: "Training images of \(dataset.name)")
    }
    guard let index else { return .classCounts(of: dataset) }
    guard 0..<train.count ~= index else {
      throw Failure.usage("--index: expected 0 to \(train.count - 1), got \(index)")
    }
    return .image(train.images, at: index, title: names[train.labels[index]])
  }
}
