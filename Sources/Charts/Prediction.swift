import Datasets
import Tensors

/// What a model made of an image.
struct Prediction {
  let index: Int
  let label: Int
  let probabilities: [Double]
  let predicted: Int

  /// How many a grid shows.
  static let gridCount = 15

  var isRight: Bool { label == predicted }
  var confidence: Double { probabilities[predicted] }

  /// Those of the first images, as many as a grid shows.
  static func first(_ samples: LabelledImages, _ probabilities: Tensor) -> [Prediction] {
    let predicted = classes(samples, probabilities)
    return predicted.indices.prefix(gridCount).map {
      Prediction($0, samples.labels[$0], probabilities, predicted[$0])
    }
  }

  /// The wrong ones of the highest probability, that one first, as many as a grid shows.
  static func worst(_ samples: LabelledImages, _ probabilities: Tensor) -> [Prediction] {
    let predicted = classes(samples, probabilities)
    // The index decides between equals, so that the order is always the same.
    return predicted.indices.filter { predicted[$0] != samples.labels[$0] }
      .map { (index: $0, confidence: probabilities[$0, predicted[$0]]) }
      .sorted { ($1.confidence, $0.index) < ($0.confidence, $1.index) }
      .prefix(gridCount).map {
        Prediction($0.index, samples.labels[$0.index], probabilities, predicted[$0.index])
      }
  }

  private init(_ index: Int, _ label: Int, _ probabilities: Tensor, _ predicted: Int) {
    self.index = index
    self.label = label
    self.probabilities = (0..<probabilities.shape.sizes[1]).map { Double(probabilities[index, $0]) }
    self.predicted = predicted
  }

  /// The predicted class of each image.
  private static func classes(_ samples: LabelledImages, _ probabilities: Tensor) -> [Int] {
    require(
      probabilities.shape.rank == 2 && probabilities.shape.sizes[0] == samples.count,
      "Chart: expected probabilities of shape [\(samples.count), classes], "
        + "got \(probabilities.shape)")
    return probabilities.argmaxOfRows()
  }
}
