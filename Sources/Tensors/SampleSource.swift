import CKernels

/// Where a model takes its input from: samples of one shape, in an order that it chooses.
///
/// A tensor is one, its first axis counting the samples; so are images kept as bytes, which become
/// floats only as a batch is gathered. `gather` is called from several threads at once.
public protocol SampleSource: Sendable {
  /// The number of samples.
  var sampleCount: Int { get }
  /// The shape of one sample.
  var sampleShape: Shape { get }
  /// Writes elements `columns` of sample `indices[i]`, flattened, to row i of `batch`.
  ///
  /// Every index is in 0..<`sampleCount`, the columns are in 0..<`sampleShape.count`, and `batch` is
  /// untransposed with one row per index and one column for each of `columns`.
  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>)
  /// The same samples as bytes, where they are kept so; nil unless a source says otherwise.
  ///
  /// It lets sums of products be taken of whole numbers, several times as fast as of floats.
  var bytes: SampleBytes? { get }
  /// The file from which samples are gathered where memory does not hold them; nil unless a source says
  /// otherwise.
  var file: (any SampleFile)? { get }
  /// How an epoch goes through the samples where not all orders are as good; nil, unless a source says
  /// otherwise, for an order of all of them.
  var blockShuffle: BlockShuffle? { get }
}

/// Samples kept as bytes.
public struct SampleBytes: Sendable {
  /// The bytes, sample by sample.
  public let elements: ArraySlice<UInt8>
  /// The float that a byte of 1 stands for: x becomes scale · x.
  public let scale: Float

  /// Creates samples from their bytes and what these stand for.
  public init(_ elements: ArraySlice<UInt8>, scale: Float) {
    (self.elements, self.scale) = (elements, scale)
  }
}

extension SampleSource {
  /// Nil: the samples are not kept as bytes.
  public var bytes: SampleBytes? { nil }
  /// Nil: memory holds the samples.
  public var file: (any SampleFile)? { nil }
  /// Nil: all orders are as good.
  public var blockShuffle: BlockShuffle? { nil }

  /// Writes whole samples to the rows of `batch`.
  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: MatrixView<Float>) {
    gather(indices, columns: 0..<sampleShape.count, into: batch)
  }
}

extension Tensor: SampleSource {
  /// The size of the first axis, 1 where there is none.
  public var sampleCount: Int { shape.sizes.first ?? 1 }
  /// The sizes of all axes but the first.
  public var sampleShape: Shape { shape.withoutFirst }

  /// Copies the chosen columns of the chosen samples into a batch.
  public func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    // `sampleShape` would make an array for every batch.
    let width = sampleCount == 0 ? sampleShape.count : shape.count / sampleCount
    batch.checkGather("Tensor", indices.count, columns, of: width)
    guard let first = indices.baseAddress else { return }
    withUnsafeBufferPointer {
      guard let values = $0.baseAddress else { return }
      maru_gather_floats(
        values + columns.lowerBound, width, first, indices.count, columns.count,
        batch.baseAddress, batch.stride)
    }
  }
}

extension MatrixView<Float> {
  /// Traps where this is no batch for so many indices and these columns of samples of `count`
  /// elements.
  package func checkGather(_ type: String, _ indices: Int, _ columns: Range<Int>, of count: Int) {
    require(
      !isTransposed && rows == indices && self.columns == columns.count,
      "\(type).gather: expected a batch [\(indices), \(columns.count)], got [\(rows), \(self.columns)]"
    )
    require(
      columns.lowerBound >= 0 && columns.upperBound <= count,
      "\(type).gather: expected columns in 0..<\(count), got \(columns)")
  }
}
