import CKernels
import Layers

/// Stochastic gradient descent: `θ ← θ − η·g`, with momentum where asked for.
///
/// With momentum μ > 0: `v ← μ·v − η·g`, then `θ ← θ + v`, or in Nesterov's form
/// `θ ← θ + μ·v − η·g` (Sutskever et al. 2013, as Keras writes it: the rate is inside `v`).
public struct SGD: Optimizer {
  /// The rate η; 0.01 unless given, as in Keras.
  public let learningRate: LearningRate
  /// The momentum μ, from 0 to below 1.
  public let momentum: Float
  /// Whether the momentum is Nesterov's.
  public let nesterov: Bool

  /// Creates the rule; plain unless a momentum is given.
  public init(learningRate: LearningRate = 0.01, momentum: Float = 0, nesterov: Bool = false) {
    require(
      0 <= momentum && momentum < 1, "SGD: expected a momentum from 0 to below 1, got \(momentum)")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
  }

  /// `v` where there is momentum.
  public var slotCount: Int { momentum > 0 ? 1 : 0 }

  /// Whether there is no momentum.
  public var isPlainDescent: Bool { momentum == 0 }

  /// Updates a part of the parameters.
  public func update(_ part: ParameterPart, rate: Float, step: Int) {
    part.forEachRun { parameters, gradients, slots, count in
      if momentum > 0 {
        maru_sgd_momentum(
          parameters, gradients, slots[0], count, rate, momentum, nesterov ? 1 : 0)
      } else {
        maru_sgd(parameters, gradients, count, rate)
      }
    }
  }
}

extension Optimizer where Self == SGD {
  /// Stochastic gradient descent; see ``SGD``.
  public static func sgd(
    learningRate: LearningRate = 0.01, momentum: Float = 0, nesterov: Bool = false
  ) -> SGD {
    SGD(learningRate: learningRate, momentum: momentum, nesterov: nesterov)
  }
}
