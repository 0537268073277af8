import Training

/// A layer that no file format knows.
public struct UnknownLayer: ElementwiseLayer {
  /// Creates the layer.
  public init() {}

  /// Nothing.
  public func activate(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {}

  /// Nothing.
  public func differentiate(
    _ dY: UnsafePointer<Float>, at y: UnsafePointer<Float>,
    into dX: UnsafeMutablePointer<Float>, count: Int
  ) {}
}
