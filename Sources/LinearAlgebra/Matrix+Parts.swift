extension Matrix {
  /// Copies the upper left part of another matrix to that of this one.
  mutating func copy(_ source: Matrix, rows: Int, columns: Int) {
    checked(
      Scalar.lapackRoutines.lacpy(
        columnMajor, letter("A"), lapackInteger(columns), lapackInteger(rows), source.storage,
        leading(source.columns), &storage, leading(self.columns)), "lacpy")
  }

  /// Sets the elements above the diagonal to 0, which lie below it to LAPACK.
  mutating func clearAboveDiagonal() {
    clear(from: 1, rows: rows, columns: columns - 1, triangle: "L")
  }

  /// Sets the elements below the diagonal to 0, which lie above it to LAPACK.
  mutating func clearBelowDiagonal() {
    clear(from: columns, rows: rows - 1, columns: columns, triangle: "U")
  }

  /// Sets to 0 a triangle, with its diagonal, of the part that begins at an element.
  private mutating func clear(from start: Int, rows: Int, columns: Int, triangle: Unicode.Scalar) {
    if rows <= 0 || columns <= 0 { return }
    let stride = leading(self.columns)
    storage.withUnsafeMutableBufferPointer { buffer in
      _ = checked(
        Scalar.lapackRoutines.laset(
          columnMajor, letter(triangle), lapackInteger(columns), lapackInteger(rows), 0, 0,
          buffer.baseAddress! + start, stride), "laset")
    }
  }
}
