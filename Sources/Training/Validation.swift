import Layers

/// What the model is checked on after each epoch.
public enum Validation: Sendable {
  /// No samples: the model is not checked.
  case none
  /// The last part of the samples, held out before shuffling, as Keras's `validation_split`: of n
  /// samples the first ⌊n · (1 − fraction)⌋ are trained on.
  case last(Double)
  /// A random part of the samples, drawn from the model's seed.
  case shuffled(Double)
  /// A random part of each class, so that both parts have the classes in the same proportion;
  /// one sample of each class at least is trained on.
  case stratified(Double)
  /// Samples of their own.
  case data(any SampleSource, Targets)

  /// The indices of the samples to train on and of those held out, each in rising order.
  package func split(_ targets: Targets, seed: UInt64) throws(ModelError) -> (
    training: [Int32], heldOut: [Int32]
  ) {
    let count = targets.count
    let all = (0..<Int32(count)).map { $0 }
    var generator = RandomGenerator(seed: seed, for: .validationSplit)
    let heldOut: [Int32]
    switch self {
    case .none, .data:
      return (all, [])
    case .last(let fraction):
      heldOut = Array(all.dropFirst(try Self.kept(of: count, without: fraction)))
    case .shuffled(let fraction):
      let shuffled = all.shuffled(using: &generator)
      heldOut = Array(shuffled.dropFirst(try Self.kept(of: count, without: fraction)))
    case .stratified(let fraction):
      guard case .classes(let labels) = targets else {
        throw ModelError("a stratified split needs class labels as targets, got rows of values")
      }
      var members: [Int: [Int32]] = [:]
      for index in all { members[labels[Int(index)], default: []].append(index) }
      var parts: [Int32] = []
      for label in members.keys.sorted() {
        let shuffled = members[label, default: []].shuffled(using: &generator)
        parts += shuffled.dropFirst(max(1, try Self.kept(of: shuffled.count, without: fraction)))
      }
      heldOut = parts
    }
    guard !heldOut.isEmpty && heldOut.count < count else {
      throw ModelError(
        "the validation split leaves \(count - heldOut.count) of \(count) samples to train on and \(heldOut.count) to validate on"
      )
    }
    let isHeldOut = Set(heldOut)
    return (all.filter { !isHeldOut.contains($0) }, heldOut.sorted())
  }

  private static func kept(of count: Int, without fraction: Double) throws(ModelError) -> Int {
    guard fraction > 0 && fraction < 1 else {
      throw ModelError("expected a validation split above 0 and below 1, got \(fraction)")
    }
    return Int(Double(count) * (1 - fraction))
  }
}
