import BLAS
import Synchronization
import Tensors

/// The size of a picture.
public struct PictureSize: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int

  /// Creates a size, each side at least 1.
  public init(width: Int, height: Int) {
    require(
      width >= 1 && height >= 1, "PictureSize: expected at least 1×1, got \(width)×\(height)")
    (self.width, self.height) = (width, height)
  }

  /// As in `28×28`.
  public var description: String { "\(width)×\(height)" }
}

/// How picture files become what a model takes: stored with the model, so that whatever is predicted
/// later goes the same way as the pictures that it was trained on.
public struct PicturePreparation: Sendable, Hashable, Codable {
  /// The size that all are brought to.
  public let size: PictureSize
  /// 1 for shades of grey, 3 for red, green and blue.
  public let channels: Int
  /// The pictures that it was learned from, and which of them were held out; nil where they came in two
  /// parts.
  public internal(set) var source: Source?

  /// Pictures of which some were held out.
  public struct Source: Sendable, Hashable, Codable {
    /// The CRC-32 of all samples and their classes.
    public let checksum: UInt32
    /// Which were held out.
    public let split: TableSplit
  }

  /// Creates a preparation.
  public init(size: PictureSize, channels: Int) { (self.size, self.channels) = (size, channels) }

  /// Whether it is one that a file may tell: no side is below 1 or too large, and channels are 1 or 3.
  public var isSound: Bool {
    let sides = [size.width, size.height]
    return sides.allSatisfy { 1...65_536 ~= $0 } && (channels == 1 || channels == 3)
  }

  /// The shape of a sample: [rows, columns], and 3 where there are colours.
  public var shape: Shape {
    channels == 1 ? [size.height, size.width] : [size.height, size.width, channels]
  }

  /// The pictures that can be read, as samples in the order of their paths, and why the others cannot.
  ///
  /// Files are read on all processors that the process may use.
  public func samples(
    of paths: [String]
  ) -> (images: Images, places: [Int], failures: [DatasetError]) {
    let results = forEachInOrder(paths) { path throws(DatasetError) in
      try Picture(contentsOf: path, isGrey: channels == 1)
        .resized(width: size.width, height: size.height).pixels
    }
    var (pixels, places, failures) = ([UInt8](), [Int](), [DatasetError]())
    pixels.reserveCapacity(paths.count * shape.count)
    for (place, result) in results.enumerated() {
      switch result {
      case .success(let picture):
        pixels += picture
        places.append(place)
      case .failure(let error): failures.append(error)
      }
    }
    return (Images(pixels: pixels, shape: shape), places, failures)
  }
}

/// What `body` gives for each path, on all processors.
func forEachInOrder<Value: Sendable>(
  _ paths: [String], _ body: @Sendable (String) throws(DatasetError) -> Value
) -> [Result<Value, DatasetError>] {
  let results = Mutex([Int: Result<Value, DatasetError>]())
  Threads.forEach(paths.count) { index in
    let result = Result { () throws(DatasetError) in try body(paths[index]) }
    results.withLock { $0[index] = result }
  }
  return results.withLock { results in paths.indices.compactMap { results[$0] } }
}
