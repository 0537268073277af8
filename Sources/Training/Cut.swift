import Layers

/// The parts that a phase is cut into, once its split is resolved for a plan.
package struct Cut: Hashable {
  package let axis: Axis
  /// The length of the axis; of samples it is that of the batch, so 0 stands here.
  let total: Int
  /// How many parts a step is cut into.
  let parts: Int
  let isStolen: Bool
  /// Whether samples are counted in blocks.
  package let isBlocks: Bool

  package init(axis: Axis, total: Int, parts: Int, isStolen: Bool, isBlocks: Bool) {
    self.axis = axis
    self.total = total
    self.parts = parts
    self.isStolen = isStolen
    self.isBlocks = isBlocks
  }

  /// Columns are cut at multiples of this, a cache line of floats, so that no two parts write to one
  /// line.
  static let granule = 16
  /// A part that may be stolen is cut into these quarters: a large one for the speed of large
  /// products, and small ones that others can take over.
  private static let stolenQuarters = [0..<2, 2..<3, 3..<4]

  /// The most parts of a phase in a step that is cut into so many.
  static func most(of parts: Int) -> Int { parts * stolenQuarters.count }

  /// The number of parts of the phase.
  package var count: Int { isStolen ? parts * Self.stolenQuarters.count : parts }

  /// What belongs to a part, in a batch of so many samples.
  package func range(_ index: Int, samples: Int) -> Range<Int> {
    let length = axis != .samples ? total : isBlocks ? Layout.blocks(samples) : samples
    let granule = axis == .samples ? 1 : Self.granule
    if !isStolen { return Self.range(index..<index + 1, of: parts, length, granule) }
    let (part, piece) = index.quotientAndRemainder(dividingBy: Self.stolenQuarters.count)
    let quarters = Self.stolenQuarters[piece]
    return Self.range(
      4 * part + quarters.lowerBound..<4 * part + quarters.upperBound, of: 4 * parts, length,
      granule)
  }

  private static func range(
    _ pieces: Range<Int>, of count: Int, _ length: Int, _ granule: Int
  ) -> Range<Int> {
    let granules = (length + granule - 1) / granule
    let place = { min(granules * $0 / count * granule, length) }
    return place(pieces.lowerBound)..<place(pieces.upperBound)
  }

  /// All ranges, where they do not depend on the batch.
  var columns: [Range<Int>] { (0..<count).map { range($0, samples: 0) } }
}

/// What a part of a phase touches of one array.
package struct Access {
  /// Which elements belong to the parts.
  package enum Region: Equatable {
    /// All of them to each.
    case all
    /// By samples.
    case samples
    /// By blocks of samples.
    case blocks
    /// A row of its own to each.
    case slots
    /// Ranges of the rows.
    case rows([Range<Int>])
    /// Ranges of the columns.
    case columns([Range<Int>])
  }

  package let array: Int
  package let region: Region
  package let isWrite: Bool
  /// The parts of the phase.
  let parts: Int

  /// Whether one of two accesses writes what a different part reads or writes in the other.
  ///
  /// Parts of two phases of which one has more parts than the other count as different, since
  /// different threads may carry them out.
  func conflicts(with other: Access) -> Bool {
    if array != other.array || !(isWrite || other.isWrite) { return false }
    if parts != other.parts { return true }
    if parts == 1 { return false }
    switch (region, other.region) {
    case (.samples, .samples), (.blocks, .blocks), (.slots, .slots): return false
    case (.rows(let a), .rows(let b)), (.columns(let a), .columns(let b)):
      if a == b { return false }
      return a.indices.contains { i in
        b.indices.contains { j in i != j && a[i].overlaps(b[j]) }
      }
    default: return true
    }
  }
}
