import CKernels

/// Softmax of the scores, then cross-entropy: `−Σⱼ tⱼ · log softmax(x)ⱼ`, in one step in log space.
///
/// The gradient is `softmax(x) − t`. For a model that ends in scores, and for one that ends in
/// ``Softmax``, which then is the softmax of this loss. With labels it is Keras's
/// `SparseCategoricalCrossentropy(from_logits=True)`, with rows its `CategoricalCrossentropy`, and
/// PyTorch's `CrossEntropyLoss` is both. With label smoothing ε the target distribution `t` becomes
/// `(1 − ε)·t + ε / classes` (Szegedy et al. 2016).
public struct SoftmaxCrossEntropy: Loss {
  /// The share ε of the target distribution that is spread over all classes.
  public let labelSmoothing: Float

  /// Creates the loss.
  /// - Parameter labelSmoothing: ε, from 0, the default, to 1
  public init(labelSmoothing: Float = 0) {
    self.labelSmoothing = checked(labelSmoothing, "SoftmaxCrossEntropy")
  }

  /// Classes.
  public var outputKind: OutputKind { .classes }
  /// True.
  public var takesScores: Bool { true }
  /// ``Softmax``
  public var absorbedLayer: (any Layer.Type)? { Softmax.self }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    check(outputs, targets, gradient, "SoftmaxCrossEntropy")
    maru_softmax_cross_entropy(
      outputs.baseAddress, targets.labels, targets.values, labelSmoothing, scale, outputs.rows,
      outputs.columns, losses, gradient.baseAddress)
  }
}

/// Cross-entropy of probabilities: `−Σⱼ tⱼ · log pⱼ` with `p = y / Σ y`, for a model whose output
/// `y` is probabilities.
///
/// They are divided by their sum, as in Keras's `CategoricalCrossentropy`, since those of a last
/// ``Sigmoid`` need not add up to 1; and `p` is kept within 1e-7 from 0 and 1, so that the loss is
/// finite. The gradient is `(Σᵢ tᵢ − tⱼ / pⱼ) / Σ y`, where a `p` that was cut off has no part in it.
/// A model that ends in ``Softmax`` trains with ``SoftmaxCrossEntropy`` instead, which needs no cut.
public struct CategoricalCrossEntropy: Loss {
  /// The share ε of the target distribution that is spread over all classes.
  public let labelSmoothing: Float

  /// Creates the loss.
  /// - Parameter labelSmoothing: ε, from 0, the default, to 1
  public init(labelSmoothing: Float = 0) {
    self.labelSmoothing = checked(labelSmoothing, "CategoricalCrossEntropy")
  }

  /// Classes.
  public var outputKind: OutputKind { .classes }
  /// ``Softmax``
  public var absorbedLayer: (any Layer.Type)? { Softmax.self }
  /// The loss of the scores.
  public var fused: any Loss { SoftmaxCrossEntropy(labelSmoothing: labelSmoothing) }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    check(outputs, targets, gradient, "CategoricalCrossEntropy")
    maru_categorical_cross_entropy(
      outputs.baseAddress, targets.labels, targets.values, labelSmoothing, scale, outputs.rows,
      outputs.columns, losses, gradient.baseAddress)
  }
}

/// Cross-entropy of independent yes-or-no scores: the mean over a row of
/// `max(x, 0) − x·t + log(1 + e^−|x|)`, for targets `t` from 0 to 1.
///
/// The gradient is `(sigmoid(x) − t) / columns`. For a model that ends in scores, as Keras's
/// `BinaryCrossentropy(from_logits=True)` and PyTorch's `BCEWithLogitsLoss`, and for one that ends in
/// ``Sigmoid``, which then is the sigmoid of this loss. With label smoothing ε a target `t` becomes
/// `(1 − ε)·t + ε / 2`.
public struct BinaryCrossEntropy: Loss {
  /// By how much targets are drawn towards ½.
  public let labelSmoothing: Float

  /// Creates the loss.
  /// - Parameter labelSmoothing: ε, from 0, the default, to 1
  public init(labelSmoothing: Float = 0) {
    self.labelSmoothing = checked(labelSmoothing, "BinaryCrossEntropy")
  }

  /// Decisions.
  public var outputKind: OutputKind { .decisions }
  /// True.
  public var takesScores: Bool { true }
  /// ``Sigmoid``
  public var absorbedLayer: (any Layer.Type)? { Sigmoid.self }

  /// Computes each sample's loss, and its gradient times `scale`.
  public func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    let values = checkedValues(outputs, targets, gradient, "BinaryCrossEntropy")
    maru_binary_cross_entropy(
      outputs.baseAddress, values, labelSmoothing, scale, outputs.rows, outputs.columns, losses,
      gradient.baseAddress)
  }
}

extension Loss where Self == SoftmaxCrossEntropy {
  /// Softmax, then cross-entropy; see ``SoftmaxCrossEntropy``.
  public static var softmaxCrossEntropy: SoftmaxCrossEntropy { SoftmaxCrossEntropy() }

  /// Softmax, then cross-entropy with label smoothing; see ``SoftmaxCrossEntropy``.
  public static func softmaxCrossEntropy(labelSmoothing: Float = 0) -> SoftmaxCrossEntropy {
    SoftmaxCrossEntropy(labelSmoothing: labelSmoothing)
  }
}

extension Loss where Self == CategoricalCrossEntropy {
  /// Cross-entropy of probabilities; see ``CategoricalCrossEntropy``.
  public static var categoricalCrossEntropy: CategoricalCrossEntropy { CategoricalCrossEntropy() }

  /// Cross-entropy of probabilities with label smoothing; see ``CategoricalCrossEntropy``.
  public static func categoricalCrossEntropy(
    labelSmoothing: Float = 0
  ) -> CategoricalCrossEntropy {
    CategoricalCrossEntropy(labelSmoothing: labelSmoothing)
  }
}

extension Loss where Self == BinaryCrossEntropy {
  /// Cross-entropy of yes-or-no decisions; see ``BinaryCrossEntropy``.
  public static var binaryCrossEntropy: BinaryCrossEntropy { BinaryCrossEntropy() }

  /// Cross-entropy of yes-or-no decisions with label smoothing; see ``BinaryCrossEntropy``.
  public static func binaryCrossEntropy(labelSmoothing: Float = 0) -> BinaryCrossEntropy {
    BinaryCrossEntropy(labelSmoothing: labelSmoothing)
  }
}

private func checked(_ labelSmoothing: Float, _ type: String) -> Float {
  require(
    0 <= labelSmoothing && labelSmoothing <= 1,
    "\(type): expected a label smoothing from 0 to 1, got \(labelSmoothing)")
  return labelSmoothing
}
