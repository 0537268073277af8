import Layers

/// The orders of epochs over samples in blocks: a random order of the blocks, and of the samples of every
/// few blocks that follow each other.
///
/// What it knows of the running epoch tells which part of a file is needed next.
struct BlockOrder {
  let shuffle: BlockShuffle
  /// The samples as they lie in their file.
  private let samples: [Int32]
  /// The blocks in the order of the epoch, up to the order among those that are mixed.
  private var sequence: [Int32]

  /// - Parameter samples: the samples to train on, in rising order
  init(_ shuffle: BlockShuffle, _ samples: [Int32]) {
    (self.shuffle, self.samples) = (shuffle, samples)
    let count = (samples.count + shuffle.samples - 1) / shuffle.samples
    sequence = (0..<Int32(count)).map { $0 }
  }

  /// Puts the samples in the order of a new epoch.
  mutating func shuffle(
    _ order: UnsafeMutableBufferPointer<Int32>, using generator: inout RandomGenerator
  ) {
    for index in sequence.indices { sequence[index] = Int32(index) }
    sequence.shuffle(using: &generator)
    var place = 0
    for first in stride(from: 0, to: sequence.count, by: shuffle.mixed) {
      let start = place
      for block in sequence[first..<min(first + shuffle.mixed, sequence.count)] {
        for index in range(of: Int(block)) {
          order[place] = samples[index]
          place += 1
        }
      }
      var mixed = UnsafeMutableBufferPointer(rebasing: order[start..<place])
      mixed.shuffle(using: &generator)
    }
  }

  /// Takes up the order of an epoch that has begun elsewhere.
  mutating func resume(_ order: UnsafeMutableBufferPointer<Int32>) {
    var isKnown = [Bool](repeating: false, count: sequence.count)
    var place = 0
    for sample in order {
      let block = self.place(of: sample) / shuffle.samples
      if isKnown[block] { continue }
      isKnown[block] = true
      sequence[place] = Int32(block)
      place += 1
    }
  }

  /// The place of a sample among all.
  private func place(of sample: Int32) -> Int {
    var (low, high) = (0, samples.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if samples[middle] <= sample { low = middle } else { high = middle }
    }
    return low
  }

  private func range(of block: Int) -> Range<Int> {
    (0..<samples.count).block(block, of: shuffle.samples)
  }

  // MARK: Reading ahead

  /// What is mixed, and a block more: where a shorter block lies, the next blocks begin earlier than counted.
  private var distance: Int { shuffle.mixed + 1 }

  /// Has a file fetch what is mixed next and let go what is done, before a range of the epoch's order is
  /// gathered: for each block's worth of samples that begins there, one block of either.
  func readAhead(_ places: Range<Int>, of file: any SampleFile) {
    let size = shuffle.samples
    let gathered = (places.count + size - 1) / size
    let begun = (places.lowerBound + size - 1) / size
    for number in begun..<max(begun, (places.upperBound + size - 1) / size) {
      fetch(number + distance, of: file)
      release(number - distance - gathered, of: file)
    }
  }

  /// Has a file fetch what is mixed where an epoch begins or goes on.
  func begin(at place: Int, of file: any SampleFile) {
    let number = place / shuffle.samples
    for number in max(0, number - distance)...number + distance { fetch(number, of: file) }
  }

  /// Lets go what a file has been asked for, and is still held, at the end of an epoch.
  func end(of file: any SampleFile) {
    for number in sequence.indices.suffix(3 * distance) { release(number, of: file) }
  }

  private func fetch(_ number: Int, of file: any SampleFile) {
    if let samples = fileSamples(number) { file.fetch(samples) }
  }

  private func release(_ number: Int, of file: any SampleFile) {
    if let samples = fileSamples(number) { file.release(samples) }
  }

  /// The samples from the first to the last of a block of the epoch.
  private func fileSamples(_ number: Int) -> Range<Int>? {
    guard sequence.indices.contains(number) else { return nil }
    let range = range(of: Int(sequence[number]))
    return Int(samples[range.lowerBound])..<Int(samples[range.upperBound - 1]) + 1
  }
}
