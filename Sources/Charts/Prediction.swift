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

  static func all(_ samples: LabelledImages, _ probabilities: Tensor) -> [Prediction] {
    precondition(
      probabilities.shape.rank == 2 && probabilities.shape.sizes[0] == samples.count,
      "Chart: expected probabilities of shape [\(samples.count), classes], "
        + "got \(probabilities.shape)")
    let classes = probabilities.shape.sizes[1]
    return zip(samples.labels, probabilities.argmaxOfRows()).enumerated().map { index, pair in
      Prediction(
        index: index, label: pair.0,
        probabilities: (0..<classes).map { Double(probabilities[index, $0]) }, predicted: pair.1)
    }
  }

  /// The wrong ones of the highest probability, that one first, as many as a grid shows.
  static func worst(of predictions: [Prediction]) -> [Prediction] {
    // The index decides between equals, so that the order is always the same.
    let sorted = predictions.filter { !$0.isRight }
      .sorted { ($1.confidence, $0.index) < ($0.confidence, $1.index) }
    return Array(sorted.prefix(gridCount))
  }
}
