/// A block whose output is added to its input: `Y = X + f(X)`, f being layers one after the other
/// (He et al. 2016).
///
/// Parameters: those of its layers, as `0.weight` of the first. Shapes: any `X` → the same, which is
/// also what the layers have to give.
public struct Residual: Layer {
  /// The layers of f.
  public let layers: [any Layer]

  /// Creates a block of at least one layer.
  public init(_ layers: [any Layer]) {
    require(!layers.isEmpty, "Residual: expected at least one layer, got none")
    self.layers = layers
  }

  /// Any shape → the same.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    do {
      return try LayerPlan(sumOf: [layers, []], input, context)
    } catch {
      throw LayerError("Residual: \(error)")
    }
  }
}
