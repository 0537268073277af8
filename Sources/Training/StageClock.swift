import Layers

/// The time that one worker spends in each stage of the steps.
///
/// The stages of a step follow each other without a gap: each ``lap(_:)`` gives all the time since
/// the last one to the stage that has just ended.
final class StageClock {
  /// A stage of a step: fetching the batch and so on, or a layer's pass.
  struct Stage {
    let index: Int

    static let gather = Stage(index: 0)
    static let loss = Stage(index: 1)
    static let update = Stage(index: 2)
    static let waiting = Stage(index: 3)
    static func forward(_ layer: Int) -> Stage { Stage(index: 4 + 4 * layer) }
    static func weightGradient(_ layer: Int) -> Stage { Stage(index: 5 + 4 * layer) }
    static func descent(_ layer: Int) -> Stage { Stage(index: 6 + 4 * layer) }
    static func dataGradient(_ layer: Int) -> Stage { Stage(index: 7 + 4 * layer) }
  }

  /// What a stage took, over all steps.
  struct Time {
    var nanoseconds: UInt64 = 0
    /// The part of it in BLAS.
    var productNanoseconds: UInt64 = 0
    var operations = 0
  }

  let products = ProductClock()
  private var times: [Time]
  private var last = (nanoseconds: UInt64(0), productNanoseconds: UInt64(0), operations: 0)

  init(layers: Int) {
    times = Array(repeating: Time(), count: Stage.forward(layers).index)
  }

  subscript(stage: Stage) -> Time { times[stage.index] }

  private var now: (nanoseconds: UInt64, productNanoseconds: UInt64, operations: Int) {
    (monotonicNanoseconds(), products.nanoseconds, products.operations)
  }

  /// Starts anew after a pause.
  func start() { last = now }

  /// Ends a stage.
  func lap(_ stage: Stage) {
    let now = now
    times[stage.index].nanoseconds += now.nanoseconds - last.nanoseconds
    times[stage.index].productNanoseconds += now.productNanoseconds - last.productNanoseconds
    times[stage.index].operations += now.operations - last.operations
    last = now
  }
}
