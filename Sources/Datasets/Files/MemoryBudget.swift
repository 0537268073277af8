import BLAS
import Tensors

/// What of the memory that there is goes to samples, and what becomes of those for which it is too small.
struct MemoryBudget {
  /// The bytes that there are.
  private let memory: Double

  /// - Parameter memory: the bytes; those that the process may use unless given
  init(_ memory: Int? = nil) { self.memory = memory.map { Double($0) } ?? AvailableMemory.current.bytes }

  /// Whether a file is read where it lies: of a smaller one, memory has room for copies and for floats.
  func isReadInPlace(_ path: String) -> Bool {
    guard let size = FileAccess.size(of: path) else { return false }
    return Double(size) > min(memory / 4, Double(IDXArray.defaultLimit))
  }

  /// In what blocks an epoch goes through samples; nil for any order where memory holds them.
  func blocks(of samples: FileSamples) -> SampleBlocks? {
    let bytes = Double(samples.count) * Double(samples.sampleBytes)
    return bytes > memory / 2
      ? SampleBlocks(sampleBytes: samples.sampleBytes, memory: memory) : nil
  }
}
