import Training

/// A layer that no file format knows.
public struct UnknownLayer: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// Leaves the output as it is.
  public func activate(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {}

  /// Leaves the output as it is.
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {}
}
