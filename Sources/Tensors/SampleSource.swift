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
  /// Writes sample `indices[i]`, flattened, to row i of `batch`.
  ///
  /// Every index is in 0..<`sampleCount`, and `batch` is contiguous with a row an index and
  /// `sampleShape.count` columns.
  func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: MatrixView<Float>)
}

extension Tensor: SampleSource {
  /// The size of the first axis, 1 where there is none.
  public var sampleCount: Int { shape.sizes.first ?? 1 }
  /// The sizes of all axes but the first.
  public var sampleShape: Shape { shape.withoutFirst }

  /// Copies the chosen samples into a batch.
  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: MatrixView<Float>) {
    precondition(
      batch.isContiguous && batch.rows == indices.count
        && batch.columns * sampleCount == shape.count,
      "Tensor.gather: expected a contiguous batch [\(indices.count), \(sampleShape.count)], got [\(batch.rows), \(batch.columns)]"
    )
    guard let first = indices.baseAddress else { return }
    withUnsafeBufferPointer {
      guard let values = $0.baseAddress else { return }
      maru_gather_floats(values, first, indices.count, batch.columns, batch.baseAddress)
    }
  }
}
