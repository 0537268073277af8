/// A figure that a callback watches for getting better.
///
/// Lower is better for a loss, higher for all other figures. The first value always counts as
/// better than none, and any value as better than NaN; NaN is never better than a number.
struct Monitor {
  /// The name of the figure, such as `val_loss`.
  let name: String
  /// By how much a value must exceed the best to count as better.
  let minimumDelta: Double
  /// The best value so far.
  var best: Double?

  init(name: String, minimumDelta: Double) {
    self.name = name
    self.minimumDelta = minimumDelta
  }

  /// Forgets the best value, and throws ``ModelError`` where no such figure will be reported.
  mutating func start(_ names: [String]) throws(ModelError) {
    guard names.contains(name) else {
      throw ModelError(
        "there is no figure \(name) to monitor, there are \(names.joined(separator: ", "))")
    }
    best = nil
  }

  /// Takes the value of an epoch, and says whether it is better than all before.
  mutating func improves(_ record: EpochRecord) -> Bool {
    guard let value = record[name] else { return false }
    if best != nil && value.isNaN { return false }
    if let best, !best.isNaN {
      let isLoss = name == "loss" || name == "val_loss"
      let gain = isLoss ? best - value : value - best
      guard gain > minimumDelta else { return false }
    }
    best = value
    return true
  }
}
