import Layers

/// The time that one thread spends in each phase of the steps.
///
/// The phases of a step follow each other without a gap: each ``lap(_:)`` gives all the time since
/// the last one to the phase that has just ended.
final class StageClock {
  /// What a phase took, over all steps.
  struct Time {
    var nanoseconds: UInt64 = 0
    /// The part of it in BLAS.
    var productNanoseconds: UInt64 = 0
    var operations = 0
  }

  let products = ProductClock()
  /// By phase; then fetching batches, waiting, and adding up gradients.
  private var times: [Time]
  private let phases: Int
  private var last = (nanoseconds: UInt64(0), productNanoseconds: UInt64(0), operations: 0)

  init(phases: Int) {
    self.phases = phases
    times = Array(repeating: Time(), count: phases + 3)
  }

  subscript(phase: Int) -> Time { times[phase] }
  var gather: Time { times[phases] }
  var waiting: Time { times[phases + 1] }
  var update: Time { times[phases + 2] }

  private var now: (nanoseconds: UInt64, productNanoseconds: UInt64, operations: Int) {
    (monotonicNanoseconds(), products.nanoseconds, products.operations)
  }

  /// Starts anew after a pause.
  func start() { last = now }

  /// Ends a phase.
  func lap(_ phase: Int) {
    let now = now
    times[phase].nanoseconds += now.nanoseconds - last.nanoseconds
    times[phase].productNanoseconds += now.productNanoseconds - last.productNanoseconds
    times[phase].operations += now.operations - last.operations
    last = now
  }

  /// Ends the fetching of a batch by a thread for itself.
  func lapGather() { lap(phases) }
  /// Ends a wait.
  func lapWaiting() { lap(phases + 1) }
  /// Ends the adding up of gradients.
  func lapUpdate() { lap(phases + 2) }
}
