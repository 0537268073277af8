import CKernels

/// How the values of a batch lie in memory.
public enum Layout: Hashable, Sendable {
  /// One row per sample: [samples, values].
  case rows
  /// One row per block of 16 samples, which are the lanes of vectors: value v of a block's sample l is
  /// element 16·v + l of the row.
  ///
  /// In lanes beyond the last sample gradients are 0, and values are some finite number.
  case lanes

  /// The samples of a block.
  public static let laneCount = Int(MARU_LANES)

  /// The matrix of so many samples of so many values.
  package func size(samples: Int, values: Int) -> (rows: Int, columns: Int) {
    switch self {
    case .rows: (samples, values)
    case .lanes: (Self.blocks(samples), values * Self.laneCount)
    }
  }

  /// The number of blocks that so many samples fill, the last perhaps in part.
  package static func blocks(_ samples: Int) -> Int { (samples + laneCount - 1) / laneCount }
}

extension LayerPlan {
  /// Takes values from one layout to the other; inserted by the engine where neighbours differ.
  package static func conversion(to layout: Layout, of shape: Shape) -> LayerPlan {
    func phase(_ source: Operand, _ target: Operand, to layout: Layout) -> Phase {
      Phase(reads: [source: .part], writes: [target: .part], split: .samples) {
        operands, part, _ in
        operands[source].convert(part.range, to: layout, operands[target])
      }
    }
    var plan = LayerPlan(
      output: shape, forward: [phase(.input, .output, to: layout)],
      inputGradient: [
        phase(.outputGradient, .inputGradient, to: layout == .lanes ? .rows : .lanes)
      ])
    plan.layout = .lanes
    return plan
  }
}

extension MatrixView<Float> {
  /// Writes some blocks of samples to a matrix in the other layout.
  package func convert(_ blocks: Range<Int>, to layout: Layout, _ target: MatrixView) {
    let rows = layout == .lanes ? self : target
    for block in blocks {
      let first = block * Layout.laneCount
      let samples = Swift.min(Layout.laneCount, rows.rows - first)
      switch layout {
      case .lanes:
        maru_rows_to_lanes(row(first), stride, samples, columns, target.row(block))
      case .rows:
        maru_lanes_to_rows(
          row(block), samples, target.columns, target.row(first), target.stride)
      }
    }
  }
}

extension MatrixView<Float> {
  /// Writes the sums over the rows of some columns.
  func addRows(_ columns: Range<Int>, into sums: UnsafeMutablePointer<Float>) {
    sums.update(from: row(0) + columns.lowerBound, count: columns.count)
    for other in 1..<Swift.max(rows, 1) {
      maru_add(sums, row(other) + columns.lowerBound, sums, columns.count)
    }
  }
}

extension Pass {
  /// How many lanes of a block have a sample.
  func samples(ofBlock block: Int) -> Int {
    min(Layout.laneCount, samples - block * Layout.laneCount)
  }
}
