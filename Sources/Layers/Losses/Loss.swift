/// What training minimises: a mean over the samples of a batch, the last, shorter batch included.
///
/// A loss holds settings. It gives each sample's loss as a function of the model's outputs, which
/// lie in rows, with its gradient; the mean over the samples, the weights of classes and the memory
/// are the model's.
public protocol Loss: Sendable {
  /// What the outputs of a model stand for, and so which targets go with them.
  var outputKind: OutputKind { get }

  /// Whether it takes scores (logits), of which an output activation would make probabilities.
  ///
  /// Such a loss would take probabilities for scores, and could never become small: a model with an
  /// output activation that is not ``absorbedLayer`` is refused. False unless a loss says otherwise.
  var takesScores: Bool { get }

  /// The type of a model's last layer that is part of the loss: in training ``fused`` stands for
  /// both, and the layer is not run. Nil unless a loss says otherwise.
  var absorbedLayer: (any Layer.Type)? { get }

  /// The loss as a function of what goes into ``absorbedLayer``; the loss itself unless it says
  /// otherwise.
  var fused: any Loss { get }

  /// Computes each sample's loss, and its gradient times `scale`.
  ///
  /// It is called for some of the rows of a batch, from several threads at once, and a row's results
  /// may depend on that row alone. Both matrices are without gaps between their rows.
  /// - Parameters:
  ///   - outputs: [rows, columns], what the model gives
  ///   - targets: the targets of these rows
  ///   - scale: 1 / batch size, so that the gradient is that of the batch's mean
  ///   - losses: receives the loss of each row, not scaled
  ///   - gradient: [rows, columns], receives `scale · d loss / d outputs`; apart from `outputs`
  func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>)
}

extension Loss {
  /// False: the loss takes outputs as they are.
  public var takesScores: Bool { false }
  /// Nil: no layer is part of the loss.
  public var absorbedLayer: (any Layer.Type)? { nil }
  /// The loss itself.
  public var fused: any Loss { self }

  /// Whether a model's last layer is part of the loss.
  public func absorbs(_ layer: any Layer) -> Bool {
    absorbedLayer.map { $0 == type(of: layer) } ?? false
  }
}

/// What the outputs of a model stand for.
public enum OutputKind: Sendable {
  /// The classes that a sample is one of, an output each. Targets are class labels, or rows of
  /// probabilities.
  case classes
  /// Yes-or-no decisions, an output each. Targets are rows of numbers from 0 for no to 1 for yes; of
  /// one decision also labels, 0 and 1.
  case decisions
  /// Values. Targets are rows of them.
  case values
}

/// The targets of some consecutive rows of a batch, in memory that somebody else keeps.
///
/// Not `Sendable`, as pointers are not.
public struct TargetRows {
  /// The class of each row: its label, the place of its largest value, or of one yes-or-no decision
  /// whether its value is above ½; nil where there is none.
  public let labels: UnsafePointer<Int32>?
  /// The target values, row by row; nil where labels are all there is.
  public let values: UnsafePointer<Float>?
  /// How many values a row has.
  public let columns: Int

  /// Names the targets, at least one of labels and values.
  public init(labels: UnsafePointer<Int32>?, values: UnsafePointer<Float>?, columns: Int) {
    require(labels != nil || values != nil, "TargetRows: expected labels or values, got neither")
    self.labels = labels
    self.values = values
    self.columns = columns
  }

  /// A target value; of a label 1 in its own column, and 0 in all others.
  public subscript(row: Int, column: Int) -> Float {
    if let values { return values[row * columns + column] }
    return labels.map { Int($0[row]) == column } == true ? 1 : 0
  }
}

@available(*, unavailable, message: "It points to memory that somebody else keeps.")
extension TargetRows: Sendable {}
