#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A seeded generator of random numbers: xoshiro256** (Blackman and Vigna 2018), whose state is
/// filled from the seed by SplitMix64 (Steele et al. 2014).
///
/// The same seed gives the same numbers on every machine. Its four words are its whole state: store
/// ``state`` and create a generator from it to go on where it stopped. Not for cryptography.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Hashable {
  /// What randomness is used for. One seed gives each purpose its own sequence, so that a change in
  /// one (another layer, say) leaves the others as they were.
  public enum Purpose: UInt64, Sendable {
    /// Initial values of parameters.
    case initialValues = 1
    /// The order of the samples in each epoch.
    case shuffling = 2
    /// The elements that dropout sets to 0.
    case dropout = 3
    /// The samples held out for validation.
    case validationSplit = 4
    /// Generated data.
    case data = 5
  }

  private var s0, s1, s2, s3: UInt64

  /// The four words of the state, not all 0.
  public var state: [UInt64] { [s0, s1, s2, s3] }

  /// Creates the generator of a seed.
  public init(seed: UInt64) {
    var counter = seed
    s0 = Self.splitMix(&counter)
    s1 = Self.splitMix(&counter)
    s2 = Self.splitMix(&counter)
    s3 = Self.splitMix(&counter)
  }

  /// Creates the generator of one purpose under a seed.
  public init(seed: UInt64, for purpose: Purpose) {
    var counter = seed
    self.init(seed: Self.splitMix(&counter) ^ (purpose.rawValue &* 0xD6E8_FEB8_6659_FD93))
  }

  /// Creates a generator that goes on from a stored ``state``: four words, not all 0.
  public init(state: [UInt64]) {
    require(
      state.count == 4 && state.contains { $0 != 0 },
      "RandomGenerator: expected a state of four words, not all 0, got \(state)")
    (s0, s1, s2, s3) = (state[0], state[1], state[2], state[3])
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let result = Self.rotate(s1 &* 5, 7) &* 9
    let shifted = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = Self.rotate(s3, 45)
    return result
  }

  /// A number uniform in [0, 1), a multiple of 2⁻²⁴.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number uniform in [lower, upper).
  public mutating func uniform(_ lower: Float, _ upper: Float) -> Float {
    let value = lower + (upper - lower) * uniform()
    // Rounding may reach the upper end.
    return value < upper ? value : max(lower, upper.nextDown)
  }

  /// A number from the standard normal distribution (Box and Muller 1958).
  public mutating func normal() -> Float {
    let radius = (-2 * log(1 - Double(next() >> 11) * 0x1p-53)).squareRoot()
    let angle = 2 * Double.pi * Double(next() >> 11) * 0x1p-53
    return Float(radius * cos(angle))
  }

  /// A number from the standard normal distribution, drawn again until it lies within ±2.
  public mutating func truncatedNormal() -> Float {
    while true {
      let value = normal()
      if abs(value) <= 2 { return value }
    }
  }

  private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
  }

  private static func splitMix(_ counter: inout UInt64) -> UInt64 {
    counter &+= 0x9E37_79B9_7F4A_7C15
    var word = counter
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
