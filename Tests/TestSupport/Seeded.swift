import Tensors

/// A source of random test data that prints its seed wherever a test mentions it in a comment.
public struct Seeded: CustomStringConvertible, Sendable {
  /// The seed.
  public let seed: UInt64
  private var generator: RandomGenerator

  /// Starts the sequence of a seed.
  public init(_ seed: UInt64) {
    self.seed = seed
    generator = RandomGenerator(seed: seed)
  }

  /// The seed, as a failure message shows it.
  public var description: String { "seed \(seed)" }

  /// Numbers uniform in ±`limit`, none nearer to 0 than `margin`, so that a difference quotient does
  /// not step over a kink at 0.
  public mutating func values(_ count: Int, limit: Float = 1, margin: Float = 0) -> [Float] {
    (0..<count).map { _ in
      let size = generator.uniform(margin, limit)
      return generator.next() & 1 == 0 ? size : -size
    }
  }

  /// Integers in 0..<`bound`.
  public mutating func labels(_ count: Int, below bound: Int) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 0..<Int32(bound), using: &generator) }
  }

  /// Rows of positive numbers that add up to 1.
  public mutating func distributions(_ rows: Int, _ columns: Int) -> [Float] {
    (0..<rows).flatMap { _ in
      let weights = (0..<columns).map { _ in generator.uniform(0.1, 1) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
  }

  /// The elements in a random order.
  public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    elements.shuffled(using: &generator)
  }

  /// 64 random bits.
  public mutating func bits() -> UInt64 { generator.next() }
}
