import Tensors

/// How the samples of an array became what a model takes, and what its outputs stand for: stored with
/// the model, so that whatever is scored later goes the same way.
public struct ArrayPreparation: Sendable, Hashable, Codable {
  /// Whether they were pixels of 0 to 255, which became 0…1; others were taken as they stood.
  public let isOfPixels: Bool
  /// The least value that went into the model in training.
  public let least: Float
  /// The greatest one.
  public let greatest: Float
  /// The numbers that it predicts; nil where it tells classes apart.
  public internal(set) var label: Preparation.Label?
  /// The samples that it was learned from, and which of them were held out; nil where they came in two
  /// parts.
  public internal(set) var source: PicturePreparation.Source?

  /// That of pictures, whose pixels become 0…1.
  package static let pixels = ArrayPreparation(isOfPixels: true, least: 0, greatest: 1)

  /// Whether samples go in as pixels do, from 0 to 1.
  package var goesFrom0To1: Bool { isOfPixels || least >= 0 && greatest <= 1 }

  init(isOfPixels: Bool, least: Float, greatest: Float) {
    (self.isOfPixels, self.least, self.greatest) = (isOfPixels, least, greatest)
  }

  /// Learns from the samples to train on.
  init(_ images: Images, isOfPixels: Bool) {
    let ends = images.values.map { values in
      values.withUnsafeBufferPointer { ($0.min() ?? 0, $0.max() ?? 0) }
    }
    self.init(isOfPixels: isOfPixels, least: ends?.0 ?? 0, greatest: ends?.1 ?? 1)
  }

  /// The same for a model that predicts numbers.
  package func predicting(_ label: Preparation.Label?) -> ArrayPreparation {
    var copy = self
    copy.label = label
    return copy
  }

  /// The range of what it was trained on, in words.
  package var range: String { "from \(Table.text(least)) to \(Table.text(greatest))" }
}

extension ArrayPreparation {
  /// Fewer numbers from 0 to 255 may be counts.
  private static let fewestPixels = 64

  /// The samples of an array that is to be learned from: as pixels where all are whole numbers from 0 to
  /// 255, some above 1, and there are enough of them.
  static func found(_ array: NumPyArray, scales: Bool) -> (images: Images, isOfPixels: Bool) {
    let shape = array.shape.withoutFirst
    if array.elementType == .uint8 {
      return (Images(pixels: array.bytes, shape: shape), true)
    }
    let values = array.tensor
    if scales, shape.count >= fewestPixels, Pixels(values) == .whole {
      return (Images(wholePixels: values, shape), true)
    }
    return (Images(values: values), false)
  }

  /// The samples of an array as the model takes them, and what has to be said of that.
  ///
  /// Throws where it has learned from pixels, and they are none.
  func samples(
    of array: NumPyArray, _ name: String, path: String
  ) throws(DatasetError) -> (images: Images, note: String?) {
    if isOfPixels && array.elementType == .uint8 {
      return (Images(pixels: array.bytes, shape: array.shape.withoutFirst), nil)
    }
    return try samples(of: array.tensor, name, path: path)
  }

  /// The same of numbers, a sample along the first axis.
  func samples(
    of values: Tensor, _ name: String, path: String
  ) throws(DatasetError) -> (images: Images, note: String?) {
    let shape = values.shape.withoutFirst
    if !isOfPixels {
      let arePixels = goesFrom0To1 && shape.count >= Self.fewestPixels && Pixels(values) == .whole
      return (arePixels ? Images(wholePixels: values, shape) : Images(values: values), nil)
    }
    switch Pixels(values) {
    case .whole: return (Images(wholePixels: values, shape), nil)
    case .scaled:
      return (
        Images(values: values),
        "\(name): numbers from 0 to 1 are taken for pixels that are scaled already"
      )
    case .fractions:
      return (
        Images(
          values: Tensor(shape: values.shape) { scaled in
            values.withUnsafeBufferPointer {
              for index in $0.indices { scaled[index] = $0[index] * (1 / 255) }
            }
          }), nil
      )
    case .others(let value):
      throw .malformed(
        path, expected: "pixels from 0 to 255 in \(name), as the model has learned from",
        found: Table.text(value))
    }
  }
}

/// What numbers are as pixels.
private enum Pixels: Equatable {
  /// Whole numbers from 0 to 255, some above 1.
  case whole
  /// From 0 to 255, some above 1.
  case fractions
  /// From 0 to 1.
  case scaled
  /// None: there is such a value.
  case others(Float)

  init(_ values: Tensor) {
    self = values.withUnsafeBufferPointer { values in
      var (isWhole, hasMore) = (true, false)
      for value in values {
        guard 0...255 ~= value else { return .others(value) }
        isWhole = isWhole && value == value.rounded()
        hasMore = hasMore || value > 1
      }
      return hasMore ? (isWhole ? .whole : .fractions) : .scaled
    }
  }
}

extension Images {
  /// Whole numbers from 0 to 255 as bytes.
  fileprivate init(wholePixels values: Tensor, _ shape: Shape) {
    self.init(
      pixels: values.withUnsafeBufferPointer { values in values.map { UInt8($0) } }, shape: shape)
  }
}
