/// Numbers as people write them, to the nearest Float.
struct FieldNumber: @unchecked Sendable {
  let bytes: UnsafePointer<UInt8>
  let decimal: UInt8

  /// 10ⁿ, exact in a Double up to 10²².
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The Float nearest to mantissa · 10⁻ᶠʳᵃᶜᵗⁱᵒⁿ, with at most 19 digits; `field` is how it is written.
  ///
  /// A quotient in double precision is right to a few of its last bits, so it rounds to the right Float
  /// unless it lies as close as that to the middle between two.
  @inline(__always)
  func value(
    _ field: TableField, mantissa: UInt64, fraction: Int, isNegative: Bool
  ) -> Float {
    if fraction == 0 && mantissa < 1 << 24 {
      let value = Float(mantissa)
      return isNegative ? -value : value
    }
    let quotient = Self.powers.withUnsafeBufferPointer { Double(mantissa) / $0[fraction] }
    guard Self.roundsSafely(quotient) else { return slow(field) ?? .nan }
    return Float(isNegative ? -quotient : quotient)
  }

  /// Whether a number a few bits away rounds to the same Float.
  @inline(__always)
  private static func roundsSafely(_ value: Double) -> Bool {
    // Of 52 bits a Float keeps 23; the middle is a one and zeros in the others.
    (value.bitPattern & 0x1FFF_FFFF) &- 0x0FFF_FFFC > 8
  }

  /// The finite number that a field is: with an exponent, marks between thousands or a percent sign, of
  /// which it is the number before; nil where it is none.
  func value(_ field: TableField) -> Float? {
    var end = field.end
    if end > field.start && bytes[end - 1] == UInt8(ascii: "%") {
      end -= 1
      while end > field.start && bytes[end - 1] == RowScanner.blank { end -= 1 }
    }
    return slow(TableField(start: field.start, end: end))
  }

  /// Whether the number has marks between its thousands.
  func isGrouped(_ field: TableField) -> Bool {
    (field.start..<field.end).contains { bytes[$0] == groupMark }
  }

  private var groupMark: UInt8 { UInt8(ascii: decimal == UInt8(ascii: ",") ? "." : ",") }

  /// By the C library, whose rounding is right, once all that it also takes is excluded.
  private func slow(_ field: TableField) -> Float? {
    guard let text = plain(field) else { return nil }
    return Float(text).flatMap { $0.isFinite ? $0 : nil }
  }

  /// A number as Swift writes it: digits with a point, an exponent and signs; nil where it is none.
  private func plain(_ field: TableField) -> String? {
    // A number that no Float can hold may be as long as a file.
    guard 1...1000 ~= field.end - field.start else { return nil }
    let first = bytes[field.start]
    guard
      first &- 0x30 < 10 || first == decimal || first == UInt8(ascii: "-")
        || first == UInt8(ascii: "+")
    else { return nil }
    var (text, position) = ([UInt8](), field.start)
    text.reserveCapacity(field.end - field.start)
    if bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
      text.append(bytes[position])
      position += 1
    }
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
