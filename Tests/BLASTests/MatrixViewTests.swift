import BLAS
import Testing
import TestSupport

@Suite("matrix views")
struct MatrixViewTests {
  /// 3×4 with row i, column j holding 10·i + j, and two elements between rows.
  private let matrix = TestMatrix<Float>(
    (0..<12).map { Float(10 * ($0 / 4) + $0 % 4) }, 3, 4, stride: 6)

  @Test("an element is read and written where row and column say")
  func elements() {
    #expect(matrix.view[2, 1] == 21)
    matrix.view[2, 1] = -1
    #expect(matrix.view.baseAddress[2 * 6 + 1] == -1)
    matrix.view.transposed[3, 0] = -2
    #expect(matrix.view[0, 3] == -2)
  }

  @Test("transposing swaps rows and columns, and twice is nothing")
  func transposing() {
    let transposed = matrix.view.transposed
    #expect(transposed.rows == 4 && transposed.columns == 3)
    #expect(transposed.elements == [0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23])
    #expect(!transposed.isContiguous)
    #expect(transposed.transposed.elements == matrix.view.elements)
    #expect(!transposed.transposed.isTransposed)
  }

  @Test("parts, and parts of parts")
  func parts() {
    let part = matrix.view[rows: 1..<3, columns: 1..<4]
    #expect(part.elements == [11, 12, 13, 21, 22, 23])
    #expect(part[columns: 2..<3].elements == [13, 23])
    #expect(part[rows: 1..<2].elements == [21, 22, 23])
    #expect(matrix.view[rows: 3..<3].isEmpty && matrix.view[columns: 4..<4].isEmpty)
    #expect(!part.isEmpty)
  }

  @Test("a part of a transposed view is the transposed part")
  func transposedParts() {
    let part = matrix.view.transposed[rows: 1..<4, columns: 1..<3]
    #expect(part.elements == [11, 21, 12, 22, 13, 23])
    #expect(part.elements == matrix.view[rows: 1..<3, columns: 1..<4].transposed.elements)
  }

  @Test("contiguous is what has no gap between rows")
  func contiguous() {
    let dense = TestMatrix<Float>(poisoned: 3, 4).view
    #expect(dense.isContiguous && dense[rows: 1..<3].isContiguous)
    #expect(!dense[columns: 0..<2].isContiguous)
    #expect(dense[rows: 0..<1, columns: 1..<2].isContiguous, "one row has no gap")
    #expect(!matrix.view.isContiguous)
  }

  @Test("runs are rows, or all at once without gaps, or none")
  func runs() {
    func runs(_ view: MatrixView<Float>) -> [[Float]] {
      var runs: [[Float]] = []
      view.forEachRun { runs.append(Array(UnsafeBufferPointer(start: $0, count: $1))) }
      return runs
    }
    #expect(runs(matrix.view) == [[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]])
    #expect(runs(matrix.view[rows: 1..<2, columns: 2..<4]) == [[12, 13]])
    #expect(runs(matrix.view[columns: 1..<1]) == [])
    let dense = TestMatrix<Float>([1, 2, 3, 4], 2, 2)
    #expect(runs(dense.view) == [[1, 2, 3, 4]])
  }

  @Test("the address of a row")
  func rowAddress() {
    #expect(matrix.view.row(1)[3] == 13)
    #expect(matrix.view[rows: 1..<3, columns: 1..<2].row(1)[0] == 21)
  }
}
