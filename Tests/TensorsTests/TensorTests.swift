import Tensors
import Testing
import TestSupport

@Suite("shapes")
struct ShapeTests {
  @Test("the count is the product of the sizes")
  func counts() {
    #expect(Shape([]).count == 1)
    #expect(Shape([3]).count == 3)
    #expect(Shape([2, 3, 4]).count == 24)
    #expect(Shape([2, 0, 4]).count == 0)
  }

  @Test("rank, sizes, the shape of one sample, and the text")
  func parts() {
    let shape: Shape = [60, 28, 28]
    #expect(shape.rank == 3 && shape[0] == 60 && shape[2] == 28)
    #expect(shape.withoutFirst == [28, 28])
    #expect(Shape([]).withoutFirst == [])
    #expect("\(shape)" == "[60, 28, 28]")
    #expect(shape != [28, 60, 28] && shape == Shape([60, 28, 28]))
  }
}

@Suite("tensors")
struct TensorTests {
  private let counting = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])

  @Test("creation")
  func creation() {
    #expect(Tensor(zeros: [2, 2]).elements == [0, 0, 0, 0])
    #expect(Tensor(repeating: 1.5, shape: [3]).elements == [1.5, 1.5, 1.5])
    #expect(Tensor([1, 2, 3]).shape == [3])
    #expect(Tensor([], shape: [0, 5]).count == 0)
    #expect(Tensor([7], shape: []).elements == [7])
    let squares = Tensor(shape: [2, 2]) { for i in $0.indices { $0[i] = Float(i * i) } }
    #expect(squares.elements == [0, 1, 4, 9])
  }

  @Test("elements are found in row-major order, and set")
  func subscripts() {
    #expect(counting[1, 2, 3] == 23 && counting[0, 1, 0] == 4)
    #expect(Tensor([7], shape: [])[] == 7)
    var changed = counting
    changed[1, 0, 2] = -1
    #expect(changed.elements[14] == -1)
  }

  @Test("a copy does not see what the other one becomes")
  func valueSemantics() {
    let original = Tensor([1, 2, 3, 4], shape: [2, 2])
    var copy = original
    var reshaped = original.reshaped(to: [4])
    copy[0, 0] = 10
    #expect(original[0, 0] == 1)
    reshaped[3] = 40
    #expect(original[1, 1] == 4 && copy[1, 1] == 4)
    var second = copy
    second.withUnsafeMutableBufferPointer { $0[1] = 20 }
    #expect(copy.elements == [10, 2, 3, 4] && second.elements == [10, 20, 3, 4])
  }

  @Test("copies share memory until one changes, and a sole owner never moves")
  func sharing() {
    func address(_ tensor: Tensor) -> UnsafePointer<Float>? {
      tensor.withUnsafeBufferPointer { $0.baseAddress }
    }
    let original = Tensor([1, 2, 3, 4])
    var copy = original
    #expect(address(copy) == address(original))
    #expect(address(original.flattened()) == address(original))
    copy[0] = 5
    #expect(address(copy) != address(original))
    let before = address(copy)
    copy[1] = 6
    #expect(address(copy) == before)
  }

  @Test("the first element is aligned to a cache line", arguments: [0, 1, 5, 17, 1000])
  func alignment(count: Int) {
    let tensors = (0..<8).map { _ in Tensor(zeros: [count]) }
    for var tensor in tensors {
      tensor.withUnsafeMutableBufferPointer { #expect(isAligned($0.baseAddress)) }
    }
    let buffer = AlignedBuffer(zeros: count)
    #expect(isAligned(buffer.floats) && isAligned(AlignedBuffer(copying: buffer).floats))
    #expect(buffer.count == count)
    #expect(UnsafeBufferPointer(start: buffer.floats, count: count).allSatisfy { $0 == 0 })
  }

  private func isAligned(_ address: UnsafeMutablePointer<Float>?) -> Bool {
    address != nil && UInt(bitPattern: address) % 64 == 0
  }

  @Test("a buffer's matrix is a view of it")
  func bufferMatrix() {
    let buffer = AlignedBuffer(zeros: 20)
    buffer.matrix(at: 16, rows: 2, columns: 2)[1, 0] = 3
    #expect(buffer.floats[18] == 3)
    #expect(buffer.matrix(at: 20, rows: 0, columns: 7).isEmpty)
  }

  @Test("reshaping keeps the elements, and infers one size")
  func reshaping() {
    for (sizes, shape) in [
      ([4, 6], [4, 6]), ([-1], [24]), ([2, -1], [2, 12]), ([-1, 8], [3, 8]),
      ([24, 1, -1], [24, 1, 1]),
    ] as [([Int], Shape)] {
      let reshaped = counting.reshaped(to: sizes)
      #expect(reshaped.shape == shape)
      #expect(reshaped.elements == counting.elements)
    }
    #expect(Tensor([5], shape: [1, 1]).reshaped(to: []).shape == [])
    #expect(Tensor(zeros: [0, 3]).reshaped(to: [3, -1]).shape == [3, 0])
  }

  @Test("flattening")
  func flattening() {
    #expect(counting.flattened().shape == [24])
    #expect(Tensor(zeros: [0, 3]).flattened().shape == [0])
    #expect(Tensor([5], shape: []).flattened().shape == [1])
  }

  @Test("rows are parts along the first axis")
  func rows() {
    let row = counting[rows: 1..<2]
    #expect(row.shape == [1, 3, 4] && row.elements == counting.elements[12...].map { $0 })
    #expect(counting[rows: 0..<2].elements == counting.elements)
    #expect(counting[rows: 2..<2].shape == [0, 3, 4])
  }

  @Test("as a matrix, the first axis is the rows")
  func matrix() {
    counting.withMatrix { view in
      #expect(view.rows == 2 && view.columns == 12 && view[1, 5] == 17)
    }
    Tensor([7], shape: []).withMatrix { view in
      #expect(view.rows == 1 && view.columns == 1 && view[0, 0] == 7)
    }
    Tensor([1, 2]).withMatrix { #expect($0.rows == 2 && $0.columns == 1) }
  }

  @Test("a tensor is a source of its samples")
  func sampleSource() {
    #expect(counting.sampleCount == 2 && counting.sampleShape == [3, 4])
    let batch = TestMatrix<Float>(poisoned: 3, 12)
    ([1, 0, 1] as [Int32]).withUnsafeBufferPointer { counting.gather($0, into: batch.view) }
    let (first, second) = (counting.elements[..<12], counting.elements[12...])
    #expect(batch.elements == Array(second + first + second))
    let columns = TestMatrix<Float>(poisoned: 1, 3, stride: 5)
    ([1] as [Int32]).withUnsafeBufferPointer {
      counting.gather($0, columns: 4..<7, into: columns.view)
    }
    #expect(columns.elements == Array(second.dropFirst(4).prefix(3)))
    #expect(columns.surroundingsAreUntouched)
    let none = UnsafeBufferPointer<Int32>(start: nil, count: 0)
    Tensor(zeros: [0, 5]).gather(none, into: TestMatrix(poisoned: 0, 5).view)
    counting.gather(none, into: TestMatrix(poisoned: 0, 12).view)
    #expect(batch.surroundingsAreUntouched)
  }
}

@Suite("reductions")
struct ReductionTests {
  @Test("sum and mean in double precision")
  func sums() {
    #expect(Tensor([0x1p25, 1, -0x1p25]).sum == 1)
    #expect(Tensor([1, 2, 6]).mean == 3)
    #expect(Tensor(zeros: [0]).sum == 0 && Tensor(zeros: [0]).mean.isNaN)
  }

  @Test(
    "the largest: the first of equals, and a NaN before all",
    arguments: [
      ([5], 0), ([1, 3, 2], 1), ([2, 7, 7, 1], 1), ([-3, -1, -2], 1), ([-0.0, 0], 0),
      ([-.infinity, -.infinity], 0), ([1, .infinity, 2], 1), ([1, .nan, 9], 1),
      ([.nan, .nan, 9], 0),
      ([.infinity, .nan], 1), ([3, 1, .nan], 2),
    ] as [([Float], Int)])
  func argmax(elements: [Float], index: Int) {
    #expect(Tensor(elements).argmax() == index)
    let rows = Tensor(
      elements + [9] + Array(repeating: 0, count: elements.count - 1),
      shape: [2, elements.count])
    #expect(rows.argmaxOfRows() == [index, 0])
  }

  @Test("of no rows there are no largest")
  func argmaxOfNoRows() {
    #expect(Tensor(zeros: [0, 4]).argmaxOfRows() == [])
    #expect(Tensor([3, 1, 4, 1], shape: [2, 2]).argmax() == 2, "of all axes together")
  }
}
