import Tensors
import Testing
import TestSupport

@Suite("tensor arithmetic")
struct ArithmeticTests {
  private let a = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
  private let b = Tensor([10, 20, 30, 40, 50, 60], shape: [2, 3])

  @Test("element by element")
  func elementwise() {
    #expect((a + b).elements == [11, 22, 33, 44, 55, 66])
    #expect((b - a).elements == [9, 18, 27, 36, 45, 54])
    #expect((a * b).elements == [10, 40, 90, 160, 250, 360])
    #expect((b / a).elements == [10, 10, 10, 10, 10, 10])
    for result in [a + b, b - a, a * b, b / a] { #expect(result.shape == [2, 3]) }
    #expect(a.elements == [1, 2, 3, 4, 5, 6] && b.elements[5] == 60, "operands stay")
  }

  @Test("with a number")
  func numbers() {
    #expect((a + 0.5).elements == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
    #expect((a * -2).elements == [-2, -4, -6, -8, -10, -12])
    #expect((a / 2).elements == [0.5, 1, 1.5, 2, 2.5, 3])
    #expect((a / 2).shape == [2, 3])
    #expect(a.map { $0 * $0 }.elements == [1, 4, 9, 16, 25, 36])
  }

  @Test("a vector is added to each row")
  func broadcasting() {
    #expect((a + Tensor([10, 20, 30])).elements == [11, 22, 33, 14, 25, 36])
    #expect(a.elements == [1, 2, 3, 4, 5, 6])
    #expect((Tensor(zeros: [0, 3]) + Tensor([1, 2, 3])).shape == [0, 3])
  }

  @Test("division by 0 follows IEEE 754")
  func divisionByZero() {
    let quotients = (Tensor([1, -1, 0]) / Tensor([0, 0, 0])).elements
    #expect(quotients[0] == .infinity && quotients[1] == -.infinity && quotients[2].isNaN)
  }

  @Test("products with either side transposed", arguments: [false, true], [false, true])
  func products(transposesLeft: Bool, transposesRight: Bool) {
    var random = Seeded(121)
    for (m, k, n) in [(1, 1, 1), (3, 4, 5), (1, 6, 2), (20, 1, 30), (2, 0, 3), (0, 2, 3)] {
      let left = Tensor(random.values(m * k), shape: transposesLeft ? [k, m] : [m, k])
      let right = Tensor(random.values(k * n), shape: transposesRight ? [n, k] : [k, n])
      let product = left.multiplied(
        by: right, transposingSelf: transposesLeft, transposingOther: transposesRight)
      #expect(product.shape == [m, n])
      let reference = naiveProduct(
        m: m, n: n, k: k, a: { Double(transposesLeft ? left[$1, $0] : left[$0, $1]) },
        b: { Double(transposesRight ? right[$1, $0] : right[$0, $1]) })
      expect(product.elements, matches: reference, "[\(m), \(k)] · [\(k), \(n)], \(random)")
    }
  }

  @Test("a matrix times its own transpose")
  func ownTranspose() {
    #expect(a.multiplied(by: a, transposingOther: true).elements == [14, 32, 32, 77])
  }
}

/// A call that breaks one rule of the module.
enum TensorMistake: String, CaseIterable, Codable, Sendable {
  case negativeSize, sizesOverflow, elementCount, tooFewIndices, indexOutOfRange, negativeIndex
  case settingOutOfRange, rowsOutOfRange, rowsOfNumber
  case reshapedToOtherCount, twoInferredSizes, inferredSizeDoesNotFit, inferredBesideZero
  case reshapedToNegative
  case addedShapes, subtractedShapes, addedVectorTooLong, addedVectorOnTheLeft
  case multipliedVectors, multipliedInnerSizes, multipliedTransposedSizes
  case argmaxOfNothing, argmaxOfRowsOfVector, argmaxOfRowsWithoutColumns
  case negativeCount, matrixBeyondBuffer, matrixBeforeBuffer, stateOfThreeWords, stateOfZeros

  var message: String {
    switch self {
    case .negativeSize:
      "Shape: expected sizes from 0, got [2, -1]"
    case .sizesOverflow:
      "Shape: expected a product that fits an Int, got sizes [4294967296, 4294967296]"
    case .elementCount:
      "Tensor: expected 4 elements for shape [2, 2], got 3"
    case .tooFewIndices:
      "Tensor: expected an element of shape [2, 3], got [1]"
    case .indexOutOfRange:
      "Tensor: expected an element of shape [2, 3], got [0, 3]"
    case .negativeIndex:
      "Tensor: expected an element of shape [2, 3], got [1, -1]"
    case .settingOutOfRange:
      "Tensor: expected an element of shape [2, 3], got [2, 0]"
    case .rowsOutOfRange:
      "Tensor: expected rows of shape [2, 3], got 1..<3"
    case .rowsOfNumber:
      "Tensor: expected rows of shape [], got 0..<1"
    case .reshapedToOtherCount:
      "Tensor.reshaped: expected 6 elements as in shape [2, 3], got [2, 2]"
    case .twoInferredSizes:
      "Tensor.reshaped: expected one size of -1 that fits 6 elements, got [-1, -1]"
    case .inferredSizeDoesNotFit:
      "Tensor.reshaped: expected one size of -1 that fits 6 elements, got [4, -1]"
    case .inferredBesideZero:
      "Tensor.reshaped: expected one size of -1 that fits 0 elements, got [0, -1]"
    case .reshapedToNegative:
      "Shape: expected sizes from 0, got [-2, -3]"
    case .addedShapes:
      "Tensor +: expected equal shapes, or [m, k] and [k], got [2, 3] and [3, 2]"
    case .subtractedShapes:
      "Tensor -: expected equal shapes, got [2, 3] and [6]"
    case .addedVectorTooLong:
      "Tensor +: expected equal shapes, or [m, k] and [k], got [2, 3] and [2]"
    case .addedVectorOnTheLeft:
      "Tensor +: expected equal shapes, or [m, k] and [k], got [3] and [2, 3]"
    case .multipliedVectors:
      "Tensor.multiplied: expected two matrices, got [3] and [2, 3]"
    case .multipliedInnerSizes:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [2, 3], C [2, 3]"
    case .multipliedTransposedSizes:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [3, 2], B [3, 2], C [3, 2]"
    case .argmaxOfNothing, .argmaxOfRowsWithoutColumns:
      "Tensor.argmax: expected at least one element, got none"
    case .argmaxOfRowsOfVector:
      "Tensor.argmaxOfRows: expected shape [m, k], got [3]"
    case .negativeCount:
      "AlignedBuffer: expected a count from 0, got -1"
    case .matrixBeyondBuffer:
      "AlignedBuffer.matrix: expected a part of 5 elements, got 2×3 from 0"
    case .matrixBeforeBuffer:
      "AlignedBuffer.matrix: expected a part of 5 elements, got 1×3 from -1"
    case .stateOfThreeWords:
      "RandomGenerator: expected a state of four words, not all 0, got [1, 2, 3]"
    case .stateOfZeros:
      "RandomGenerator: expected a state of four words, not all 0, got [0, 0, 0, 0]"
    }
  }

  func make() {
    let matrix = Tensor(zeros: [2, 3])
    var changed = matrix
    switch self {
    case .negativeSize: _ = Shape([2, -1])
    case .sizesOverflow: _ = Shape([1 << 32, 1 << 32])
    case .elementCount: _ = Tensor([1, 2, 3], shape: [2, 2])
    case .tooFewIndices: print(matrix[1])
    case .indexOutOfRange: print(matrix[0, 3])
    case .negativeIndex: print(matrix[1, -1])
    case .settingOutOfRange: changed[2, 0] = 1
    case .rowsOutOfRange: _ = matrix[rows: 1..<3]
    case .rowsOfNumber: _ = Tensor([1], shape: [])[rows: 0..<1]
    case .reshapedToOtherCount: _ = matrix.reshaped(to: [2, 2])
    case .twoInferredSizes: _ = matrix.reshaped(to: [-1, -1])
    case .inferredSizeDoesNotFit: _ = matrix.reshaped(to: [4, -1])
    case .inferredBesideZero: _ = Tensor(zeros: [0]).reshaped(to: [0, -1])
    case .reshapedToNegative: _ = matrix.reshaped(to: [-2, -3])
    case .addedShapes: _ = matrix + Tensor(zeros: [3, 2])
    case .subtractedShapes: _ = matrix - Tensor(zeros: [6])
    case .addedVectorTooLong: _ = matrix + Tensor(zeros: [2])
    case .addedVectorOnTheLeft: _ = Tensor(zeros: [3]) + matrix
    case .multipliedVectors: _ = Tensor(zeros: [3]).multiplied(by: matrix)
    case .multipliedInnerSizes: _ = matrix.multiplied(by: matrix)
    case .multipliedTransposedSizes:
      _ = matrix.multiplied(by: matrix, transposingSelf: true, transposingOther: true)
    case .argmaxOfNothing: _ = Tensor(zeros: [0]).argmax()
    case .argmaxOfRowsOfVector: _ = Tensor(zeros: [3]).argmaxOfRows()
    case .argmaxOfRowsWithoutColumns: _ = Tensor(zeros: [3, 0]).argmaxOfRows()
    case .negativeCount: _ = AlignedBuffer(zeros: -1)
    case .matrixBeyondBuffer: _ = AlignedBuffer(zeros: 5).matrix(rows: 2, columns: 3)
    case .matrixBeforeBuffer: _ = AlignedBuffer(zeros: 5).matrix(at: -1, rows: 1, columns: 3)
    case .stateOfThreeWords: _ = RandomGenerator(state: [1, 2, 3])
    case .stateOfZeros: _ = RandomGenerator(state: [0, 0, 0, 0])
    }
  }
}

@Suite("broken rules of tensors trap")
struct TensorTrapTests {
  @Test("a mistake", arguments: TensorMistake.allCases)
  func mistake(mistake: TensorMistake) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [mistake] in mistake.make()
    }
    expectTrap(result, mistake.message)
  }
}
