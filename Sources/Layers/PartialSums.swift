import CKernels

/// The output of a layer of few units as a sum of parts, one for the inputs of each worker.
///
/// A worker multiplies the columns of `X` that it has itself by the weights that it updates itself,
/// so what passes from core to core is not inputs and weights but only these parts, each as small as
/// the output (the row-parallel layer of Shoeybi et al. 2019, *Megatron-LM*).
package final class PartialSums: Sendable {
  private let parts: [AlignedBuffer]

  /// Plans the parts of outputs [rows, units].
  package init(rows: Int, units: Int, workers: Int) {
    parts = (0..<workers).map { _ in AlignedBuffer(zeros: rows * units) }
  }

  /// Whether a layer's output is to be made in this way, if its input comes in columns.
  package static func pay(units: Int, inputs: Int, workers: Int) -> Bool {
    let worker = Worker(index: 0, of: workers)
    return workers > 1 && !worker.cutsUnits(units) && worker.cutsUnits(inputs)
  }

  /// Where a worker writes its part of an output.
  func part(of y: MatrixView<Float>, _ worker: Worker) -> MatrixView<Float> {
    parts[worker.index].matrix(rows: y.rows, columns: y.columns)
  }

  /// Adds up the parts of some rows of the output.
  func sum(into y: MatrixView<Float>, rows: Range<Int>) {
    require(
      y.isContiguous, "PartialSums: expected an output without gaps, got a stride of \(y.stride)")
    let (start, count) = (rows.lowerBound * y.columns, rows.count * y.columns)
    let sum = y.baseAddress + start
    maru_add(parts[0].floats + start, parts[1].floats + start, sum, count)
    for part in parts.dropFirst(2) { maru_add(sum, part.floats + start, sum, count) }
  }
}
