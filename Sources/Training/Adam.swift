import CKernels
import Layers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Adam: running means of the gradient and its square, corrected for their start at 0.
///
/// `m ← m + (1 − β₁)(g − m)`, `v ← v + (1 − β₂)(g² − v)`, then `θ ← θ − α·m / (√v + ε)` with
/// `α = η·√(1 − β₂ᵗ) / (1 − β₁ᵗ)` (Kingma and Ba 2015). As in Keras, ε is added to the uncorrected
/// `√v`: it is the ε̂ of the paper's section 2.
///
/// A weight decay λ makes it AdamW: `θ ← (1 − η·λ)·θ` comes first, apart from the gradient
/// (Loshchilov and Hutter 2019), for every parameter, biases included, as Keras does.
public struct Adam: Optimizer {
  /// The rate η; 0.001 unless given, as in Keras.
  public let learningRate: LearningRate
  /// The decay β₁ of the mean; 0.9 unless given.
  public let beta1: Float
  /// The decay β₂ of the mean square; 0.999 unless given.
  public let beta2: Float
  /// The number ε̂ that keeps the divisor from 0; 1e-7 unless given, as in Keras.
  public let epsilon: Float
  /// The decoupled weight decay λ, 0 for plain Adam.
  public let weightDecay: Float

  /// Creates the rule.
  public init(
    learningRate: LearningRate = 0.001, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-7, weightDecay: Float = 0
  ) {
    require(
      0 <= beta1 && beta1 < 1 && 0 <= beta2 && beta2 < 1,
      "Adam: expected β₁ and β₂ from 0 to below 1, got \(beta1) and \(beta2)")
    require(epsilon > 0, "Adam: expected ε above 0, got \(epsilon)")
    require(weightDecay >= 0, "Adam: expected a weight decay from 0, got \(weightDecay)")
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Two: `m` and `v`.
  public var slotCount: Int { 2 }

  /// Updates a part of the parameters.
  public func update(_ part: ParameterPart, rate: Float, step: Int) {
    let alpha =
      Double(rate) * (1 - pow(Double(beta2), Double(step))).squareRoot()
      / (1 - pow(Double(beta1), Double(step)))
    part.forEachRun { parameters, gradients, slots, count in
      maru_adam(
        parameters, gradients, slots[0], slots[1], count, Float(alpha), beta1, beta2, epsilon,
        rate * weightDecay)
    }
  }
}

extension Optimizer where Self == Adam {
  /// Adam; see ``Adam``.
  public static func adam(
    learningRate: LearningRate = 0.001, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-7
  ) -> Adam {
    Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  /// Adam with decoupled weight decay, 0.004 unless given, as Keras's `AdamW`; see ``Adam``.
  public static func adamW(
    learningRate: LearningRate = 0.001, weightDecay: Float = 0.004, beta1: Float = 0.9,
    beta2: Float = 0.999, epsilon: Float = 1e-7
  ) -> Adam {
    Adam(
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay)
  }
}
