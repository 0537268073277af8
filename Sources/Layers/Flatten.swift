/// Vectorises each sample: [a, b, …] → [a·b·…], in row-major order.
///
/// No parameters and nothing to compute: a batch lies in memory as vectors already. It states in
/// the model, as Keras's `Flatten` does, that images go in and vectors come out.
public struct Flatten: Layer {
  /// Creates the layer.
  public init() {}

  /// Any shape → [its count].
  public func outputShape(for input: Shape) -> Shape { [input.count] }

  /// The input's own memory.
  public var storage: OutputStorage { .shared }
  /// Each element is itself.
  public var isElementwise: Bool { true }
  /// Backward passes `dY` on as it is.
  public var readsOutputBackward: Bool { false }

  /// Nothing to do: `Y` is `X`.
  public func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {}

  /// Nothing to do: `dX` is `dY`.
  public func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {}
}
