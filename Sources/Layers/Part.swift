/// One of the parts that the work of a phase is cut into.
///
/// Which parts there are follows from the plan alone, not from the threads that carry them out, and
/// so do the bits of the result.
public struct Part: Sendable {
  /// The number of the part, from 0.
  public let index: Int
  /// What the split cuts: samples, units, inputs or features; it may be empty. In ``Layout/lanes``
  /// samples are counted in blocks, and a part is carried out block by block.
  public let range: Range<Int>
  /// Whether this is the first block of the part, with which its sums begin; true where there are no
  /// blocks.
  public let isFirst: Bool
  /// The axis that is cut.
  @usableFromInline package let axis: Axis

  package init(index: Int, range: Range<Int>, axis: Axis, isFirst: Bool = true) {
    self.index = index
    self.range = range
    self.isFirst = isFirst
    self.axis = axis
  }

  /// What belongs to the part of `Y`, of `dY`, or of a matrix with one row per sample and one
  /// column per unit.
  @inlinable
  public func output(_ view: MatrixView<Float>) -> Tile {
    switch axis {
    case .samples: Tile(rows: range, columns: 0..<view.columns)
    case .units, .features: Tile(rows: 0..<view.rows, columns: range)
    case .inputs: Tile(rows: 0..<view.rows, columns: 0..<view.columns)
    }
  }

  /// What belongs to the part of `X` or `dX`.
  @inlinable
  public func input(_ view: MatrixView<Float>) -> Tile {
    switch axis {
    case .samples: Tile(rows: range, columns: 0..<view.columns)
    case .inputs, .features: Tile(rows: 0..<view.rows, columns: range)
    case .units: Tile(rows: 0..<view.rows, columns: 0..<view.columns)
    }
  }

  /// What belongs to the part of a parameter [units, inputs].
  @inlinable
  public func weight(_ view: MatrixView<Float>) -> Tile {
    switch axis {
    case .samples: Tile(rows: 0..<view.rows, columns: 0..<view.columns)
    case .units, .features: Tile(rows: range, columns: 0..<view.columns)
    case .inputs: Tile(rows: 0..<view.rows, columns: range)
    }
  }

  /// What belongs to the part of a parameter [units], as a range of its elements.
  @inlinable
  public func vector(_ view: MatrixView<Float>) -> Range<Int> {
    switch axis {
    case .units, .features: range
    case .samples, .inputs: 0..<view.columns
    }
  }
}

/// What the parts of a phase are ranges of.
@usableFromInline package enum Axis: Hashable, Sendable { case samples, units, inputs, features }

/// A rectangle of a matrix.
public struct Tile: Sendable, Equatable {
  /// The rows it spans.
  public let rows: Range<Int>
  /// The columns it spans.
  public let columns: Range<Int>

  /// Names a rectangle.
  @inlinable
  public init(rows: Range<Int>, columns: Range<Int>) {
    self.rows = rows
    self.columns = columns
  }
}

extension MatrixView {
  /// The rectangle of the matrix that a tile names.
  @inlinable
  public subscript(tile: Tile) -> MatrixView { self[rows: tile.rows, columns: tile.columns] }
}
