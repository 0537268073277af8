#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The learning rate as a function of the training step, counted from 0.
///
/// A step is one batch, so for a schedule in epochs multiply by the batches of an epoch. A number
/// stands for a constant rate.
public enum LearningRate: Sendable, Hashable, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
{
  /// The same rate throughout.
  case constant(Float)
  /// `initial · factorⁿ` after n times `steps` steps: the rate drops in stairs.
  case step(initial: Float, factor: Float, every: Int)
  /// `initial · factor^(step / steps)`: the rate falls by `factor` in every `steps` steps, smoothly.
  case exponential(initial: Float, factor: Float, every: Int)
  /// Rises linearly to `peak` over `warmUp` steps, then falls along half a cosine to `floor` at step
  /// `steps`, where it stays (Loshchilov and Hutter 2017, without restarts).
  case cosine(peak: Float, floor: Float = 0, warmUp: Int = 0, steps: Int)

  /// A constant rate.
  public init(floatLiteral value: Float) { self = .constant(value) }

  /// A constant rate.
  public init(integerLiteral value: Int) { self = .constant(Float(value)) }

  /// The rate for a step; a stair or a fall over fewer steps than 1 traps.
  public func rate(at step: Int) -> Float {
    require(step >= 0, "LearningRate: expected a step from 0, got \(step)")
    switch self {
    case .constant(let rate):
      return rate
    case .step(let initial, let factor, let every):
      require(every >= 1, "LearningRate.step: expected at least 1 step, got \(every)")
      return initial * pow(factor, Float(step / every))
    case .exponential(let initial, let factor, let every):
      require(every >= 1, "LearningRate.exponential: expected at least 1 step, got \(every)")
      return initial * pow(factor, Float(step) / Float(every))
    case .cosine(let peak, let floor, let warmUp, let steps):
      if step < warmUp { return peak * Float(step + 1) / Float(warmUp) }
      if step >= steps { return floor }
      let progress = Float(step - warmUp) / Float(steps - warmUp)
      return floor + (peak - floor) * 0.5 * (1 + cos(Float.pi * progress))
    }
  }
}
