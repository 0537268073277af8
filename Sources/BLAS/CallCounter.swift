import Synchronization

/// A counter of the matrix products handed to BLAS, for tests and profiles.
///
/// The number of products in a training step is part of the engine's contract: one forward and two
/// backward for each Dense layer, one fewer where the gradient of the data is not needed.
public struct CallCounter: ~Copyable, Sendable {
  /// The calls of `gemm` in either precision, over all threads.
  public static let gemm = CallCounter()

  private let users = Atomic<Int>(0)
  private let calls = Atomic<Int>(0)

  /// The number of calls while `body` runs.
  ///
  /// Nothing is counted outside: an atomic addition waits until all earlier results are written,
  /// which takes a fortieth of a 32×32 product.
  public func count<Failure: Error>(during body: () throws(Failure) -> Void) throws(Failure) -> Int
  {
    users.add(1, ordering: .sequentiallyConsistent)
    defer { users.subtract(1, ordering: .sequentiallyConsistent) }
    let before = calls.load(ordering: .relaxed)
    try body()
    return calls.load(ordering: .relaxed) - before
  }

  func add() {
    if users.load(ordering: .relaxed) > 0 { calls.wrappingAdd(1, ordering: .relaxed) }
  }
}
