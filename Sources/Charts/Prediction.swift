import Datasets
import Tensors
import Training

/// The class that a model takes a sample for.
package struct Guess {
  package let label: Int
  /// How probable the model finds it.
  package let probability: Float
}

extension Sequential {
  /// What the model takes samples for. Never are the probabilities of all classes kept for more than
  /// some of the samples, since both may be tens of thousands.
  package func guesses(of images: Images) throws(ModelError) -> [Guess] {
    let block = max(1, (1 << 24) / outputShape.count)
    var guesses: [Guess] = []
    for start in stride(from: 0, to: images.count, by: block) {
      let part = images[start..<min(start + block, images.count)]
      guesses += Guess.all(in: try probabilities(of: part))
    }
    return guesses
  }
}

extension Guess {
  /// Those of rows of probabilities.
  package static func all(in probabilities: Tensor) -> [Guess] {
    probabilities.argmaxOfRows().enumerated().map { row, label in
      Guess(label: label, probability: probabilities[row, label])
    }
  }

  /// The indices of the wrong ones of the highest probability, that one first, as many as a grid
  /// shows.
  fileprivate static func worst(_ guesses: [Guess], _ labels: [Int]) -> [Int] {
    let wrong = guesses.indices.filter { guesses[$0].label != labels[$0] }
    // The index decides between equals, so that the order is always the same.
    let sorted = wrong.sorted {
      (guesses[$1].probability, $0) < (guesses[$0].probability, $1)
    }
    return Array(sorted.prefix(Prediction.gridCount))
  }
}

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

  /// The classes whose probabilities are drawn: all, or of too many the most probable and the true
  /// one.
  var shownClasses: [Int] {
    let most = ConfusionMatrix.mostShown
    if probabilities.count <= most { return Array(probabilities.indices) }
    let sorted = probabilities.indices.sorted {
      (probabilities[$1], $0) < (probabilities[$0], $1)
    }
    return Set(sorted.prefix(most) + [label]).sorted()
  }

  /// Those of the first images, as many as a grid shows.
  static func first(_ samples: LabelledImages, _ probabilities: Tensor) -> [Prediction] {
    let guesses = guesses(samples, probabilities)
    return guesses.indices.prefix(gridCount).map {
      Prediction($0, samples, guesses[$0], probabilities, row: $0)
    }
  }

  /// The wrong ones of the highest probability, that one first, as many as a grid shows.
  static func worst(_ samples: LabelledImages, _ probabilities: Tensor) -> [Prediction] {
    let guesses = guesses(samples, probabilities)
    return Guess.worst(guesses, samples.labels).map {
      Prediction($0, samples, guesses[$0], probabilities, row: $0)
    }
  }

  /// Those of the first images, of which the model has been asked what it takes them for.
  static func first(
    _ samples: LabelledImages, _ guesses: [Guess], by model: Sequential
  ) throws(ModelError) -> [Prediction] {
    try predictions(Array(guesses.indices.prefix(gridCount)), samples, guesses, by: model)
  }

  /// The wrong ones of the highest probability, of those that the model has been asked for.
  static func worst(
    _ samples: LabelledImages, _ guesses: [Guess], by model: Sequential
  ) throws(ModelError) -> [Prediction] {
    try predictions(Guess.worst(guesses, samples.labels), samples, guesses, by: model)
  }

  private static func predictions(
    _ indices: [Int], _ samples: LabelledImages, _ guesses: [Guess], by model: Sequential
  ) throws(ModelError) -> [Prediction] {
    var predictions: [Prediction] = []
    for index in indices {
      let probabilities = try model.probabilities(of: samples.images[index..<index + 1])
      predictions.append(Prediction(index, samples, guesses[index], probabilities, row: 0))
    }
    return predictions
  }

  private init(
    _ index: Int, _ samples: LabelledImages, _ guess: Guess, _ probabilities: Tensor, row: Int
  ) {
    self.index = index
    label = samples.labels[index]
    self.probabilities = (0..<probabilities.shape.sizes[1]).map { Double(probabilities[row, $0]) }
    predicted = guess.label
  }

  private static func guesses(_ samples: LabelledImages, _ probabilities: Tensor) -> [Guess] {
    require(
      probabilities.shape.rank == 2 && probabilities.shape.sizes[0] == samples.count,
      "Chart: expected probabilities of shape [\(samples.count), classes], "
        + "got \(probabilities.shape)")
    return Guess.all(in: probabilities)
  }
}
