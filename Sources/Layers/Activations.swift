import CKernels

/// The rectified linear unit: `y = max(x, 0)` (Nair and Hinton 2010).
///
/// `dx = dy` where `y > 0`, else 0; the derivative at 0 is taken as 0. NaN stays NaN forward.
public struct ReLU: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// `y = max(x, 0)`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_relu(x, y, count)
  }

  /// `dx = dy` where `y > 0`, else 0
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_relu_backward(dY, y, dX, count)
  }
}

/// The leaky rectified linear unit: `y = x` where `x > 0`, else `slope · x` (Maas et al. 2013).
public struct LeakyReLU: ElementwiseLayer, CustomStringConvertible {
  /// The slope below 0.
  public let slope: Float

  /// The layer with its slope, as a summary shows it.
  public var description: String { "LeakyReLU, slope \(slope)" }

  /// Creates the layer; `slope` must be above 0, and is 0.3 unless given, as in Keras. PyTorch's is
  /// 0.01.
  public init(slope: Float = 0.3) {
    require(slope > 0, "LeakyReLU: expected a slope above 0, got \(slope)")
    self.slope = slope
  }

  /// `y = x` where `x > 0`, else `slope · x`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_leaky_relu(x, slope, y, count)
  }

  /// `dx = dy` where `y > 0`, else `slope · dy`
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_leaky_relu_backward(dY, y, slope, dX, count)
  }
}

/// The logistic function: `y = 1 / (1 + e⁻ˣ)`.
public struct Sigmoid: ElementwiseLayer, OutputActivation {
  /// Creates the layer.
  public init() {}

  /// `y = 1 / (1 + e⁻ˣ)`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_sigmoid(x, y, count)
  }

  /// `dx = dy · y · (1 − y)`
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_sigmoid_backward(dY, y, dX, count)
  }
}

/// The hyperbolic tangent: `y = tanh x`.
public struct Tanh: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// `y = tanh x`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_tanh(x, y, count)
  }

  /// `dx = dy · (1 − y²)`
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_tanh_backward(dY, y, dX, count)
  }
}

/// A smooth ReLU: `y = log(1 + eˣ)` (Dugas et al. 2001).
///
/// Computed as `max(x, 0) + log(1 + e^−|x|)`, so that no exponential overflows.
public struct Softplus: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// `y = log(1 + eˣ)`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_softplus(x, y, count)
  }

  /// `dx = dy · (1 − e⁻ʸ)`
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_softplus_backward(dY, y, dX, count)
  }
}

/// The Gaussian error linear unit: `y = x · Φ(x)` (Hendrycks and Gimpel 2016).
///
/// Φ is the distribution function of the standard normal distribution, computed exactly (by `erfc`)
/// and not by the tanh approximation, as Keras and PyTorch do unless told otherwise.
public struct GELU: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// The derivative needs `x`, which does not follow from `y`.
  public var derivesFromInput: Bool { true }

  /// `y = x · Φ(x)`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_gelu(x, y, count)
  }

  /// `dx = dy · (Φ(x) + x · φ(x))`, φ the density of the standard normal distribution
  public func differentiate(
    _ dY: UnsafePointer<Float>, at x: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_gelu_backward(dY, x, dX, count)
  }
}

/// The sigmoid linear unit, or swish: `y = x · σ(x)` with `σ(x) = 1 / (1 + e⁻ˣ)` (Elfwing et al. 2018;
/// Ramachandran et al. 2017).
public struct SiLU: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// The derivative needs `x`, which does not follow from `y`.
  public var derivesFromInput: Bool { true }

  /// `y = x · σ(x)`
  public func activate(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
    maru_silu(x, y, count)
  }

  /// `dx = dy · (σ(x) + x · σ(x) · (1 − σ(x)))`
  public func differentiate(
    _ dY: UnsafePointer<Float>, at x: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {
    maru_silu_backward(dY, x, dX, count)
  }
}
