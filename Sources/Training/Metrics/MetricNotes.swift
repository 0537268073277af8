import Layers

/// What metrics note of samples: for each metric a matrix with one row per sample.
///
/// `Sendable` because the parts of a step write different rows.
final class MetricNotes: @unchecked Sendable {
  let metrics: [any Metric]
  let outputs: Outputs
  /// By metric.
  private let columns: [Int]
  private let buffers: [AlignedBuffer]

  /// Allocates room for the notes of so many samples.
  init(_ compilation: Compilation, samples: Int) {
    metrics = compilation.metrics
    outputs = compilation.outputs
    columns = compilation.noteCounts
    buffers = columns.map { AlignedBuffer(zeros: samples * $0) }
  }

  /// Writes the notes of samples from a place among all on.
  func note(_ scores: MatrixView<Float>, _ targets: TargetRows, from row: Int) {
    for index in metrics.indices {
      let notes = buffers[index].matrix(
        at: row * columns[index], rows: scores.rows, columns: columns[index])
      metrics[index].note(scores, targets, outputs, into: notes)
    }
  }

  /// The value of a metric over the first samples; NaN of none.
  func value(_ index: Int, samples: Int) -> Double {
    if samples == 0 { return .nan }
    return metrics[index].value(
      of: buffers[index].matrix(rows: samples, columns: columns[index]), outputs)
  }

  /// The names and values of all metrics over the first samples.
  func figures(samples: Int) -> [(name: String, value: Double)] {
    metrics.indices.map { (metrics[$0].name, value($0, samples: samples)) }
  }

  // MARK: Interruptions

  /// Copies of the notes of the first samples.
  func copies(samples: Int) -> [AlignedBuffer] {
    zip(buffers, columns).map { buffer, columns in
      AlignedBuffer(copying: buffer, count: samples * columns)
    }
  }

  /// Whether ``copies(samples:)`` of so many samples have such sizes.
  func fits(_ copies: [AlignedBuffer], samples: Int) -> Bool {
    copies.map(\.count) == columns.map { samples * $0 }
  }

  /// Takes back what ``copies(samples:)`` gave.
  func restore(_ copies: [AlignedBuffer]) {
    for (buffer, copy) in zip(buffers, copies) {
      buffer.floats.update(from: copy.floats, count: copy.count)
    }
  }
}
