import BLAS
import Tensors

/// What of the memory that there is goes to samples, and what becomes of those for which it is too small.
struct MemoryBudget {
  /// The bytes that there are.
  private let memory: Double

  /// - Parameter memory: the bytes; those that the process may use unless given
  init(_ memory: Int? = nil) {
    self.memory = memory.map { Double($0) } ?? AvailableMemory.current.bytes
  }

  /// Whether a file is read where it lies: of a smaller one, memory has room for copies and for floats.
  func isReadInPlace(_ path: String) -> Bool {
    size(of: path) > min(memory / 4, Double(IDXArray.defaultLimit))
  }

  private func size(of path: String) -> Double { FileAccess.size(of: path).map { Double($0) } ?? 0 }

  /// Whether the rows of a table are large for the memory: of a smaller one it has room for the text, the
  /// values and the samples.
  func isLargeTable(_ path: String) -> Bool { size(of: path) > memory / 4 }

  /// Whether memory has no room for a file and what is made of it.
  func isTooLarge(_ path: String) -> Bool { size(of: path) > memory / 2 }

  /// How an epoch goes through samples; nil where memory holds them all.
  func shuffle(of samples: FileSamples) -> BlockShuffle? {
    let bytes = Double(samples.count) * Double(samples.sampleBytes)
    return bytes > memory / 2
      ? BlockShuffle(sampleBytes: samples.sampleBytes, memory: memory) : nil
  }
}
