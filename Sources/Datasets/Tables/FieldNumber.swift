/// A number by its digits, which a Float can hold: mantissa · 10ᵉˣᵖᵒⁿᵉⁿᵗ.
struct DecimalNumber {
  let mantissa: UInt64
  let exponent: Int
  let isNegative: Bool

  /// Such that 19 digits are below the greatest Float, and one digit above the least that has all its
  /// bits.
  static let exponents = -37...19
  /// The most digits that are below 2⁶⁴ in any case.
  static let mostDigits = 19
}

/// Numbers as people write them, to the nearest Float.
struct FieldNumber: @unchecked Sendable {
  /// Of a text, behind which eight line breaks stand.
  let bytes: UnsafePointer<UInt8>
  let decimal: UInt8

  /// 10ⁿ, to the nearest Double.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32,
    1e33, 1e34, 1e35, 1e36, 1e37,
  ]
  /// 10ⁿ, by which digits move on for n more.
  private static let scales: [UInt64] = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
  ]

  // MARK: Plain numbers

  /// The plain number that begins at a place, where it ends, and the byte there: a minus, digits with a
  /// decimal mark, an exponent. Nil where there is none; others than plain ones may still be numbers.
  @inline(__always)
  func plain(at start: Int) -> (number: DecimalNumber, end: Int, behind: UInt8)? {
    let word = DigitWord(bytes + start)
    // Most fields of a table of pixels are so; of them this takes two thirds of the time.
    if 1...7 ~= word.count {
      let behind = word.behind
      if behind != decimal && behind | 0x20 != UInt8(ascii: "e") {
        let number = DecimalNumber(mantissa: word.value, exponent: 0, isNegative: false)
        return (number, start + word.count, behind)
      }
    }
    let isNegative = bytes[start] == UInt8(ascii: "-")
    var place = isNegative ? start + 1 : start
    var mantissa: UInt64 = 0
    let whole = readDigits(&place, &mantissa)
    var fraction = 0
    if bytes[place] == decimal {
      place += 1
      fraction = readDigits(&place, &mantissa)
    }
    guard 1...DecimalNumber.mostDigits ~= whole + fraction else { return nil }
    var exponent = -fraction
    if bytes[place] | 0x20 == UInt8(ascii: "e") {
      guard let written = self.exponent(&place) else { return nil }
      exponent += written
    }
    guard DecimalNumber.exponents ~= exponent else { return nil }
    let number = DecimalNumber(mantissa: mantissa, exponent: exponent, isNegative: isNegative)
    return (number, place, bytes[place])
  }

  /// Reads digits; gives how many there are. Of more than ``DecimalNumber/mostDigits`` the mantissa is
  /// wrong.
  @inline(__always)
  private func readDigits(_ place: inout Int, _ mantissa: inout UInt64) -> Int {
    let start = place
    var count = 0
    repeat {
      let word = DigitWord(bytes + place)
      count = word.count
      mantissa = mantissa &* Self.scales.withUnsafeBufferPointer { $0[count] } &+ word.value
      place += count
    } while count == 8
    return place - start
  }

  /// Reads an exponent from its letter on; nil where it is none, or one that is out of all bounds.
  @inline(never)
  private func exponent(_ place: inout Int) -> Int? {
    place += 1
    let isNegative = bytes[place] == UInt8(ascii: "-")
    if isNegative || bytes[place] == UInt8(ascii: "+") { place += 1 }
    var value: UInt64 = 0
    guard 1...4 ~= readDigits(&place, &value) else { return nil }
    return isNegative ? -Int(value) : Int(value)
  }

  /// The Float nearest to a number; `field` is how it is written.
  ///
  /// A product or quotient in double precision is right to a few of its last bits, so it rounds to the
  /// right Float unless it lies as close as that to the middle between two.
  @inline(__always)
  func value(_ number: DecimalNumber, _ field: TableField) -> Float {
    let value = Self.powers.withUnsafeBufferPointer { powers in
      number.exponent < 0
        ? Double(number.mantissa) / powers[-number.exponent]
        : Double(number.mantissa) * powers[number.exponent]
    }
    guard Self.roundsSafely(value) else { return slow(field) ?? .nan }
    return Float(number.isNegative ? -value : value)
  }

  /// Whether a number a few bits away rounds to the same Float.
  @inline(__always)
  private static func roundsSafely(_ value: Double) -> Bool {
    // Of 52 bits a Float keeps 23; the middle is a one and zeros in the others.
    (value.bitPattern & 0x1FFF_FFFF) &- 0x0FFF_FFFC > 8
  }

  // MARK: All numbers

  /// The finite number that a field is: with an exponent, marks between thousands, a percent sign or that of
  /// a currency, of which it is the number beside; nil where it is none.
  func value(_ field: TableField) -> Float? {
    if let (number, end, _) = plain(at: field.start), end == field.end {
      return value(number, field)
    }
    var end = field.end
    let isPercent = end > field.start && bytes[end - 1] == UInt8(ascii: "%")
    if let sign = isPercent ? 1 : currency(before: end, from: field.start) {
      end -= sign
      while end > field.start && bytes[end - 1] == RowScanner.blank { end -= 1 }
    }
    return slow(TableField(start: field.start, end: end))
  }

  /// Whether the number has marks between its thousands.
  func isGrouped(_ field: TableField) -> Bool {
    (field.start..<field.end).contains { bytes[$0] == groupMark }
  }

  /// The other decimal mark.
  private var groupMark: UInt8 { UInt8(ascii: decimal == UInt8(ascii: ",") ? "." : ",") }

  var withOtherDecimal: FieldNumber { FieldNumber(bytes: bytes, decimal: groupMark) }

  /// By the C library, whose rounding is right, once all that it also takes is excluded.
  private func slow(_ field: TableField) -> Float? {
    guard let text = normal(field) else { return nil }
    return Float(text).flatMap { $0.isFinite ? $0 : nil }
  }

  /// A number as Swift writes it: digits with a point, an exponent and signs; nil where it is none.
  private func normal(_ field: TableField) -> String? {
    // A number that no Float can hold may be as long as a file.
    guard 1...1000 ~= field.end - field.start else { return nil }
    var position = field.start
    let first = bytes[position]
    let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
    if isSigned { position += 1 }
    if let sign = currency(at: position, before: field.end) {
      position += sign
      while position < field.end && bytes[position] == RowScanner.blank { position += 1 }
    }
    guard position < field.end, bytes[position] &- 0x30 < 10 || bytes[position] == decimal else {
      return nil
    }
    var text = isSigned ? [first] : []
    text.reserveCapacity(field.end - field.start)
    guard let digits = groupedDigits(&position, field.end, into: &text) else { return nil }
    var count = digits
    if position < field.end && bytes[position] == decimal {
      text.append(UInt8(ascii: "."))
      position += 1
      count += copyDigits(&position, field.end, into: &text)
    }
    guard count > 0 else { return nil }
    if text.last == UInt8(ascii: ".") { text.append(UInt8(ascii: "0")) }
    if position < field.end && bytes[position] | 0x20 == UInt8(ascii: "e") {
      text.append(UInt8(ascii: "e"))
      position += 1
      if position < field.end,
        bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+")
      {
        text.append(bytes[position])
        position += 1
      }
      guard copyDigits(&position, field.end, into: &text) > 0 else { return nil }
    }
    return position == field.end ? String(decoding: text, as: UTF8.self) : nil
  }

  /// $, €, £ and ¥.
  private static let currencies: [[UInt8]] = [
    [0x24], [0xE2, 0x82, 0xAC], [0xC2, 0xA3], [0xC2, 0xA5],
  ]

  /// In bytes, the sign of a currency that begins at a place.
  private func currency(at place: Int, before end: Int) -> Int? {
    guard place < end, [0x24, 0xC2, 0xE2].contains(bytes[place]) else { return nil }
    return Self.currencies.first { sign in
      place + sign.count <= end && sign.indices.allSatisfy { bytes[place + $0] == sign[$0] }
    }?.count
  }

  /// In bytes, the sign of a currency that ends before a place.
  private func currency(before end: Int, from start: Int) -> Int? {
    // The last bytes of the signs; most texts end otherwise.
    guard end > start, [0x24, 0xAC, 0xA3, 0xA5].contains(bytes[end - 1]) else { return nil }
    return Self.currencies.first { sign in
      end - sign.count > start && currency(at: end - sign.count, before: end) == sign.count
    }?.count
  }

  private func copyDigits(_ position: inout Int, _ end: Int, into text: inout [UInt8]) -> Int {
    let start = position
    while position < end && bytes[position] &- 0x30 < 10 {
      text.append(bytes[position])
      position += 1
    }
    return position - start
  }

  /// Copies digits, and leaves out one kind of marks between groups of three; nil where a group has
  /// more or fewer.
  private func groupedDigits(
    _ position: inout Int, _ end: Int, into text: inout [UInt8]
  ) -> Int? {
    var count = copyDigits(&position, end, into: &text)
    guard 1...3 ~= count, let mark = mark(at: position, end) else { return count }
    repeat {
      position += mark.count
      guard copyDigits(&position, end, into: &text) == 3 else { return nil }
      count += 3
    } while self.mark(at: position, end).map { $0 == mark } ?? false
    return count
  }

  /// What stands between thousands: a comma or a point, an apostrophe, a blank, also one that is narrow or
  /// does not break.
  private func mark(at position: Int, _ end: Int) -> [UInt8]? {
    let marks: [[UInt8]] = [
      [groupMark], [UInt8(ascii: "'")], [RowScanner.blank], [0xC2, 0xA0], [0xE2, 0x80, 0xAF],
      [0xE2, 0x80, 0x99],
    ]
    return marks.first { mark in
      position + mark.count < end && mark.indices.allSatisfy { bytes[position + $0] == mark[$0] }
    }
  }
}

/// Eight bytes of a text, of which the first ones may be digits: read at once (Lemire 2021, *Number
/// parsing at a gigabyte per second*).
private struct DigitWord {
  /// The first byte is the lowest; digits are their values.
  private let bytes: UInt64
  /// How many digits there are before the first other byte.
  let count: Int

  @inline(__always)
  init(_ place: UnsafePointer<UInt8>) {
    let text = UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self))
    bytes = text ^ 0x3030_3030_3030_3030
    // The highest bit of each byte that is no digit.
    let others =
      ((bytes & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676 | bytes) & 0x8080_8080_8080_8080
    count = others.trailingZeroBitCount >> 3
  }

  /// The number that the digits are.
  @inline(__always)
  var value: UInt64 {
    // Behind zeros, so that there are eight; then pairs, fours, all.
    var digits = bytes << UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    digits = digits &* 10 &+ digits >> 8
    let mask: UInt64 = 0x0000_00FF_0000_00FF
    digits =
      (digits & mask) &* 0x000F_4240_0000_0064
      &+ (digits >> 16 & mask) &* 0x0000_2710_0000_0001
    return digits >> 32
  }

  /// The byte behind the digits, of which there are fewer than eight.
  @inline(__always)
  var behind: UInt8 {
    UInt8(truncatingIfNeeded: bytes &>> UInt64(truncatingIfNeeded: 8 &* count)) ^ 0x30
  }
}
