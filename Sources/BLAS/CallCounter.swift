import Synchronization

/// A counter of the matrix products handed to BLAS, for tests and profiles.
///
/// The number of products in a training step is part of the engine's contract: one forward and two
/// backward for each Dense layer, one fewer where the gradient of the data is not needed.
public struct CallCounter: ~Copyable, Sendable {
  /// The calls of ``gemm(_:_:into:alpha:beta:)`` since the process started, over all threads.
  public static let gemm = CallCounter()

  private let value = Atomic<Int>(0)

  /// The number of calls so far.
  public var count: Int { value.load(ordering: .relaxed) }

  func add() { value.wrappingAdd(1, ordering: .relaxed) }
}
