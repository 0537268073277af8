/// A figure that a callback watches for getting better.
///
/// Lower is better for a loss; of a metric it says itself which is. The first value always counts as
/// better than none, and any value as better than NaN; NaN is never better than a number.
struct Monitor {
  /// The name of the figure, such as `val_loss`.
  let name: String
  /// By how much a value must exceed the best to count as better.
  let minimumDelta: Double
  /// The best value so far.
  var best: Double?
  private var isHigherBetter: Bool

  init(name: String, minimumDelta: Double) {
    self.name = name
    self.minimumDelta = minimumDelta
    isHigherBetter = !name.hasSuffix("loss")
  }

  /// Forgets the best value, and throws ``ModelError`` where no such figure will be reported.
  mutating func start(_ progress: TrainingProgress) throws(ModelError) {
    let names = progress.figureNames
    guard names.contains(name) else {
      throw ModelError(
        "there is no figure \(name) to monitor, there are \(names.joined(separator: ", "))")
    }
    let metric = progress.metrics.first { [$0.name, "val_" + $0.name].contains(name) }
    isHigherBetter = metric?.isHigherBetter ?? false
    best = nil
  }

  /// Takes the value of an epoch, and says whether it is better than all before.
  mutating func improves(_ record: EpochRecord) -> Bool {
    guard let value = record[name] else { return false }
    if best != nil && value.isNaN { return false }
    if let best, !best.isNaN {
      let gain = isHigherBetter ? value - best : best - value
      guard gain > minimumDelta else { return false }
    }
    best = value
    return true
  }
}
