import CKernels
import Testing
import TestSupport

@Suite("kernels that move and sum data")
struct DataKernelTests {
  @Test("bytes become their multiples of 1/255, and 255 exactly 1")
  func everyByte() {
    let bytes = (0...255).map { UInt8($0) }
    let out = TestMatrix<Float>(poisoned: 1, 256)
    maru_gather_bytes(bytes, 256, [0], 1, 256, 1 / 255, out.view.baseAddress, 256)
    #expect(out.elements[0] == 0 && out.elements[255] == 1)
    // 1/255 is rounded, and so is the product.
    let values = bytes.map { Double($0) / 255 }
    expect(
      out.view,
      matches: Reference(rows: 1, columns: 256, values: values, relative: 2 * floatRounding), "")
  }

  @Test("floats are added to sums in double precision", arguments: [0, 1, 15, 16, 67])
  func accumulating(count: Int) {
    var random = Seeded(UInt64(80 + count))
    let (first, second) = (random.values(count), random.values(count, limit: 1e-9))
    var sums = [Double](repeating: 0.1, count: count + 1)
    maru_accumulate(first, &sums, count)
    maru_accumulate(second, &sums, count)
    let expected = zip(first, second).map { a, b -> Double in 0.1 + Double(a) + Double(b) }
    // The last one stays what it was.
    #expect(sums == expected + [0.1], "\(random)")
  }

  @Test("a part of each row is gathered to rows that are longer")
  func gatheringColumns() {
    let bytes = (0..<60).map { UInt8($0) }
    let (fromBytes, fromFloats) = (
      TestMatrix<Float>(poisoned: 2, 3, stride: 5), TestMatrix<Float>(poisoned: 2, 3, stride: 5)
    )
    bytes.withUnsafeBufferPointer {
      maru_gather_bytes(
        $0.baseAddress! + 4, 20, [2, 0], 2, 3, 1, fromBytes.view.baseAddress, 5)
    }
    bytes.map { Float($0) }.withUnsafeBufferPointer {
      maru_gather_floats($0.baseAddress! + 4, 20, [2, 0], 2, 3, fromFloats.view.baseAddress, 5)
    }
    for out in [fromBytes, fromFloats] {
      #expect(out.elements == [44, 45, 46, 4, 5, 6])
      #expect(out.surroundingsAreUntouched)
    }
  }

  @Test("rows are gathered in any order, also repeatedly", arguments: [1, 5, 16, 67, 784])
  func gathering(columns: Int) {
    var random = Seeded(UInt64(60 + columns))
    let stored = 9
    let bytes = (0..<stored * columns).map { _ in UInt8(truncatingIfNeeded: random.bits()) }
    let floats = random.values(stored * columns)
    for rows in [0, 1, 2, 3, 20] {
      let indices = random.labels(rows, below: stored)
      let fromBytes = TestMatrix<Float>(poisoned: rows, columns)
      maru_gather_bytes(
        bytes, columns, indices, rows, columns, 0.5, fromBytes.view.baseAddress, columns)
      let fromFloats = TestMatrix<Float>(poisoned: rows, columns)
      maru_gather_floats(
        floats, columns, indices, rows, columns, fromFloats.view.baseAddress, columns)
      let places = indices.flatMap { index in (0..<columns).map { Int(index) * columns + $0 } }
      expect(
        fromBytes.elements, sameBitsAs: places.map { 0.5 * Float(bytes[$0]) }, "\(random)")
      expect(fromFloats.elements, sameBitsAs: places.map { floats[$0] }, "\(random)")
      #expect(fromBytes.surroundingsAreUntouched && fromFloats.surroundingsAreUntouched)
    }
  }

  @Test(
    "a vector is added to each row, and columns are summed, over a gap",
    arguments: [(0, 3), (1, 1), (3, 4), (7, 17), (100, 10), (5, 0)])
  func rowsAndColumns(rows: Int, columns: Int) {
    var random = Seeded(UInt64(70 + rows))
    for gap in [0, 6] {
      let start = random.values(rows * columns)
      let vector = random.values(columns)
      let matrix = TestMatrix(start, rows, columns, stride: columns + gap)
      let sums = TestMatrix<Float>(poisoned: 1, columns)
      maru_sum_columns(
        matrix.view.baseAddress, rows, columns, columns + gap, sums.view.baseAddress)
      let expected = (0..<columns).map { column in
        (0..<rows).reduce(Rounded(0)) { $0 + Rounded(start[$1 * columns + column]) }
      }
      expect(sums.elements, matches: Reference(expected), "sums, \(random)")
      #expect(sums.surroundingsAreUntouched)

      maru_add_to_rows(matrix.view.baseAddress, rows, columns, columns + gap, vector)
      expect(
        matrix.elements, sameBitsAs: start.indices.map { start[$0] + vector[$0 % columns] },
        "added, \(random)")
      #expect(matrix.surroundingsAreUntouched)
    }
  }

  /// Where a running float is 1e-6 off, or 1e-3 where all terms round the same way.
  @Test("sums of very many rows are as good as those of few", arguments: [1, 3, 10, 37, 130])
  func manyRows(columns: Int) {
    let rows = 300_000
    var random = Seeded(UInt64(90 + columns))
    let row = random.values(1_000 * columns).map(abs)
    for (name, values) in [("equal", [Float](repeating: 0.1, count: row.count)), ("random", row)] {
      // The same thousand rows again and again.
      let y = [[Float]](repeating: values, count: rows / 1_000).flatMap { $0 }
      let sums = TestMatrix<Float>(poisoned: 1, columns)
      maru_sum_columns(y, rows, columns, columns, sums.view.baseAddress)
      let expected = (0..<columns).map { column in
        300
          * stride(from: column, to: values.count, by: columns)
          .reduce(0.0) { $0 + Double(values[$1]) }
      }
      expect(
        sums.elements,
        matches: Reference(rows: 1, columns: columns, values: expected, relative: 3e-7),
        "\(name), \(random)")
      #expect(sums.surroundingsAreUntouched)
    }
  }

  @Test("a column has the same sum wherever it stands, in memory too")
  func placesOfColumns() {
    var random = Seeded(97)
    let (rows, columns) = (131, 200)
    let y = random.values(rows * columns)
    func sums(_ range: Range<Int>, offset: Int) -> [Float] {
      let stride = columns + offset
      var memory = [Float](repeating: .nan, count: offset + rows * stride)
      for row in 0..<rows {
        for column in 0..<columns {
          memory[offset + row * stride + column] = y[row * columns + column]
        }
      }
      let sums = TestMatrix<Float>(poisoned: 1, range.count)
      memory.withUnsafeBufferPointer {
        maru_sum_columns(
          $0.baseAddress! + offset + range.lowerBound, rows, range.count, stride,
          sums.view.baseAddress)
      }
      return sums.elements
    }
    let whole = sums(0..<columns, offset: 0)
    for range in [0..<1, 3..<5, 7..<13, 10..<20, 5..<26, 31..<80, 64..<194, 1..<200] {
      for offset in [0, 1, 6] {
        expect(
          sums(range, offset: offset), sameBitsAs: Array(whole[range]),
          "columns \(range), offset \(offset), \(random)")
      }
    }
  }

  @Test("columns are summed in the order of the rows")
  func orderOfSums() {
    // In this order the small number is lost; in another it would not be.
    let sums = TestMatrix<Float>(poisoned: 1, 1)
    maru_sum_columns([1, 0x1p25, -0x1p25], 3, 1, 1, sums.view.baseAddress)
    #expect(sums.elements == [0])
    maru_sum_columns([0x1p25, -0x1p25, 1], 3, 1, 1, sums.view.baseAddress)
    #expect(sums.elements == [1])
  }

  @Test("arithmetic of arrays rounds as Swift's", arguments: [0, 1, 7, 16, 33])
  func arithmetic(count: Int) {
    var random = Seeded(UInt64(80 + count))
    let (a, b) = (random.values(count), random.values(count))
    let binary:
      [(
        (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void,
        (Float, Float) -> Float
      )] = [(maru_add, +), (maru_subtract, -), (maru_multiply, *), (maru_divide, /)]
    for (place, (kernel, operation)) in binary.enumerated() {
      let out = TestMatrix<Float>(poisoned: 1, count)
      kernel(a, b, out.view.baseAddress, count)
      expect(
        out.elements, sameBitsAs: zip(a, b).map(operation), "operation \(place), \(random)")
      #expect(out.surroundingsAreUntouched)
    }
    let out = TestMatrix<Float>(poisoned: 1, count)
    maru_add_scalar(a, 0.7, out.view.baseAddress, count)
    expect(out.elements, sameBitsAs: a.map { $0 + 0.7 }, "\(random)")
    maru_multiply_scalar(a, 0.7, out.view.baseAddress, count)
    expect(out.elements, sameBitsAs: a.map { $0 * 0.7 }, "\(random)")
    #expect(out.surroundingsAreUntouched)
  }
}
