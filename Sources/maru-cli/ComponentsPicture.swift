import ArgumentParser
import Maru
import Text

/// The picture of a data set's principal components.
struct ComponentsPicture: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Draw the training images in the plane of their first two principal components, by class, "
        + "and the first 20 components, to this .svg or .png file.", valueName: "file"))
  var pca: String?

  /// The components that are drawn as images.
  private static let most = 20

  func validate() throws { try PictureFile.checkName(pca, of: "--pca") }

  /// Draws the picture, or says that it was not asked for.
  func draw(_ load: () throws -> Dataset, unless force: ForceOption) throws -> Bool {
    guard let pca else { return false }
    let picture = try PictureFile(checking: pca, of: "--pca", unless: force)
    let dataset = try load()
    guard !dataset.isOfNumbers else {
      throw Failure.usage("--pca: expected classes to colour, but \(dataset.name) has numbers")
    }
    try picture.write(try chart(of: dataset))
    return true
  }

  private func chart(of dataset: Dataset) throws -> Chart {
    let (train, shape) = (dataset.train, dataset.train.images.shape)
    try MemoryNeed(covarianceOf: shape.count).check(
      "--pca: the covariance of \(shape.count.grouped) inputs takes", threads: Processors.usable)
    let most = min(train.count, shape.count)
    guard most >= 2 else {
      throw Failure.data(
        "--pca: expected at least 2 samples of 2 numbers, got \(train.count) of \(shape.count)")
    }
    OpenBLAS.threads = Processors.usable
    let principal: PrincipalComponents<Float>
    do {
      principal = try PrincipalComponents(
        train.images, keeping: .count(min(Self.most, most)))
    } catch {
      throw Failure.data("--pca: \(error)")
    }
    let (scores, shares) = (
      principal.transform(train.images), principal.explainedVarianceRatio.map { Double($0) }
    )
    let title = "Principal components of \(dataset.name)"
    if shape.rank != 2 {
      return .scatter(
        scores, labels: train.labels, classNames: dataset.classNames, title: title,
        axes: Chart.axes(of: shares))
    }
    return .principalComponents(
      scores: scores, labels: train.labels, classNames: dataset.classNames,
      components: Tensor(principal.components), imageShape: shape, shares: shares, title: title)
  }
}
