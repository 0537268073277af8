import CKernels
import Testing
import TestSupport

@Suite("dropout kernel")
struct DropoutKernelTests {
  @Test("the reference gives the known answers of Philox4x32-10")
  func knownAnswers() {
    // From the file kat_vectors of the authors' Random123 library.
    #expect(
      Philox.block(counter: [0, 0, 0, 0], key: [0, 0])
        == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt32.max
    #expect(
      Philox.block(counter: [ones, ones, ones, ones], key: [ones, ones])
        == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      Philox.block(
        counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        key: [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test("each element is kept just where its random number is below the share kept")
  func threshold() {
    var random = Seeded(101)
    for _ in 0..<200 {
      let (key, first) = (random.bits(), random.bits())
      let uniform = Philox.uniform(counter: first, key: key)
      if uniform == 0 { continue }
      var y = Float.nan
      maru_dropout([3], &y, 1, key, first, uniform)
      #expect(y == 0, "at the threshold: key \(key), element \(first), \(random)")
      maru_dropout([3], &y, 1, key, first, uniform.nextUp)
      #expect(y == 3 * (1 / uniform.nextUp), "key \(key), element \(first), \(random)")
    }
  }

  @Test("a whole array, its number wrapping around, and its parts give the same")
  func parts() {
    var random = Seeded(102)
    let x = random.values(500, margin: 0.1)
    for first in [0, 1 << 32, UInt64.max - 250] as [UInt64] {
      let key = random.bits()
      let expected = x.indices.map { index in
        Philox.uniform(counter: first &+ UInt64(index), key: key) < 0.7 ? x[index] * (1 / 0.7) : 0
      }
      for cuts in [[0, 500], [0, 1, 17, 250, 251, 500]] {
        let y = TestMatrix<Float>(poisoned: 1, 500)
        for (start, end) in zip(cuts, cuts.dropFirst()) {
          x.withUnsafeBufferPointer { x in
            maru_dropout(
              x.baseAddress! + start, y.view.baseAddress + start, end - start, key,
              first &+ UInt64(start), 0.7)
          }
        }
        expect(y.elements, sameBitsAs: expected, "from \(first), cut at \(cuts), \(random)")
        #expect(y.surroundingsAreUntouched)
      }
    }
  }

  @Test("the share kept is the one asked for", arguments: [0.1, 0.5, 0.8, 1] as [Float])
  func share(keep: Float) {
    var random = Seeded(103)
    let count = 100_000
    let x = Array(repeating: Float(1), count: count)
    let y = TestMatrix<Float>(poisoned: 1, count)
    maru_dropout(x, y.view.baseAddress, count, random.bits(), 0, keep)
    let kept = y.elements.count { $0 != 0 }
    // Five standard deviations of a binomial number.
    let deviation = (Double(count) * Double(keep) * (1 - Double(keep))).squareRoot()
    #expect(abs(Double(kept) - Double(count) * Double(keep)) <= 5 * deviation, "\(random)")
    #expect(y.elements.allSatisfy { $0 == 0 || $0 == 1 / keep }, "\(random)")
  }
}
