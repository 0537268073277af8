import BLAS
import Testing
import TestSupport

/// A call that breaks one rule of the module.
enum Mistake: String, CaseIterable, Codable, Sendable {
  case innerSizesDiffer, resultHasOtherRows, resultHasOtherColumns, shapesDifferWithEmptyResult
  case resultIsTransposed, resultIsLeftOperand, resultOverlapsRightOperand, doubleInnerSizesDiffer
  case doubleResultIsLeftOperand
  case negativeRows, negativeColumns, strideBelowColumns
  case rowOutOfRange, columnOutOfRange, negativeRow, rowsOutOfRange, columnsOutOfRange
  case transposedElementOutOfRange, rowOfTransposed, rowPastTheEnd, runsOfTransposed
  case noThread, axpyCount, dotCount, scalCount, countBeyond32Bits

  var message: String {
    switch self {
    case .innerSizesDiffer:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [2, 4], C [2, 4]"
    case .resultHasOtherRows:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [3, 4], C [3, 4]"
    case .resultHasOtherColumns:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [3, 4], C [2, 5]"
    case .shapesDifferWithEmptyResult:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [3, 4], C [0, 4]"
    case .resultIsTransposed:
      "gemm: expected an untransposed result, got C [2, 4]ᵀ"
    case .resultIsLeftOperand, .resultOverlapsRightOperand, .doubleResultIsLeftOperand:
      "gemm: expected a result apart from the operands, got C overlapping A or B"
    case .doubleInnerSizesDiffer:
      "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 10], B [2, 10], C [2, 10]"
    case .negativeRows:
      "MatrixView: expected sizes from 0 and a stride of at least the columns, got -1×2, stride 2"
    case .negativeColumns:
      "MatrixView: expected sizes from 0 and a stride of at least the columns, got 1×-2, stride 3"
    case .strideBelowColumns:
      "MatrixView: expected sizes from 0 and a stride of at least the columns, got 2×3, stride 2"
    case .rowOutOfRange:
      "MatrixView: expected an element of 2×3, got (2, 0)"
    case .columnOutOfRange:
      "MatrixView: expected an element of 2×3, got (0, 3)"
    case .negativeRow:
      "MatrixView: expected an element of 2×4, got (-1, 0)"
    case .rowsOutOfRange:
      "MatrixView: expected a part of 2×3, got rows 1..<3, columns 0..<3"
    case .columnsOutOfRange:
      "MatrixView: expected a part of 2×3, got rows 0..<2, columns 2..<4"
    case .transposedElementOutOfRange:
      "MatrixView: expected an element of 3×2, got (0, 2)"
    case .rowOfTransposed:
      "MatrixView.row: expected a row below 3, not transposed, got 0, transposed"
    case .rowPastTheEnd:
      "MatrixView.row: expected a row below 2, not transposed, got 2"
    case .runsOfTransposed:
      "MatrixView.forEachRun: expected an untransposed view, got [3, 2] transposed"
    case .noThread:
      "OpenBLAS.threads: expected at least 1, got 0"
    case .axpyCount:
      "axpy: expected a count from 0, got -1"
    case .dotCount:
      "dot: expected a count from 0, got -1"
    case .scalCount:
      "scal: expected a count from 0, got -1"
    case .countBeyond32Bits:
      "scal: count: expected at most 2147483647, got 4294967296"
    }
  }

  func make() {
    let memory = TestMatrix<Float>(Array(repeating: 1, count: 100), 10, 10)
    let all = memory.view
    let a = all[rows: 0..<2, columns: 0..<3]
    let b = all[rows: 2..<5, columns: 0..<4]
    let c = all[rows: 6..<8, columns: 0..<4]
    let doubles = TestMatrix<Double>(Array(repeating: 1, count: 100), 10, 10).view
    let pointer = all.baseAddress
    switch self {
    case .innerSizesDiffer: gemm(a, all[rows: 2..<4, columns: 0..<4], into: c)
    case .resultHasOtherRows: gemm(a, b, into: all[rows: 6..<9, columns: 0..<4])
    case .resultHasOtherColumns: gemm(a, b, into: all[rows: 6..<8, columns: 0..<5])
    case .shapesDifferWithEmptyResult: gemm(a, b, into: all[rows: 6..<6, columns: 0..<4])
    case .resultIsTransposed: gemm(a, b, into: all[rows: 6..<10, columns: 0..<2].transposed)
    case .resultIsLeftOperand: gemm(c, all[rows: 0..<4, columns: 0..<4], into: c)
    case .resultOverlapsRightOperand: gemm(a, b, into: all[rows: 4..<6, columns: 0..<4])
    case .doubleInnerSizesDiffer:
      gemm(doubles[rows: 0..<2], doubles[rows: 2..<4], into: doubles[rows: 5..<7])
    case .doubleResultIsLeftOperand:
      gemm(
        doubles[rows: 0..<2, columns: 0..<2], doubles[rows: 3..<5, columns: 0..<2],
        into: doubles[rows: 0..<2, columns: 0..<2])
    case .negativeRows: _ = MatrixView(pointer, rows: -1, columns: 2)
    case .negativeColumns: _ = MatrixView(pointer, rows: 1, columns: -2, stride: 3)
    case .strideBelowColumns: _ = MatrixView(pointer, rows: 2, columns: 3, stride: 2)
    case .rowOutOfRange: print(a[2, 0])
    case .columnOutOfRange: print(a[0, 3])
    case .negativeRow: print(c[-1, 0])
    case .rowsOutOfRange: _ = a[rows: 1..<3]
    case .columnsOutOfRange: _ = a[columns: 2..<4]
    case .transposedElementOutOfRange: print(a.transposed[0, 2])
    case .rowOfTransposed: _ = a.transposed.row(0)
    case .rowPastTheEnd: _ = a.row(2)
    case .runsOfTransposed: a.transposed.forEachRun { _, _ in }
    case .noThread: OpenBLAS.threads = 0
    case .axpyCount: axpy(1, pointer, into: pointer + 50, count: -1)
    case .dotCount: print(dot(pointer, pointer, count: -1))
    case .scalCount: scal(2, pointer, count: -1)
    case .countBeyond32Bits: scal(2, pointer, count: 1 << 32)
    }
  }
}

@Suite("broken rules trap")
struct BLASTrapTests {
  @Test("a mistake", arguments: Mistake.allCases)
  func mistake(mistake: Mistake) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [mistake] in mistake.make()
    }
    expectTrap(result, mistake.message)
  }

  @Test("empty views of shared memory, and an empty result among its operands, are no mistake")
  func emptyViewsOverlap() {
    let memory = TestMatrix<Float>(Array(repeating: 1, count: 16), 4, 4)
    let view = memory.view
    gemm(view[rows: 0..<0], view, into: view[rows: 0..<0])
    gemm(view[rows: 0..<2, columns: 0..<0], view[rows: 0..<0], into: view[rows: 0..<2], beta: 1)
    #expect(memory.elements == Array(repeating: 1, count: 16))
  }
}
