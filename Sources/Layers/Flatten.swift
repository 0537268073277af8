/// Vectorises each sample: [a, b, …] → [a·b·…], in row-major order.
///
/// No parameters and nothing to compute: a batch lies in memory as vectors already. It states in
/// the model, as Keras's `Flatten` does, that images go in and vectors come out.
public struct Flatten: Layer {
  /// Creates the layer.
  public init() {}

  /// Any shape → [its count].
  public func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    var plan = LayerPlan(output: [input.count])
    plan.layout = nil
    return plan
  }
}
