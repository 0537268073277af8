import ArgumentParser
import Maru

/// What to draw of a data set, and where to.
struct DataPicture: ParsableArguments {
  @Option(help: ArgumentHelp("The .svg or .png file to draw to.", valueName: "file"))
  var output: String?
  @Option(
    parsing: .unconditional,
    help: "Draw so many training images, with the names of their classes.")
  var count: Int?
  @Option(
    parsing: .unconditional, help: "Draw the training image of this number, from 0.")
  var index: Int?

  private static let most = 1000

  func validate() throws {
    try PictureFile.checkName(output, of: "--output")
    if let count, !(1...Self.most ~= count) {
      throw ValidationError("--count: expected 1 to \(Self.most), got \(count)")
    }
    if count != nil && index != nil { throw ValidationError("--index: expected without --count") }
  }

  /// Whether any picture was asked for.
  var isAsked: Bool { output != nil || count != nil || index != nil }

  /// Draws a data set to the file, or its images to the terminal, or says that neither was asked for.
  func draw(_ load: () throws -> Dataset, unless force: ForceOption) throws -> Bool {
    if let output {
      let picture = try PictureFile(checking: output, of: "--output", unless: force)
      try picture.write(try chart(of: try checked(load)))
      return true
    }
    if count == nil && index == nil { return false }
    let dataset = try checked(load)
    let samples = dataset.train[try range(of: dataset.train)]
    Results.print(
      TerminalPicture(
        samples.images, titles: samples.labels.map { dataset.classNames[$0] },
        terminal: .standardOutput))
    return true
  }

  private func checked(_ load: () throws -> Dataset) throws -> Dataset {
    let dataset = try load()
    if count != nil { try dataset.checkImages(for: "--count") }
    if index != nil { try dataset.checkImages(for: "--index") }
    return dataset
  }

  /// The images that were asked for.
  private func range(of samples: LabelledImages) throws -> Range<Int> {
    guard let index else { return 0..<min(count ?? 0, samples.count) }
    guard 0..<samples.count ~= index else {
      throw Failure.usage("--index: expected 0 to \(samples.count - 1), got \(index)")
    }
    return index..<index + 1
  }

  private func chart(of dataset: Dataset) throws -> Chart {
    let (train, names) = (dataset.train, dataset.classNames)
    if index == nil && count == nil { return .classCounts(of: dataset) }
    let range = try range(of: train)
    if index != nil {
      let first = range.lowerBound
      return .image(train.images, at: first, title: names[train.labels[first]])
    }
    return .imageGrid(
      train[range], classNames: names, title: "Training images of \(dataset.name)")
  }
}
