/// A file in which samples lie that memory need not hold: they are gathered from where they lie, and the
/// system fetches and drops what of it is in memory.
///
/// What is asked of it is in samples of the ``SampleSource`` that gave it.
public protocol SampleFile: Sendable {
  /// As many samples as are worth a request of their own: about 1 MiB.
  var samplesAtOnce: Int { get }
  /// Has the system begin to fetch samples that are gathered soon; does not wait for them.
  func fetch(_ samples: Range<Int>)
  /// Lets the memory go in which samples lie that are not gathered for a while.
  func release(_ samples: Range<Int>)
  /// Throws where the file is no longer what it was when it was opened.
  func check() throws
}

/// How an epoch goes through samples of which memory holds only some: it takes blocks of samples that lie
/// one after the other in a random order, and mixes the samples of several blocks.
public struct BlockShuffle: Sendable, Hashable, Codable {
  /// The samples of a block.
  public let samples: Int
  /// The blocks whose samples are mixed.
  public let mixed: Int

  /// Creates an order; traps unless both are from 1 to the greatest Int32.
  public init(samples: Int, mixed: Int) {
    (self.samples, self.mixed) = (samples, mixed)
    require(isValid, "BlockShuffle: expected counts from 1 to 2³¹ − 1, got \(samples) and \(mixed)")
  }

  /// Whether both are in their range; what comes from a file may not be.
  package var isValid: Bool {
    let range = 1...Int(Int32.max)
    return range ~= samples && range ~= mixed
  }

  /// Blocks of 1 MiB, of which 128 MiB are mixed, of either less where memory is small: what is mixed and
  /// what is fetched meanwhile take a quarter of it.
  /// - Parameters:
  ///   - sampleBytes: the size of a sample in its file
  ///   - memory: the bytes that there are
  package init(sampleBytes: Int, memory: Double) {
    let size = max(1, sampleBytes)
    let window = Int(min(max(memory / 8, 1), 0x1p27))
    let block = min(1 << 20, window / 16)
    let most = Int(Int32.max)
    let samples = min(max(1, block / size), most)
    self.init(samples: samples, mixed: min(max(2, window / (samples * size)), most))
  }
}
