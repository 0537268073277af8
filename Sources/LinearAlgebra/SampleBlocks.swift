/// Samples, or some of them, in blocks of which each is gathered as a matrix.
struct SampleBlocks: Sendable {
  private let samples: any SampleSource
  private let indices: [Int32]?
  private let size, total: Int

  /// All samples in blocks of a size, or those at the given indices, of which others than the samples'
  /// own trap.
  init(_ samples: any SampleSource, _ indices: [Int32]?, size: Int) {
    let wrong = indices?.first { !(0..<samples.sampleCount ~= Int($0)) }
    require(
      wrong == nil,
      "indices of samples: expected 0..<\(samples.sampleCount), got \(wrong ?? 0)")
    (self.samples, self.indices) = (samples, indices)
    total = indices?.count ?? samples.sampleCount
    self.size = max(1, min(size, total))
  }

  /// The number of blocks.
  var count: Int { (total + size - 1) / size }

  /// The samples of a block by their places among all that were chosen.
  func range(_ number: Int) -> Range<Int> { number * size..<min((number + 1) * size, total) }

  /// The indices of the samples of a block.
  func indices(_ number: Int) -> [Int32] {
    let range = range(number)
    return indices.map { Array($0[range]) } ?? range.map { Int32($0) }
  }

  /// Room for a block.
  func buffer() -> AlignedBuffer { AlignedBuffer(zeros: size * samples.sampleShape.count) }

  /// Writes a block to a buffer: [n, d].
  func gather(_ number: Int, into buffer: AlignedBuffer) -> MatrixView<Float> {
    let chosen = indices(number)
    let rows = buffer.matrix(rows: chosen.count, columns: samples.sampleShape.count)
    chosen.withUnsafeBufferPointer { samples.gather($0, into: rows) }
    return rows
  }
}
