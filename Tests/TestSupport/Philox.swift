/// Philox4x32-10 as its paper states it, four words at a time.
///
/// Salmon et al. 2011, *Parallel random numbers: as easy as 1, 2, 3*.
public enum Philox {
  /// The four random words of a counter and a key.
  public static func block(counter: [UInt32], key: [UInt32]) -> [UInt32] {
    var (counter, key) = (counter, key)
    for _ in 0..<10 {
      let left = UInt32(0xD251_1F53).multipliedFullWidth(by: counter[0])
      let right = UInt32(0xCD9E_8D57).multipliedFullWidth(by: counter[2])
      counter = [
        right.high ^ counter[1] ^ key[0], right.low, left.high ^ counter[3] ^ key[1], left.low,
      ]
      key = [key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85]
    }
    return counter
  }

  /// The number in [0, 1) that dropout compares: the upper 24 bits of the first word.
  public static func uniform(counter: UInt64, key: UInt64) -> Float {
    let words = block(
      counter: [UInt32(truncatingIfNeeded: counter), UInt32(counter >> 32), 0, 0],
      key: [UInt32(truncatingIfNeeded: key), UInt32(key >> 32)])
    return Float(words[0] >> 8) * 0x1p-24
  }
}
