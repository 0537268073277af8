import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What training minimises: a mean over the samples of a batch, the last, shorter batch included.
///
/// Targets are class labels, or rows of values shaped as the scores. With class weights `w`, sample
/// i counts `w[label]` times, and the sum is still divided by the number of samples; so it is in
/// training alone, and validation and `evaluate` weigh all samples the same, as in Keras. With label
/// smoothing ε the target distribution `t` becomes `(1 − ε)·t + ε / classes` (Szegedy et al. 2016).
public struct Loss: Sendable {
  enum Kind: Sendable {
    case softmaxCrossEntropy, categoricalCrossEntropy, binaryCrossEntropy, meanSquaredError
  }

  let kind: Kind
  /// The share ε of the target distribution spread over all classes.
  public let labelSmoothing: Float
  /// The weight of each class in training, or nil where all weigh 1.
  public let classWeights: [Float]?

  private init(_ kind: Kind, labelSmoothing: Float = 0, classWeights: [Float]? = nil) {
    require(
      0 <= labelSmoothing && labelSmoothing <= 1,
      "Loss: expected a label smoothing from 0 to 1, got \(labelSmoothing)")
    require(
      classWeights?.allSatisfy { $0 >= 0 } ?? true,
      "Loss: expected class weights from 0, got \(classWeights ?? [])")
    self.kind = kind
    self.labelSmoothing = labelSmoothing
    self.classWeights = classWeights
  }

  /// Softmax of the scores, then cross-entropy: `−Σⱼ tⱼ · log softmax(x)ⱼ`, in one step in log space.
  ///
  /// The gradient is `softmax(x) − t`. For a model that ends in scores, and for one that ends in
  /// ``Softmax``, which then is the softmax of this loss. With labels it is Keras's
  /// `SparseCategoricalCrossentropy(from_logits=True)`, with rows its `CategoricalCrossentropy`.
  public static func softmaxCrossEntropy(
    labelSmoothing: Float = 0, classWeights: [Float]? = nil
  ) -> Loss {
    Loss(.softmaxCrossEntropy, labelSmoothing: labelSmoothing, classWeights: classWeights)
  }

  /// ``softmaxCrossEntropy(labelSmoothing:classWeights:)`` without smoothing and weights.
  public static let softmaxCrossEntropy = softmaxCrossEntropy()

  /// Cross-entropy of probabilities: `−Σⱼ tⱼ · log pⱼ` with `p = y / Σ y`, for a model whose output
  /// `y` is probabilities.
  ///
  /// They are divided by their sum, as in Keras, since those of a last ``Sigmoid`` need not add up to
  /// 1; and `p` is kept within 1e-7 from 0 and 1, so that the loss is finite. The gradient is
  /// `(Σᵢ tᵢ − tⱼ / pⱼ) / Σ y`, where a `p` that was cut off has no part in it. A model that ends in
  /// ``Softmax`` trains with the fused form instead, which needs no cut.
  public static func categoricalCrossEntropy(
    labelSmoothing: Float = 0, classWeights: [Float]? = nil
  ) -> Loss {
    Loss(.categoricalCrossEntropy, labelSmoothing: labelSmoothing, classWeights: classWeights)
  }

  /// Cross-entropy of independent yes-or-no scores: the mean over a row of
  /// `max(x, 0) − x·t + log(1 + e^−|x|)`, for targets `t` from 0 to 1.
  ///
  /// The gradient is `(sigmoid(x) − t) / columns`. For a model that ends in scores, as Keras's
  /// `BinaryCrossentropy(from_logits=True)`, and for one that ends in ``Sigmoid``, which then is the
  /// sigmoid of this loss.
  public static func binaryCrossEntropy(labelSmoothing: Float = 0) -> Loss {
    Loss(.binaryCrossEntropy, labelSmoothing: labelSmoothing)
  }

  /// Mean over a row of `(x − t)²`, with the gradient `2·(x − t) / columns`.
  public static let meanSquaredError = Loss(.meanSquaredError)

  /// Whether a model's last layer is part of the loss, which then starts from the scores before it:
  /// ``Softmax`` of the losses of classes, ``Sigmoid`` of that of yes-or-no decisions.
  public func absorbs(_ layer: any Layer) -> Bool {
    switch kind {
    case .softmaxCrossEntropy, .categoricalCrossEntropy: layer is Softmax
    case .binaryCrossEntropy: layer is Sigmoid
    case .meanSquaredError: false
    }
  }

  /// What the loss expects of a model instead of a last layer, or nil where it takes what that gives.
  ///
  /// A loss of scores would take probabilities for scores, and could never become small.
  package func expectation(insteadOf layer: any Layer) -> String? {
    if absorbs(layer) || !(layer is any OutputActivation) { return nil }
    return switch kind {
    case .softmaxCrossEntropy: "scores or a last Softmax for softmaxCrossEntropy"
    case .binaryCrossEntropy: "scores or a last Sigmoid for binaryCrossEntropy"
    case .categoricalCrossEntropy, .meanSquaredError: nil
    }
  }

  /// Whether targets may be class labels.
  public var takesLabels: Bool { kind == .softmaxCrossEntropy || kind == .categoricalCrossEntropy }

  /// Whether each output is a decision of its own, for an output above 0.
  public var isYesOrNo: Bool { kind == .binaryCrossEntropy }

  /// Whether it is of classes or of decisions, which are right or wrong, and not of values.
  public var isOfClasses: Bool { takesLabels || isYesOrNo }

  /// The loss as it is for a model that ends in ``Softmax``, given the scores before it.
  public var fused: Loss {
    takesLabels
      ? Loss(.softmaxCrossEntropy, labelSmoothing: labelSmoothing, classWeights: classWeights)
      : self
  }
}

/// The targets of some consecutive rows of a batch, in memory that somebody else keeps.
///
/// Not `Sendable`, as pointers are not.
public struct TargetRows {
  /// The class of each row; nil for a loss that takes values only.
  public let labels: UnsafePointer<Int32>?
  /// The target values of each row, as many as there are scores; nil where labels are all there is.
  public let values: UnsafePointer<Float>?
  /// The weight of each row, or nil where all weigh 1.
  public let weights: UnsafePointer<Float>?

  /// Names the targets.
  public init(
    labels: UnsafePointer<Int32>?, values: UnsafePointer<Float>?, weights: UnsafePointer<Float>?
  ) {
    self.labels = labels
    self.values = values
    self.weights = weights
  }
}

@available(*, unavailable, message: "It points to memory that somebody else keeps.")
extension TargetRows: Sendable {}

extension Loss {
  /// Computes each sample's loss, and its gradient times `scale`.
  /// - Parameters:
  ///   - scores: [rows, columns], the model's output
  ///   - targets: the targets of these rows
  ///   - scale: 1 / batch size, so that the gradient is that of the batch's mean
  ///   - losses: receives the loss of each row, not scaled
  ///   - gradient: [rows, columns], receives `scale · d loss / d scores`; apart from `scores`
  public func evaluate(
    _ scores: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    require(
      scores.isContiguous && gradient.isContiguous && scores.rows == gradient.rows
        && scores.columns == gradient.columns,
      "Loss: expected scores and gradient of one shape without gaps, got \(scores.rows)×\(scores.columns), stride \(scores.stride), and \(gradient.rows)×\(gradient.columns), stride \(gradient.stride)"
    )
    require(
      targets.values != nil || (targets.labels != nil && takesLabels),
      "Loss: expected values as targets, or labels of a categorical loss, got \(targets.labels == nil ? "none" : "labels")"
    )
    if kind == .softmaxCrossEntropy {
      maru_softmax_cross_entropy(
        scores.baseAddress, targets.labels, targets.values, targets.weights, labelSmoothing, scale,
        scores.rows, scores.columns, losses, gradient.baseAddress)
      return
    }
    for row in 0..<scores.rows {
      let weight = targets.weights?[row] ?? 1
      let terms = RowTerms(
        scores: scores.row(row), gradient: gradient.row(row), columns: scores.columns,
        target: target(row, targets, columns: scores.columns), factor: scale * weight)
      let loss =
        switch kind {
        case .categoricalCrossEntropy: terms.categoricalCrossEntropy()
        case .binaryCrossEntropy: terms.binaryCrossEntropy()
        default: terms.meanSquaredError()
        }
      losses[row] = weight * loss
    }
  }

  private func target(_ row: Int, _ targets: TargetRows, columns: Int) -> SmoothedTarget {
    // A yes-or-no target is smoothed towards ½, a distribution towards the uniform one.
    let everywhere = labelSmoothing / (kind == .binaryCrossEntropy ? 2 : Float(columns))
    return SmoothedTarget(
      values: targets.values.map { $0 + row * columns }, label: targets.labels.map { Int($0[row]) },
      keep: 1 - labelSmoothing, everywhere: everywhere)
  }
}

/// The target values of one row after label smoothing.
private struct SmoothedTarget {
  let values: UnsafePointer<Float>?
  let label: Int?
  let keep: Float
  let everywhere: Float

  subscript(column: Int) -> Float {
    keep * (values?[column] ?? (column == label ? 1 : 0)) + everywhere
  }
}

/// One row's scores against its target: the plain loops of the losses that are not fused.
private struct RowTerms {
  let scores: UnsafeMutablePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let columns: Int
  let target: SmoothedTarget
  let factor: Float

  func categoricalCrossEntropy() -> Float {
    let lowest: Float = 1e-7
    let all = (0..<columns).reduce(0.0) { $0 + Double(scores[$1]) }
    let sum = max(Float(all), .leastNormalMagnitude)
    var (loss, used) = (0.0, 0.0)
    for column in 0..<columns {
      let share = scores[column] / sum
      let p = min(max(share, lowest), 1 - lowest)
      loss -= Double(target[column] * log(p))
      if p == share { used += Double(target[column]) }
      gradient[column] = p == share ? -target[column] / p : 0
    }
    for column in 0..<columns {
      gradient[column] = factor * (gradient[column] + Float(used)) / sum
    }
    return Float(loss)
  }

  func binaryCrossEntropy() -> Float {
    var loss = 0.0
    for column in 0..<columns {
      let x = scores[column]
      let small = exp(-abs(x))
      loss += Double(max(x, 0) - x * target[column] + log1p(small))
      let sigmoid = x >= 0 ? 1 / (1 + small) : small / (1 + small)
      gradient[column] = factor * (sigmoid - target[column]) / Float(columns)
    }
    return Float(loss / Double(columns))
  }

  func meanSquaredError() -> Float {
    var loss = 0.0
    for column in 0..<columns {
      let difference = scores[column] - target[column]
      loss += Double(difference * difference)
      gradient[column] = factor * 2 * difference / Float(columns)
    }
    return Float(loss / Double(columns))
  }
}
