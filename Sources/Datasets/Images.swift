import CKernels
import CLibdeflate
import Tensors

/// Images of one shape, kept as bytes and turned into floats only as a batch is gathered.
///
/// All parts of a set share one block of pixels, so a slice copies nothing, and 60,000 images of
/// 28×28 take 47 MB instead of the 188 MB of floats. A pixel p becomes p · (1/255) in Float: 0 is
/// exactly 0 and 255 exactly 1.
///
/// Samples that are no pixels, as those of a table, are kept as floats instead, and gathered as they
/// stand. Samples of a large file are not kept at all, but gathered from where they lie; it must stay as it
/// is meanwhile, for pages that it loses end the process by SIGBUS.
public struct Images: SampleSource, Sendable {
  private enum Storage {
    case pixels(ArraySlice<UInt8>)
    case values(Tensor)
    case file(FileSamples)
  }
  private let storage: Storage
  /// The number of images.
  public let count: Int
  /// The shape of one image, as in [28, 28]; [784] once ``flattened()``.
  public let shape: Shape
  /// How an epoch goes through samples that memory does not hold; nil for an order of all of them.
  public var blockShuffle: BlockShuffle?

  /// The pixels of all images, image by image in row-major order; empty where ``values`` are kept, and
  /// where samples lie in a file.
  public var pixels: ArraySlice<UInt8> {
    if case .pixels(let pixels) = storage { pixels } else { [] }
  }
  /// The samples where they are kept as floats, one along the first axis, else nil.
  public var values: Tensor? { if case .values(let values) = storage { values } else { nil } }
  /// Whether the elements of samples are whole numbers from 0 to 255, of which each becomes its 255th part.
  public var arePixels: Bool {
    switch storage {
    case .pixels: true
    case .values: false
    case .file(let samples): samples.arePixels
    }
  }

  /// Blocks of samples as large as this machine's memory suggests for their size as it would be there,
  /// wherever they lie.
  package var blocks: BlockShuffle {
    let size = arePixels ? 1 : MemoryLayout<Float>.stride
    return BlockShuffle(
      sampleBytes: shape.count * size, memory: AvailableMemory.current.bytes)
  }

  /// Creates images from their pixels, image by image in row-major order.
  ///
  /// Traps unless the pixels are a whole number of images of a shape that is not empty.
  public init(pixels: [UInt8], shape: Shape) { self.init(pixels: pixels[...], shape: shape) }

  /// Creates images from part of a block of bytes, which they share and keep alive.
  ///
  /// Traps unless the pixels are a whole number of images of a shape that is not empty.
  public init(pixels: ArraySlice<UInt8>, shape: Shape) {
    require(
      shape.count > 0 && pixels.count.isMultiple(of: shape.count),
      "Images: expected whole images of shape \(shape), got \(pixels.count) pixels")
    count = pixels.count / shape.count
    require(
      count <= Int(Int32.max),
      "Images: expected a count that an Int32 can index, got \(count) images")
    storage = .pixels(pixels)
    self.shape = shape
  }

  /// Creates samples from floats, which go into a model as they stand.
  ///
  /// Shape: [count] and the shape of a sample. Traps where that is empty, or missing.
  public init(values: Tensor) {
    require(
      values.shape.rank >= 2 && values.shape.withoutFirst.count > 0,
      "Images: expected a count and a shape of samples, got \(values.shape)")
    count = values.shape[0]
    require(
      count <= Int(Int32.max),
      "Images: expected a count that an Int32 can index, got \(count) samples")
    shape = values.shape.withoutFirst
    storage = .values(values)
  }

  /// Takes samples of a shape from where they lie in a file.
  init(_ samples: FileSamples, shape: Shape, blockShuffle: BlockShuffle? = nil) {
    (storage, count, self.shape) = (.file(samples), samples.count, shape)
    self.blockShuffle = blockShuffle
  }

  /// The pixels of one image, in row-major order.
  ///
  /// Of samples kept as floats it is a picture: 0…1 becomes 0…255, and what lies outside its nearer
  /// end.
  public subscript(index: Int) -> ArraySlice<UInt8> {
    require(0 <= index && index < count, "Images: expected an image below \(count), got \(index)")
    if case .pixels(let pixels) = storage {
      let start = pixels.startIndex + index * shape.count
      return pixels[start..<start + shape.count]
    }
    let row = Tensor(shape: [1, shape.count]) { floats in
      let batch = MatrixView(floats.baseAddress!, rows: 1, columns: shape.count)
      withUnsafePointer(to: Int32(index)) {
        gather(UnsafeBufferPointer(start: $0, count: 1), into: batch)
      }
    }
    return row.elements.map { UInt8((min(max($0, 0), 1) * 255).rounded()) }[...]
  }

  /// The images of a range of indices; they share this set's pixels or file, and copy floats.
  public subscript(range: Range<Int>) -> Images {
    require(
      0 <= range.lowerBound && range.upperBound <= count,
      "Images: expected images in 0..<\(count), got \(range)")
    return with {
      switch storage {
      case .pixels(let pixels):
        let start = pixels.startIndex + range.lowerBound * shape.count
        return Images(pixels: pixels[start..<start + range.count * shape.count], shape: shape)
      case .values(let values): return Images(values: values[rows: range])
      case .file(let samples): return Images(samples[range], shape: shape)
      }
    }
  }

  /// Some of the samples, in the order of their places; of a file no copies.
  func picked(_ places: [Int]) -> Images {
    with {
      switch storage {
      case .pixels: Images(pixels: places.flatMap { self[$0] }, shape: shape)
      case .values(let values): Images(values: values.picked(places))
      case .file(let samples): Images(samples.picked(places), shape: shape)
      }
    }
  }

  /// Other samples with this shuffle.
  private func with(_ make: () -> Images) -> Images {
    var images = make()
    images.blockShuffle = blockShuffle
    return images
  }

  /// The same images as vectors: [28, 28] becomes [784].
  ///
  /// Copies nothing.
  public func flattened() -> Images {
    with {
      switch storage {
      case .pixels(let pixels): Images(pixels: pixels, shape: [shape.count])
      case .values(let values): Images(values: values.reshaped(to: [count, shape.count]))
      case .file(let samples): Images(samples, shape: [shape.count])
      }
    }
  }

  // MARK: SampleSource

  /// The pixels, of which each becomes its 255th part; nil for samples that are floats or lie in a file.
  public var bytes: SampleBytes? {
    if case .pixels(let pixels) = storage {
      SampleBytes(pixels, scale: Self.pixelScale)
    } else {
      nil
    }
  }

  /// The file that the samples are gathered from; nil where they are kept in memory.
  public var file: (any SampleFile)? {
    if case .file(let samples) = storage { samples } else { nil }
  }

  private static let pixelScale: Float = 1 / 255

  /// The number of images.
  public var sampleCount: Int { count }

  /// The shape of one image.
  public var sampleShape: Shape { shape }

  /// Writes the chosen pixels of the chosen images to the rows of a batch, each scaled to 0…1, or
  /// the chosen values as they stand.
  ///
  /// Shapes: r indices in 0..<`count`, c columns in 0..<`shape.count`, batch [r, c]; another traps.
  public func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    batch.checkGather("Images", indices.count, columns, of: shape.count)
    switch storage {
    case .pixels(let pixels):
      pixels.withUnsafeBufferPointer {
        guard let bytes = $0.baseAddress, let first = indices.baseAddress else { return }
        maru_gather_bytes(
          bytes + columns.lowerBound, shape.count, first, indices.count, columns.count,
          Self.pixelScale, batch.baseAddress, batch.stride)
      }
    case .values(let values): values.gather(indices, columns: columns, into: batch)
    case .file(let samples): samples.gather(indices, columns: columns, into: batch)
    }
  }
}

extension Images {
  /// Calls `body` with the elements of samples kept as floats or in a file, of some samples at a time, as
  /// long as it gives true; `first` is the place of the first of them.
  func forEachBlock(_ body: (_ first: Int, UnsafeBufferPointer<Float>) -> Bool) {
    switch storage {
    case .pixels: break
    case .values(let values): values.withUnsafeBufferPointer { _ = body(0, $0) }
    case .file(let samples): samples.forEachBlock(body)
    }
  }

  /// Calls `body` with all samples in turn as memory keeps them, pixels as bytes and others as floats, some
  /// at a time.
  func forEachStretch<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    switch storage {
    case .pixels(let pixels):
      try pixels.withUnsafeBufferPointer { (bytes) throws(Failure) in
        try body(UnsafeRawBufferPointer(bytes))
      }
    case .values(let values):
      try values.withUnsafeBufferPointer { (floats) throws(Failure) in
        try body(UnsafeRawBufferPointer(floats))
      }
    case .file(let samples): try samples.forEachStretch(body)
    }
  }

  /// Numbers from 0 to 255 as 0…1; those that are all whole are kept as pixels.
  func scaled(areWhole: Bool) -> Images {
    with {
      switch storage {
      case .pixels: self
      case .file(let samples): Images(samples.scaled(areWhole: areWhole), shape: shape)
      case .values(let values) where areWhole:
        Images(
          pixels: values.withUnsafeBufferPointer { values in values.map { UInt8($0) } },
          shape: shape)
      case .values(let values):
        Images(
          values: Tensor(shape: values.shape) { scaled in
            values.withUnsafeBufferPointer {
              for index in $0.indices { scaled[index] = $0[index] * Self.pixelScale }
            }
          })
      }
    }
  }

  /// The CRC-32 of all samples: of pixels as bytes, else of floats.
  fileprivate var checksum: UInt32 {
    var sum: UInt32 = 0
    forEachStretch { sum = libdeflate_crc32(sum, $0.baseAddress, $0.count) }
    return sum
  }
}

/// Images and the class of each, or samples and what is to be predicted of them.
public struct LabelledImages: Sendable {
  /// The images.
  public let images: Images
  /// The class of each image, counted from 0; empty for a regression.
  public let labels: [Int]
  /// The numbers to be predicted, [count, outputs], to mean 0 and deviation 1 over what is trained on; nil
  /// where there are classes.
  public let targets: Tensor?

  /// Creates labelled images; counts that differ trap.
  public init(images: Images, labels: [Int]) {
    require(
      images.count == labels.count,
      "LabelledImages: expected one label per image, got \(images.count) and \(labels.count)")
    self.images = images
    self.labels = labels
    targets = nil
  }

  /// Creates samples with numbers to be predicted, [count, outputs]; counts that differ trap.
  public init(images: Images, targets: Tensor) {
    require(
      targets.shape.rank == 2 && targets.shape[0] == images.count,
      "LabelledImages: expected a row of targets a sample, got \(images.count) and \(targets.shape)"
    )
    self.images = images
    self.targets = targets
    labels = []
  }

  /// The number of images.
  public var count: Int { images.count }

  /// The CRC-32 of all samples and labels, to tell whether they are the same as before.
  public var checksum: UInt32 {
    let sum = images.checksum
    if let targets {
      return targets.withUnsafeBufferPointer {
        libdeflate_crc32(sum, $0.baseAddress, $0.count * MemoryLayout<Float>.stride)
      }
    }
    return labels.map { Int32($0) }.withUnsafeBytes {
      libdeflate_crc32(sum, $0.baseAddress, $0.count)
    }
  }

  /// The images of a range of indices with their labels; the pixels are shared.
  public subscript(range: Range<Int>) -> LabelledImages {
    if let targets { return LabelledImages(images: images[range], targets: targets[rows: range]) }
    return LabelledImages(images: images[range], labels: Array(labels[range]))
  }
}
