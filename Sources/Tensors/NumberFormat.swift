/// Numbers as files store them.
///
/// The values of most types are Floats, and stay as they are; of a NaN, the payload may be another.
/// Those of ``isRounded`` types become the nearest Float, beyond its range ±∞.
package enum NumberFormat: Sendable, CaseIterable {
  /// A byte; any but 0 is true, and 1 as a Float.
  case bool
  case uint8, int8, uint16, int16
  /// IEEE 754's binary16.
  case float16
  /// The upper half of a Float.
  case bfloat16
  /// Eight bits, four of them exponent; no infinity, and one NaN of either sign
  /// (https://arxiv.org/abs/2209.05433).
  case float8E4M3
  /// Eight bits, five of them exponent: the upper half of a binary16.
  case float8E5M2
  /// The same with exponents one lower, no infinity, and in the place of −0 the one NaN
  /// (https://arxiv.org/abs/2206.02915).
  case float8E4M3FNUZ, float8E5M2FNUZ
  /// Eight bits of exponent alone: a power of two, from 2⁻¹²⁷, or NaN (OCP's microscaling formats, 1.0).
  case float8E8M0
  case float32
  case int32, uint32, int64, uint64, float64

  /// Whether a Float does not hold every value.
  package var isRounded: Bool {
    switch self {
    case .int32, .uint32, .int64, .uint64, .float64: true
    default: false
    }
  }

  /// The size of a number in bytes.
  package var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8, .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ,
      .float8E8M0:
      1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Makes floats of as many numbers; traps where the counts differ.
  package func read(
    _ bytes: UnsafeRawBufferPointer, bigEndian: Bool = false,
    into floats: UnsafeMutableBufferPointer<Float>
  ) {
    require(
      bytes.count == floats.count * byteCount,
      "NumberFormat: expected \(floats.count * byteCount) bytes, got \(bytes.count)")
    func each<Bits: FixedWidthInteger>(_ float: (Bits) -> Float) {
      for index in floats.indices {
        let bits = bytes.loadUnaligned(
          fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
        floats[index] = float(bigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
      }
    }
    switch self {
    case .bool: each { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case .uint8: each { (bits: UInt8) in Float(bits) }
    case .int8: each { (bits: Int8) in Float(bits) }
    case .uint16: each { (bits: UInt16) in Float(bits) }
    case .int16: each { (bits: Int16) in Float(bits) }
    case .float16: each { (bits: UInt16) in Self.half(UInt32(bits)) }
    case .bfloat16: each { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .float8E4M3: each { (bits: UInt8) in Self.e4m3(UInt32(bits)) }
    case .float8E5M2: each { (bits: UInt8) in Self.half(UInt32(bits) << 8) }
    case .float8E4M3FNUZ: each { (bits: UInt8) in bits == 0x80 ? .nan : Self.small(bits, 3, 8) }
    case .float8E5M2FNUZ: each { (bits: UInt8) in bits == 0x80 ? .nan : Self.small(bits, 2, 16) }
    case .float8E8M0:
      each { (bits: UInt8) in
        bits == 0xFF ? .nan : Float(sign: .plus, exponent: Int(bits) - 127, significand: 1)
      }
    case .float32: each { (bits: UInt32) in Float(bitPattern: bits) }
    case .int32: each { (bits: UInt32) in Float(Int32(bitPattern: bits)) }
    case .uint32: each { (bits: UInt32) in Float(bits) }
    case .int64: each { (bits: UInt64) in Float(Int64(bitPattern: bits)) }
    case .uint64: each { (bits: UInt64) in Float(bits) }
    case .float64: each { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    }
  }

  // Not by Swift's Float16, which Intel Macs lack.
  private static func half(_ bits: UInt32) -> Float {
    let (exponent, fraction) = (bits >> 10 & 0x1F, bits & 0x3FF)
    let magnitude =
      switch exponent {
      case 0: Float(fraction) * 0x1p-24
      case 0x1F: Float(bitPattern: 0x7F80_0000 | fraction << 13)
      default: Float(bitPattern: (exponent + 112) << 23 | fraction << 13)
      }
    return bits >> 15 == 0 ? magnitude : -magnitude
  }

  /// Eight bits with so many of fraction and this bias of the exponent, all of them finite.
  private static func small(_ bits: UInt8, _ fractionBits: Int, _ bias: Int) -> Float {
    let exponent = Int(bits & 0x7F) >> fractionBits
    let fraction = Float(Int(bits) & (1 << fractionBits - 1)) / Float(1 << fractionBits)
    let significand = exponent == 0 ? fraction : 1 + fraction
    return Float(
      sign: bits >> 7 == 0 ? .plus : .minus, exponent: max(exponent, 1) - bias,
      significand: significand)
  }

  private static func e4m3(_ bits: UInt32) -> Float {
    let (exponent, fraction) = (bits >> 3 & 0xF, bits & 7)
    let magnitude =
      switch (exponent, fraction) {
      case (0, _): Float(fraction) * 0x1p-9
      case (0xF, 7): Float.nan
      default: Float(bitPattern: (exponent + 120) << 23 | fraction << 20)
      }
    return bits >> 7 == 0 ? magnitude : -magnitude
  }
}
