import Foundation
import Tensors
import Testing

struct NumberFormatTests {
  private func widened(
    _ format: NumberFormat, _ bytes: [UInt8], bigEndian: Bool = false
  ) -> [Float] {
    Tensor(shape: [bytes.count / format.byteCount]) { floats in
      bytes.withUnsafeBytes { format.read($0, bigEndian: bigEndian, into: floats) }
    }.elements
  }

  private func bits(_ floats: [Float]) -> [UInt32] {
    floats.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func everyHalfIsThatOfTheProcessor() {
      let all = (0...UInt16.max).map { $0 }
      let bytes = all.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
      #expect(
        bits(widened(.float16, bytes)) == bits(all.map { Float(Float16(bitPattern: $0)) }))
      let upper = (0...UInt8.max).map { Float(Float16(bitPattern: UInt16($0) << 8)) }
      #expect(bits(widened(.float8E5M2, (0...255).map { $0 })) == bits(upper))
    }
  #endif

  @Test func everyNumberOfFourExponentBitsIsItsFormula() {
    let expected = (0...255).map { byte -> Float in
      let (exponent, fraction) = (byte >> 3 & 15, Double(byte & 7) / 8)
      if byte & 0x7F == 0x7F { return .nan }
      let magnitude =
        exponent == 0 ? fraction * pow(2, -6) : (1 + fraction) * pow(2, Double(exponent - 7))
      return Float(byte < 128 ? magnitude : -magnitude)
    }
    let found = widened(.float8E4M3, (0...255).map { $0 })
    #expect(bits(found) == bits(expected))
    #expect(found[0x7E] == 448 && found[1] == 0x1p-9)
  }

  @Test(
    "eight bits of which only one pattern is not finite",
    arguments: [(NumberFormat.float8E4M3FNUZ, 3, 8, 240), (.float8E5M2FNUZ, 2, 16, 57_344)])
  func finiteBytes(format: NumberFormat, fractionBits: Int, bias: Int, largest: Float) {
    let expected = (0...255).map { byte -> Float in
      if byte == 0x80 { return .nan }
      let exponent = (byte & 0x7F) >> fractionBits
      let fraction = Double(byte & (1 << fractionBits - 1)) * pow(2, -Double(fractionBits))
      let magnitude =
        exponent == 0
        ? fraction * pow(2, Double(1 - bias)) : (1 + fraction) * pow(2, Double(exponent - bias))
      return Float(byte < 128 ? magnitude : -magnitude)
    }
    let found = widened(format, (0...255).map { $0 })
    #expect(bits(found) == bits(expected))
    #expect(found[0x7F] == largest && found[0xFF] == -largest)
  }

  @Test func exponentsAloneArePowersOfTwo() {
    let found = widened(.float8E8M0, (0...255).map { $0 })
    #expect(found.dropLast() == ArraySlice((0..<255).map { Float(pow(2, Double($0 - 127))) }))
    #expect(found[255].isNaN)
  }

  @Test(
    "integers and floats, least significant byte first",
    arguments: [
      (NumberFormat.bool, [0, 1, 2, 255], [0, 1, 1, 1]),
      (.uint8, [0, 127, 128, 255], [0, 127, 128, 255]),
      (.int8, [0, 127, 128, 255], [0, 127, -128, -1]),
      (.uint16, [1, 0, 0xFF, 0xFF, 2, 1], [1, 65535, 258]),
      (.int16, [0xFF, 0xFF, 0, 0x80, 2, 1], [-1, -32768, 258]),
      (.bfloat16, [0x80, 0x3F, 0x80, 0xFF, 1, 0], [1, -.infinity, 0x1p-133]),
      (.float32, [0, 0, 0x80, 0x3F, 1, 0, 0, 0], [1, .leastNonzeroMagnitude]),
      (.int32, [0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 1], [-1, 0x1p24]),
      (.uint32, [0xFF, 0xFF, 0xFF, 0xFF], [0x1p32]),
      (.int64, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [-2]),
      (.uint64, [0, 0, 0, 0, 0, 0, 0, 0x80], [0x1p63]),
      (
        .float64,
        [0, 0, 0, 0, 0, 0, 0xF8, 0xBF, 1, 0, 0, 0, 0, 0, 0xF0, 0x3F]
          + [0, 0, 0, 0, 0, 0, 0xF0, 0x7E],
        [-1.5, 1, .infinity]
      ),
    ] as [(NumberFormat, [UInt8], [Float])])
  func numbers(format: NumberFormat, bytes: [UInt8], expected: [Float]) {
    #expect(widened(format, bytes) == expected)
    let width = format.byteCount
    let swapped = stride(from: 0, to: bytes.count, by: width).flatMap {
      bytes[$0..<$0 + width].reversed()
    }
    #expect(widened(format, swapped, bigEndian: true) == expected)
  }

  @Test func zerosHideNoOverflow() {
    #expect([3, 0, 5].elementCount(of: 4) == 0)
    #expect([].elementCount(of: 4) == 1)
    #expect([2, 3].elementCount(of: 4) == 6)
    #expect([-1].elementCount(of: 1) == nil)
    #expect([1 << 62, 0, 2].elementCount(of: 1) == nil)
    #expect([1 << 61].elementCount(of: 4) == nil)
  }
}
