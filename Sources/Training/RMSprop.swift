import CKernels
import Layers

/// Divides the gradient by a running root mean square: `s ← ρ·s + (1 − ρ)·g²`, then
/// `θ ← θ − η·g / √(s + ε)` (Tieleman and Hinton 2012; ε inside the root, as in Keras).
public struct RMSprop: Optimizer {
  /// The rate η; 0.001 unless given, as in Keras.
  public let learningRate: LearningRate
  /// The decay ρ of the mean, from 0 to below 1; 0.9 unless given, as in Keras.
  public let rho: Float
  /// The number ε that keeps the root from 0; 1e-7 unless given, as in Keras.
  public let epsilon: Float

  /// Creates the rule.
  public init(learningRate: LearningRate = 0.001, rho: Float = 0.9, epsilon: Float = 1e-7) {
    require(0 <= rho && rho < 1, "RMSprop: expected ρ from 0 to below 1, got \(rho)")
    require(epsilon > 0, "RMSprop: expected ε above 0, got \(epsilon)")
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
  }

  /// One: `s`.
  public var slotCount: Int { 1 }

  /// Updates a part of the parameters.
  public func update(_ part: ParameterPart, rate: Float, step: Int) {
    part.forEachRun { parameters, gradients, slots, count in
      maru_rmsprop(parameters, gradients, slots[0], count, rate, rho, epsilon)
    }
  }
}

extension Optimizer where Self == RMSprop {
  /// RMSprop; see ``RMSprop``.
  public static func rmsprop(
    learningRate: LearningRate = 0.001, rho: Float = 0.9, epsilon: Float = 1e-7
  ) -> RMSprop {
    RMSprop(learningRate: learningRate, rho: rho, epsilon: epsilon)
  }
}
