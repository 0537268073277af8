import ArgumentParser
import Maru

/// The tables whose reading is measured.
enum LoadTable: String, CaseIterable, ExpressibleByArgument {
  /// Pictures of digits, a row each: the label, then 784 whole numbers from 0 to 255.
  case pixels
  /// 30 numbers of 6 to 8 digits, some below zero, and a label of ten classes.
  case floats

  var rows: Int { self == .pixels ? 60_000 : 400_000 }

  func path(in folder: String) -> String { "\(folder)/\(rawValue).csv" }

  /// The text of so many rows.
  func bytes(rows: Int, dataDirectory: String?) throws -> [UInt8] {
    switch self {
    case .pixels: Self.pixels(try Self.digits(rows, dataDirectory: dataDirectory), rows: rows)
    case .floats: Self.floats(rows: rows)
    }
  }

  /// MNIST, or digits drawn by a program.
  private static func digits(_ rows: Int, dataDirectory: String?) throws -> LabelledImages {
    do {
      return try Dataset.load(.mnist, dataDirectory: dataDirectory).train
    } catch  where error.kind == .missingFile {
      return GeneratedDigits.images(0..<min(rows, GeneratedDigits.trainCount))
    }
  }

  private static func pixels(_ digits: LabelledImages, rows: Int) -> [UInt8] {
    let numbers = (0...255).map { Array(",\($0)".utf8) }
    let count = digits.images.shape.count
    var text = Array(("label" + (0..<count).map { ",pixel\($0)" }.joined() + "\n").utf8)
    text.reserveCapacity(rows * count * 5 / 2)
    for row in 0..<rows {
      let index = row % digits.count
      text += "\(digits.labels[index])".utf8
      for pixel in digits.images[index] { text += numbers[Int(pixel)] }
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }

  private static let columns = 30

  private static func floats(rows: Int) -> [UInt8] {
    var generator = RandomGenerator(seed: 1, for: .data)
    var text = Array(((0..<columns).map { "x\($0)," }.joined() + "label\n").utf8)
    text.reserveCapacity(rows * columns * 10)
    for _ in 0..<rows {
      for column in 0..<columns {
        let bits = generator.next()
        if bits & 1 == 1 { text.append(UInt8(ascii: "-")) }
        append(bits >> 1, digits: 6 + column % 3, whole: 1 + column % 4, to: &text)
      }
      append(generator.next(), digits: 1, whole: 1, to: &text)
      text[text.count - 1] = UInt8(ascii: "\n")
    }
    return text
  }

  /// Appends a random number with so many digits, `whole` of them before the point, and a comma.
  private static func append(
    _ bits: UInt64, digits: Int, whole: Int, to text: inout [UInt8]
  ) {
    var rest = bits
    for place in 0..<digits {
      if place == whole { text.append(UInt8(ascii: ".")) }
      // The first of several is no zero, so that all count.
      let count: UInt64 = place == 0 && digits > 1 ? 9 : 10
      text.append(UInt8(ascii: "0") + UInt8(rest % count) + UInt8(10 - count))
      rest /= count
    }
    text.append(UInt8(ascii: ","))
  }
}
