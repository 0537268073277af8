/// Figures of a model by their names, in the order in which they are reported.
///
/// What `evaluate` returns, `loss` and then each metric, and what an epoch is recorded by. It is
/// read by name, or gone through as pairs of a name and a value.
public struct Figures: Sendable, Equatable, RandomAccessCollection {
  private let figures: [(name: String, value: Double)]

  /// Creates figures from their names and values.
  public init(_ figures: [(name: String, value: Double)]) { self.figures = figures }

  /// The names, in order.
  public var names: [String] { figures.map(\.name) }
  /// The loss, penalties included; NaN where there is none.
  public var loss: Double { self["loss"] ?? .nan }
  /// A figure by its name, such as `accuracy`, or nil where there is none.
  public subscript(name: String) -> Double? { figures.first { $0.name == name }?.value }

  /// The place of the first figure.
  public var startIndex: Int { figures.startIndex }
  /// The place past the last figure.
  public var endIndex: Int { figures.endIndex }
  /// The figure at a place.
  public subscript(position: Int) -> (name: String, value: Double) { figures[position] }

  /// Whether names and values are the same; NaN is the same as NaN.
  public static func == (a: Figures, b: Figures) -> Bool {
    a.elementsEqual(b) {
      $0.name == $1.name && ($0.value == $1.value || $0.value.isNaN && $1.value.isNaN)
    }
  }

  /// These figures followed by others, whose names get a prefix.
  func joined(with others: Figures, prefix: String) -> Figures {
    Figures(figures + others.map { (name: prefix + $0.name, value: $0.value) })
  }
}
