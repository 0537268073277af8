import Layers

/// The L2 penalties of a model's layers: `Σ λ·ΣW²`, part of the loss (Keras's
/// `kernel_regularizer=L2(λ)`).
///
/// It is not divided by the batch size. Values and gradients are given for ranges of the arena, so
/// that threads can work on parts of them.
struct Penalty {
  private let slices: [ParameterLayout.Slice]

  init(_ layout: ParameterLayout) { slices = layout.slices.filter { $0.parameter.l2 > 0 } }

  /// Whether no parameter has a penalty, so that there is nothing to compute.
  var isNone: Bool { slices.isEmpty }

  /// The part of the penalty that stems from the parameters in a range.
  func value(of parameters: AlignedBuffer, in range: Range<Int>) -> Double {
    var sum = 0.0
    for slice in slices {
      let part = slice.range.clamped(to: range)
      let start = parameters.floats + part.lowerBound
      sum += Double(slice.parameter.l2) * dot(start, start, count: part.count)
    }
    return sum
  }

  /// The whole penalty, added up in the same pieces as in training.
  func value(of parameters: AlignedBuffer) -> Double {
    if isNone { return 0 }
    let chunks = Chunks(0..<parameters.count)
    return OpenBLAS.withSingleThread {
      (0..<chunks.used).reduce(0.0) { $0 + value(of: parameters, in: chunks[$1]) }
    }
  }

  /// Adds the gradient `2·λ·W` in a range.
  func addGradient(
    of parameters: AlignedBuffer, to gradients: UnsafeMutablePointer<Float>, in range: Range<Int>
  ) {
    for slice in slices {
      let part = slice.range.clamped(to: range)
      axpy(
        2 * slice.parameter.l2, parameters.floats + part.lowerBound,
        into: gradients + part.lowerBound, count: part.count)
    }
  }
}
