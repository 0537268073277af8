/// The texts of a column, each with a number in the order in which they come up, looked up by their bytes.
struct TextCodes {
  /// Where each text stands for the first time.
  private(set) var fields: [TableField] = []
  private var hashes: [UInt32] = []
  /// By hash, the number of a text, or -1; a power of two of them, at most half of which are taken.
  private var slots: [Int32] = []

  /// The number of a text.
  mutating func code(_ field: TableField, _ bytes: UnsafePointer<UInt8>) -> Int32 {
    if fields.count * 2 >= slots.count { grow() }
    let length = field.end - field.start
    // FNV-1a, 32 bits.
    var hash: UInt32 = 2_166_136_261
    for offset in 0..<length {
      hash = (hash ^ UInt32(bytes[field.start + offset])) &* 16_777_619
    }
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] >= 0 {
      let code = Int(slots[slot])
      let other = fields[code]
      if hashes[code] == hash, other.end - other.start == length,
        other.isQuoted == field.isQuoted
          || !hasQuote(field, bytes),
        Self.areEqual(bytes + other.start, bytes + field.start, length)
      {
        return Int32(code)
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(fields.count)
    fields.append(field)
    hashes.append(hash)
    return Int32(fields.count - 1)
  }

  /// Whether a doubled quote in the bytes stands for one.
  private func hasQuote(_ field: TableField, _ bytes: UnsafePointer<UInt8>) -> Bool {
    (field.start..<field.end).contains { bytes[$0] == UInt8(ascii: "\"") }
  }

  private static func areEqual(
    _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    for index in 0..<count where a[index] != b[index] { return false }
    return true
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: max(8, slots.count * 2))
    for (code, hash) in hashes.enumerated() {
      var slot = Int(hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(code)
    }
  }
}
