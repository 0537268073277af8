import Tensors
import Testing
import TestSupport

/// The constants are what Goldens/xoshiro.py prints.
@Suite("random numbers")
struct RandomGeneratorTests {
  private func numbers(_ generator: RandomGenerator, _ count: Int) -> [UInt64] {
    var generator = generator
    return (0..<count).map { _ in generator.next() }
  }

  @Test("known answers of xoshiro256**")
  func knownAnswers() {
    let generator = RandomGenerator(state: [1, 2, 3, 4])
    #expect(
      numbers(generator, 6) == [
        0x0000_0000_0000_2d00, 0x0000_0000_0000_0000, 0x0000_0000_5a00_7080,
        0x10e0_0000_0000_9d80, 0x10e0_b61c_e100_9d80, 0x0870_021c_e143_ad00,
      ])
    #expect(numbers(generator, 1000).last == 0x3039_d010_986d_012d)
  }

  @Test(
    "known answers of seeds: the state by SplitMix64, and what follows",
    arguments: [
      (
        0,
        [
          0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f,
          0xf88b_b8a8_724c_81ec,
        ],
        [0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0]
      ),
      (
        42,
        [
          0xbdd7_3226_2feb_6e95, 0x28ef_e333_b266_f103, 0x4752_6757_130f_9f52,
          0x581c_e1ff_0e4a_e394,
        ],
        [0x1578_0b2e_0c2e_c716, 0x6104_d986_6d11_3a7e, 0xae17_5332_39e4_99a1]
      ),
      (
        .max,
        [
          0xe4d9_7177_1b65_2c20, 0xe99f_f867_dbf6_82c9, 0x382f_f84c_b272_81e9,
          0x6d1d_b36c_cba9_82d2,
        ],
        [0x8f55_20d5_2a7e_ad08, 0xc476_a018_caa1_802d, 0x81de_31c0_d260_469e]
      ),
    ] as [(UInt64, [UInt64], [UInt64])])
  func seeds(seed: UInt64, state: [UInt64], next: [UInt64]) {
    let generator = RandomGenerator(seed: seed)
    #expect(generator.state == state)
    #expect(numbers(generator, 3) == next)
  }

  @Test("a generator goes on from a stored state")
  func storedState() {
    var generator = RandomGenerator(seed: 5)
    for _ in 0..<10 { _ = generator.next() }
    let restored = RandomGenerator(state: generator.state)
    #expect(restored == generator)
    #expect(numbers(restored, 20) == numbers(generator, 20))
  }

  @Test("each purpose and each seed has its own sequence, and always the same one")
  func purposes() {
    let purposes: [RandomGenerator.Purpose] = [
      .initialValues, .shuffling, .dropout, .validationSplit, .data,
    ]
    var first = Set<UInt64>()
    for seed in 0..<20 as Range<UInt64> {
      for purpose in purposes {
        let generator = RandomGenerator(seed: seed, for: purpose)
        #expect(generator == RandomGenerator(seed: seed, for: purpose))
        first.formUnion(numbers(generator, 1))
      }
      first.formUnion(numbers(RandomGenerator(seed: seed), 1))
    }
    #expect(first.count == 20 * (purposes.count + 1))
  }

  @Test("uniform numbers reach from 0 to below 1")
  func uniformEnds() {
    // States whose next number is all ones, and 0.
    var largest = RandomGenerator(state: [1, 0x4fc7_1c71_c71c_71c7, 0, 0])
    #expect(largest.uniform() == Float(1).nextDown)
    var smallest = RandomGenerator(state: [1, 0, 0, 0])
    #expect(smallest.uniform() == 0)
  }

  @Test(
    "uniform numbers in a range never reach its upper end",
    arguments: [(1, 2), (-1, 1), (-0.1, 0.3), (1e6, 1e6 + 1)] as [(Float, Float)])
  func uniformRange(lower: Float, upper: Float) {
    var largest = RandomGenerator(state: [1, 0x4fc7_1c71_c71c_71c7, 0, 0])
    let value = largest.uniform(lower, upper)
    #expect(lower <= value && value < upper)
    #expect(value > lower + (upper - lower) * 0.9)
    var smallest = RandomGenerator(state: [1, 0, 0, 0])
    #expect(smallest.uniform(lower, upper) == lower)
  }

  @Test("uniform numbers have the mean and the variance of their distribution")
  func uniformMoments() {
    var random = RandomGenerator(seed: 111)
    let moments = Moments((0..<100_000).map { _ in Double(random.uniform(2, 6)) })
    // Variance 16/12; fourth central moment 16²/80.
    moments.check(mean: 4, variance: 4.0 / 3, fourthMoment: 3.2)
  }

  @Test("normal numbers have the mean and the variance of their distribution")
  func normalMoments() {
    var random = RandomGenerator(seed: 112)
    let values = (0..<100_000).map { _ in Double(random.normal()) }
    Moments(values).check(mean: 0, variance: 1, fourthMoment: 3)
    let outside = values.count { abs($0) > 2 }
    // 4.55 % lie beyond two deviations; within five standard deviations of that count.
    #expect(abs(Double(outside) - 4550) < 5 * (4550 * 0.9545).squareRoot(), "seed 112")
  }

  @Test("truncated normal numbers stay within two deviations")
  func truncatedMoments() {
    var random = RandomGenerator(seed: 113)
    let values = (0..<100_000).map { _ in Double(random.truncatedNormal()) }
    #expect(values.allSatisfy { abs($0) <= 2 }, "seed 113")
    // Variance 1 − 4φ(2)/(2Φ(2) − 1), and fourth moment 3·variance − 8·2φ(2)/(2Φ(2) − 1).
    Moments(values).check(mean: 0, variance: 0.773_741, fourthMoment: 1.416_19)
  }
}

/// The first two moments of a sample.
private struct Moments {
  let count: Double
  let mean, variance: Double

  init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.count = count
    self.mean = mean
    variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
  }

  /// Expects them within five standard deviations of the distribution's.
  func check(
    mean expectedMean: Double, variance expected: Double, fourthMoment: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      abs(mean - expectedMean) <= 5 * (expected / count).squareRoot(),
      sourceLocation: sourceLocation)
    #expect(
      abs(variance - expected) <= 5 * ((fourthMoment - expected * expected) / count).squareRoot(),
      sourceLocation: sourceLocation)
  }
}
