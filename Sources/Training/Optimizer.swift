import Layers

/// A rule that changes parameters from their gradients.
///
/// It keeps its settings only; what it remembers from step to step lies in slots, arrays shaped as
/// the parameters that the model owns and sets to 0 at the start.
public protocol Optimizer: Sendable {
  /// The rate η at each step.
  var learningRate: LearningRate { get }

  /// How many slots it needs.
  var slotCount: Int { get }

  /// Updates a range of the parameters.
  /// - Parameters:
  ///   - parameters: θ, changed in place
  ///   - gradients: g, of the mean loss of the batch
  ///   - slots: `slotCount` arrays, the same range of each
  ///   - count: number of elements
  ///   - rate: η for this step
  ///   - step: the number t of this update, from 1
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, slots: Slots,
    count: Int, rate: Float, step: Int)
}

/// The slots of an optimizer over one range of the parameters.
///
/// `Sendable`, because workers update ranges that are apart.
public struct Slots: Sendable {
  let buffers: [AlignedBuffer]
  let offset: Int

  /// The address of the range in one slot.
  public subscript(slot: Int) -> UnsafeMutablePointer<Float> { buffers[slot].floats + offset }
}
