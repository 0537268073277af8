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
    var ends: (least: Float, greatest: Float)?
    if !images.arePixels {
      images.forEachBlock { _, values in
        for value in values {
          ends = ends.map { (min($0.least, value), max($0.greatest, value)) } ?? (value, value)
        }
        return true
      }
    }
    self.init(isOfPixels: isOfPixels, least: ends?.least ?? 0, greatest: ends?.greatest ?? 1)
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

  /// Samples that are to be learned from, given as they stand: as pixels where all are whole numbers from
  /// 0 to 255, some above 1, and there are enough of them.
  static func found(_ samples: Images, scales: Bool) -> (images: Images, isOfPixels: Bool) {
    if samples.arePixels { return (samples, true) }
    if scales, samples.shape.count >= fewestPixels, Pixels(samples) == .whole {
      return (samples.scaled(areWhole: true), true)
    }
    return (samples, false)
  }

  /// Samples, given as they stand, as the model takes them, and what has to be said of that.
  ///
  /// Throws where it has learned from pixels, and they are none.
  func prepared(
    _ samples: Images, _ name: String, path: String
  ) throws(DatasetError) -> (images: Images, note: String?) {
    if !isOfPixels {
      let arePixels =
        goesFrom0To1 && samples.shape.count >= Self.fewestPixels && Pixels(samples) == .whole
      return (arePixels ? samples.scaled(areWhole: true) : samples, nil)
    }
    if samples.arePixels { return (samples, nil) }
    switch Pixels(samples) {
    case .whole: return (samples.scaled(areWhole: true), nil)
    case .scaled:
      return (
        samples, "\(name): numbers from 0 to 1 are taken for pixels that are scaled already"
      )
    case .fractions: return (samples.scaled(areWhole: false), nil)
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

  init(_ samples: Images) {
    var (isWhole, hasMore) = (true, false)
    var other: Float?
    samples.forEachBlock { _, values in
      for value in values {
        guard 0...255 ~= value else {
          other = value
          return false
        }
        isWhole = isWhole && value == value.rounded()
        hasMore = hasMore || value > 1
      }
      return true
    }
    self = other.map { .others($0) } ?? (hasMore ? (isWhole ? .whole : .fractions) : .scaled)
  }
}
