/// The sizes of a tensor's axes, outermost first.
///
/// A shape without axes is that of a single number: its count is 1.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The size of each axis, outermost first; none is negative.
  public let sizes: [Int]

  /// Creates a shape; a negative size, or sizes whose product overflows, trap.
  public init(_ sizes: [Int]) {
    require(
      sizes.allSatisfy { $0 >= 0 }, "Shape: expected sizes from 0, got \(sizes)")
    self.sizes = sizes
    var count = 1
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      require(!overflow, "Shape: expected a product that fits an Int, got sizes \(sizes)")
      count = product
    }
    self.count = count
  }

  /// Creates a shape from its sizes in brackets.
  public init(arrayLiteral sizes: Int...) { self.init(sizes) }

  /// The number of elements: the product of the sizes, 1 where there are none.
  public let count: Int

  /// The number of axes.
  public var rank: Int { sizes.count }

  /// The size of one axis.
  public subscript(axis: Int) -> Int { sizes[axis] }

  /// The shape without its first axis: that of one sample among many.
  public var withoutFirst: Shape { Shape(Array(sizes.dropFirst())) }

  /// The sizes in brackets, as in `[28, 28]`.
  public var description: String { sizes.description }
}

extension [Int] {
  /// The product of sizes read from a file, or nil where one is negative, or where the elements,
  /// `byteCount` bytes each, are more than an Int can count.
  ///
  /// Zeros hide nothing: without them too the product must fit, since a part of the shape may be
  /// asked for.
  package func elementCount(of byteCount: Int) -> Int? {
    var bytes = byteCount
    for size in self where size != 0 {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      if overflow || size < 0 { return nil }
      bytes = product
    }
    return contains(0) ? 0 : bytes / byteCount
  }
}
