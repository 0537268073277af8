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

  /// Whether all it does is `θ ← θ − η·g`, which a layer can do as it computes g; false unless given.
  var isPlainDescent: Bool { get }

  /// Updates a part of the parameters.
  /// - Parameters:
  ///   - part: θ, changed in place, g, and the slots, run by run
  ///   - rate: η for this step
  ///   - step: the number t of this update, from 1
  func update(_ part: ParameterPart, rate: Float, step: Int)
}

extension Optimizer {
  /// False, unless a rule says otherwise.
  public var isPlainDescent: Bool { false }
}

/// Some of the parameters with their gradients and slots.
///
/// Not `Sendable`, as pointers are not.
public struct ParameterPart {
  private let parameters, gradients: MatrixView<Float>
  private let slots: UnsafePointer<UnsafeMutablePointer<Float>>
  private let arena: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - parameters: θ, in the arena
  ///   - gradients: g of the mean loss of the batch, in the same shape
  ///   - arena: where the parameters begin
  ///   - slots: where each slot begins
  package init(
    _ parameters: MatrixView<Float>, gradients: MatrixView<Float>,
    arena: UnsafeMutablePointer<Float>, slots: UnsafePointer<UnsafeMutablePointer<Float>>
  ) {
    self.parameters = parameters
    self.gradients = gradients
    self.slots = slots
    self.arena = arena
  }

  /// Calls `body` with the contiguous runs of parameters: their address θ, that of their gradients
  /// g, their slots, and how many they are.
  @inline(__always)
  public func forEachRun(
    _ body: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Slots, Int) -> Void
  ) {
    parameters.forEachRun { run, count in
      body(
        run, gradients.baseAddress + (run - parameters.baseAddress),
        Slots(addresses: slots, offset: run - arena), count)
    }
  }
}

@available(*, unavailable, message: "It points to memory that a model keeps.")
extension ParameterPart: Sendable {}

/// The slots of an optimizer over one run of parameters.
///
/// Not `Sendable`, as pointers are not.
public struct Slots {
  let addresses: UnsafePointer<UnsafeMutablePointer<Float>>
  let offset: Int

  /// The address of the run in one slot.
  public subscript(slot: Int) -> UnsafeMutablePointer<Float> { addresses[slot] + offset }
}

@available(*, unavailable, message: "It points to memory that a model keeps.")
extension Slots: Sendable {}
