// Loops that no routine of BLAS or LAPACK has. They are called through the tables of routines, where
// their type is known, so that they are compiled for it.

/// Writes the transpose of a row-major [rows, columns] matrix, in tiles that stay in the cache.
func transposeTiles<Scalar>(
  _ source: UnsafePointer<Scalar>, _ rows: Int, _ columns: Int,
  into target: UnsafeMutablePointer<Scalar>
) {
  let tile = 32
  for firstRow in stride(from: 0, to: rows, by: tile) {
    for firstColumn in stride(from: 0, to: columns, by: tile) {
      for row in firstRow..<min(firstRow + tile, rows) {
        for column in firstColumn..<min(firstColumn + tile, columns) {
          target[column * rows + row] = source[row * columns + column]
        }
      }
    }
  }
}

/// The sum of each column, in double precision.
func columnSums<Scalar: BinaryFloatingPoint>(of matrix: MatrixView<Scalar>) -> [Double] {
  var sums = [Double](repeating: 0, count: matrix.columns)
  sums.withUnsafeMutableBufferPointer { sums in
    for row in 0..<matrix.rows {
      let values = matrix.row(row)
      for column in sums.indices { sums[column] += Double(values[column]) }
    }
  }
  return sums
}

/// Adds a vector to each row.
func addToRows<Scalar: BinaryFloatingPoint>(of matrix: MatrixView<Scalar>, _ vector: [Scalar]) {
  vector.withUnsafeBufferPointer { vector in
    for row in 0..<matrix.rows {
      let values = matrix.row(row)
      for column in vector.indices { values[column] += vector[column] }
    }
  }
}

/// Adds a square matrix, up to its diagonal, to elements in row-major order.
func addLowerTriangle<Scalar: BinaryFloatingPoint>(
  of matrix: MatrixView<Scalar>, to elements: inout [Double]
) {
  elements.withUnsafeMutableBufferPointer { elements in
    for row in 0..<matrix.rows {
      let (values, start) = (matrix.row(row), row * matrix.columns)
      for column in 0...row { elements[start + column] += Double(values[column]) }
    }
  }
}

/// Adds numbers to others of the same count.
func add(_ numbers: [Double], to sums: inout [Double]) {
  sums.withUnsafeMutableBufferPointer { sums in
    for (index, number) in numbers.enumerated() { sums[index] += number }
  }
}
