@_exported import BLAS

/// A row-major array of Float32 with any number of axes, and the value semantics of an array.
///
/// The elements lie without gaps from an address aligned to 64 bytes. Copies share memory until one
/// of them is changed. Out-of-range indices and shapes that disagree trap.
public struct Tensor: Sendable {
  /// The sizes of the axes.
  public private(set) var shape: Shape
  private var storage: AlignedBuffer

  /// Creates a tensor with every element the same.
  /// - Parameters:
  ///   - repeatedValue: the value of each element
  ///   - shape: sizes of the axes
  public init(repeating repeatedValue: Float, shape: Shape) {
    self.init(shape: shape) { $0.update(repeating: repeatedValue) }
  }

  /// Creates a tensor of zeros.
  public init(zeros shape: Shape) {
    self.shape = shape
    storage = AlignedBuffer(zeros: shape.count)
  }

  /// Creates a tensor from its elements in row-major order; their number must be the shape's count.
  public init(_ elements: some Collection<Float>, shape: Shape) {
    require(
      elements.count == shape.count,
      "Tensor: expected \(shape.count) elements for shape \(shape), got \(elements.count)")
    self.init(shape: shape) { buffer in
      var index = 0
      for element in elements {
        buffer[index] = element
        index += 1
      }
    }
  }

  /// Creates a vector of the given elements.
  public init(_ elements: some Collection<Float>) {
    self.init(elements, shape: [elements.count])
  }

  /// Creates a tensor whose elements `initialize` writes, every one of them.
  public init(
    shape: Shape, initializingWith initialize: (UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    self.shape = shape
    storage = AlignedBuffer(uninitialized: shape.count)
    initialize(UnsafeMutableBufferPointer(start: storage.floats, count: shape.count))
  }

  /// The number of elements.
  public var count: Int { shape.count }

  /// The elements in row-major order.
  public var elements: [Float] { withUnsafeBufferPointer { Array($0) } }

  /// The element at one index per axis.
  public subscript(indices: Int...) -> Float {
    get { storage.floats[offset(indices)] }
    set {
      let offset = offset(indices)
      makeUnique()
      storage.floats[offset] = newValue
    }
  }

  /// The parts of the tensor at the given indices of its first axis, which stays.
  public subscript(rows range: Range<Int>) -> Tensor {
    require(
      shape.rank >= 1 && range.lowerBound >= 0 && range.upperBound <= shape[0],
      "Tensor: expected rows of shape \(shape), got \(range)")
    let size = shape.withoutFirst.count
    let source = UnsafeBufferPointer(
      start: storage.floats + range.lowerBound * size, count: range.count * size)
    return Tensor(shape: Shape([range.count] + shape.sizes.dropFirst())) {
      _ = $0.update(fromContentsOf: source)
    }
  }

  /// Calls `body` with the elements in row-major order, valid during the call.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: storage.floats, count: count))
  }

  /// Calls `body` with the elements in row-major order, to change, valid during the call.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(UnsafeMutableBufferPointer(start: storage.floats, count: count))
  }

  /// Calls `body` with the tensor as a matrix: its first axis as rows, all others as columns.
  ///
  /// The view is to be read only, and is valid during the call. A tensor without axes is 1×1.
  public func withMatrix<Result, Failure: Error>(
    _ body: (MatrixView<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let rows = shape.rank == 0 ? 1 : shape[0]
    let columns = shape.withoutFirst.count
    return try body(storage.matrix(rows: rows, columns: columns))
  }

  /// The same elements with other axes. One size may be −1: it is inferred from the others.
  ///
  /// As NumPy's `reshape`: `reshaped(to: [2, -1])`. Copies no element. Traps where the counts
  /// differ, or where a size of −1 has no answer.
  public func reshaped(to sizes: [Int]) -> Tensor {
    let known = sizes.filter { $0 != -1 }
    let knownCount = Shape(known).count
    var resolved = Shape(known)
    if known.count < sizes.count {
      require(
        known.count == sizes.count - 1 && knownCount > 0 && count.isMultiple(of: knownCount),
        "Tensor.reshaped: expected one size of -1 that fits \(count) elements, got \(sizes)")
      resolved = Shape(sizes.map { $0 == -1 ? count / knownCount : $0 })
    }
    require(
      resolved.count == count,
      "Tensor.reshaped: expected \(count) elements as in shape \(shape), got \(sizes)")
    var result = self
    result.shape = resolved
    return result
  }

  /// The same elements as a vector.
  public func flattened() -> Tensor { reshaped(to: [-1]) }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = AlignedBuffer(copying: storage) }
  }

  private func offset(_ indices: [Int]) -> Int {
    require(
      indices.count == shape.rank && zip(indices, shape.sizes).allSatisfy { 0 <= $0 && $0 < $1 },
      "Tensor: expected an element of shape \(shape), got \(indices)")
    return zip(indices, shape.sizes).reduce(0) { $0 * $1.1 + $1.0 }
  }
}
