import CKernels
import Tensors

/// Images of one shape, kept as bytes and turned into floats only as a batch is gathered.
///
/// All parts of a set share one block of pixels, so a slice copies nothing, and 60,000 images of
/// 28×28 take 47 MB instead of the 188 MB of floats. A pixel p becomes p · (1/255) in Float: 0 is
/// exactly 0 and 255 exactly 1.
public struct Images: SampleSource, Sendable {
  /// The pixels of all images, image by image in row-major order.
  public let pixels: ArraySlice<UInt8>
  /// The number of images.
  public let count: Int
  /// The shape of one image, as in [28, 28]; [784] once ``flattened()``.
  public let shape: Shape

  /// Creates images from their pixels, image by image in row-major order.
  ///
  /// Traps unless the pixels are a whole number of images of a shape that is not empty.
  public init(pixels: [UInt8], shape: Shape) { self.init(pixels: pixels[...], shape: shape) }

  /// Creates images from part of a block of bytes, which they share and keep alive.
  ///
  /// Traps unless the pixels are a whole number of images of a shape that is not empty.
  public init(pixels: ArraySlice<UInt8>, shape: Shape) {
    precondition(
      shape.count > 0 && pixels.count.isMultiple(of: shape.count),
      "Images: expected whole images of shape \(shape), got \(pixels.count) pixels")
    count = pixels.count / shape.count
    precondition(
      count <= Int(Int32.max),
      "Images: expected a count that an Int32 can index, got \(count) images")
    self.pixels = pixels
    self.shape = shape
  }

  /// The pixels of one image, in row-major order.
  public subscript(index: Int) -> ArraySlice<UInt8> {
    precondition(0 <= index && index < count, "Images: image \(index) of \(count)")
    let start = pixels.startIndex + index * shape.count
    return pixels[start..<start + shape.count]
  }

  /// The images of a range of indices; they share this set's pixels.
  public subscript(range: Range<Int>) -> Images {
    precondition(
      0 <= range.lowerBound && range.upperBound <= count, "Images: images \(range) of \(count)")
    let start = pixels.startIndex + range.lowerBound * shape.count
    return Images(pixels: pixels[start..<start + range.count * shape.count], shape: shape)
  }

  /// The same images as vectors: [28, 28] becomes [784].
  ///
  /// Copies nothing.
  public func flattened() -> Images { Images(pixels: pixels, shape: [shape.count]) }

  // MARK: SampleSource

  /// The number of images.
  public var sampleCount: Int { count }

  /// The shape of one image.
  public var sampleShape: Shape { shape }

  /// Writes the chosen pixels of the chosen images to the rows of a batch, each scaled to 0…1.
  ///
  /// Shapes: r indices in 0..<`count`, c columns in 0..<`shape.count`, batch [r, c]; another traps.
  public func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    batch.checkGather("Images", indices.count, columns, of: shape.count)
    guard let first = indices.baseAddress else { return }
    pixels.withUnsafeBufferPointer {
      guard let bytes = $0.baseAddress else { return }
      maru_gather_bytes(
        bytes + columns.lowerBound, shape.count, first, indices.count, columns.count, 1 / 255,
        batch.baseAddress, batch.stride)
    }
  }
}

/// Images and the class of each.
public struct LabelledImages: Sendable {
  /// The images.
  public let images: Images
  /// The class of each image, counted from 0.
  public let labels: [Int]

  /// Creates labelled images; counts that differ trap.
  public init(images: Images, labels: [Int]) {
    precondition(
      images.count == labels.count,
      "LabelledImages: expected a label an image, got \(images.count) and \(labels.count)")
    self.images = images
    self.labels = labels
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The images of a range of indices with their labels; the pixels are shared.
  public subscript(range: Range<Int>) -> LabelledImages {
    LabelledImages(images: images[range], labels: Array(labels[range]))
  }
}
