extension Tensor {
  /// The sum of all elements, added in double precision.
  public var sum: Double { withUnsafeBufferPointer { $0.reduce(0) { $0 + Double($1) } } }

  /// The mean of all elements, NaN where there are none.
  public var mean: Double { sum / Double(count) }

  /// The index of the largest element in row-major order.
  ///
  /// The first where several are largest; a NaN counts as largest, as in NumPy. Traps where there
  /// is no element.
  public func argmax() -> Int {
    withUnsafeBufferPointer { indexOfMaximum($0) }
  }

  /// The index of the largest element of each row: [m, k] → m indices.
  ///
  /// The class that a model predicts for each sample. Ties and NaN as in ``argmax()``. Traps where
  /// the tensor is not a matrix or has no column.
  public func argmaxOfRows() -> [Int] {
    require(shape.rank == 2, "Tensor.argmaxOfRows: expected shape [m, k], got \(shape)")
    let (rows, columns) = (shape[0], shape[1])
    return withUnsafeBufferPointer { elements in
      (0..<rows).map { row in
        indexOfMaximum(
          UnsafeBufferPointer(rebasing: elements[row * columns..<(row + 1) * columns]))
      }
    }
  }
}

private func indexOfMaximum(_ values: UnsafeBufferPointer<Float>) -> Int {
  require(!values.isEmpty, "Tensor.argmax: expected at least one element, got none")
  var best = 0
  for index in values.indices.dropFirst() {
    if values[best].isNaN { break }
    if values[index] > values[best] || values[index].isNaN { best = index }
  }
  return best
}
