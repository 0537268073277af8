import LinearAlgebra
import Testing

@Suite("Matrix") struct MatrixTests {
  @Test("elements lie row by row")
  func layout() {
    var matrix = Matrix<Double>([[1, 2, 3], [4, 5, 6]])
    #expect(matrix.elements == [1, 2, 3, 4, 5, 6])
    #expect(matrix[1, 0] == 4)
    let copy = matrix
    matrix[0, 2] = 7
    #expect(matrix.elements == [1, 2, 7, 4, 5, 6] && copy[0, 2] == 3)
    #expect(Matrix<Float>.identity(2) == Matrix([[1, 0], [0, 1]]))
    #expect(Matrix<Float>([]).rows == 0)
  }

  @Test("tensors convert both ways")
  func tensors() {
    let tensor = Tensor([0.1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(Tensor(Matrix<Float>(tensor)).elements == tensor.elements)
    #expect(Tensor(Matrix<Float>(tensor)).shape == [2, 3])
    let double = Matrix<Double>(tensor)
    #expect(double[0, 0] == Double(Float(0.1)) && double[1, 2] == 6)
    #expect(Tensor(double).elements == tensor.elements && Tensor(double).shape == [2, 3])
  }

  @Test("transposes of every size", arguments: [0, 1, 31, 32, 33, 100], [0, 1, 33, 70])
  func transposes(rows: Int, columns: Int) {
    let matrix = Matrix(
      rows: rows, columns: columns, elements: (0..<rows * columns).map(Double.init))
    let transposed = matrix.transposed()
    #expect(transposed.rows == columns && transposed.columns == rows)
    for row in 0..<rows {
      for column in 0..<columns { #expect(transposed[column, row] == matrix[row, column]) }
    }
  }

  @Test("products transpose either operand")
  func products() {
    let a = Matrix<Double>([[1, 2], [3, 4], [5, 6]])
    let b = Matrix<Double>([[1, 0, 2], [0, 1, 1]])
    let product = Matrix<Double>([[1, 2, 4], [3, 4, 10], [5, 6, 16]])
    #expect(a.multiplied(by: b) == product)
    #expect(a.transposed().multiplied(by: b, transposingSelf: true) == product)
    #expect(a.multiplied(by: b.transposed(), transposingOther: true) == product)
    #expect(Matrix<Float>([[2]]).multiplied(by: Matrix([[3]])) == Matrix([[6]]))
    let empty = Matrix<Double>(rows: 2, columns: 0)
    #expect(empty.multiplied(by: empty, transposingOther: true) == Matrix(rows: 2, columns: 2))
  }
}
