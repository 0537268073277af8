import Foundation
import Maru
import Text

/// A line for people, written as a literal: what is interpolated is shown as one line and escaped,
/// so that no name from a file can command the terminal or pass for a line of its own.
struct Line: ExpressibleByStringInterpolation {
  let text: String

  init(stringLiteral literal: String) { text = literal }

  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// What the literal is put together from.
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }

    mutating func appendInterpolation(_ value: some Any) { text += "\(value)".printable }
  }
}

/// What a command gives, to standard output.
enum Results {
  static func print(_ line: Line) { Swift.print(line.text) }

  /// Prints lines, with their ends.
  static func print(lines: String) { Swift.print(lines.printableLines, terminator: "") }

  /// Prints an image, whose colours are codes.
  static func print(_ picture: TerminalPicture) { Swift.print(picture, terminator: "") }
}

/// Lines for the person at the terminal, apart from results: to standard error.
enum Messages {
  static func print(_ line: Line) { write(line.text + "\n") }

  /// Prints lines, with their ends.
  static func print(lines: String) { write(lines.printableLines) }

  /// Writes what draws a line in place; text from files is not for it.
  static func draw(_ codes: String) { write(codes) }

  private static func write(_ text: String) {
    // Results printed before stay before, also where both go to one pipe.
    fflush(nil)
    // Where even this can't be written, nobody is there to be told.
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let result = bytes[written...].withUnsafeBytes {
        Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count)
      }
      if result < 0 && errno == EINTR { continue }
      if result <= 0 { return }
      written += result
    }
  }
}

extension Terminal {
  /// Names, shortened where a line of some of them beside so many other cells would wrap.
  func fitted(_ names: [String], times count: Int = 1, beside taken: Int) -> [String] {
    let room = limit.map { max(12, ($0 - taken) / count) } ?? .max
    return names.map { $0.cut(toCells: room) }
  }
}

@available(*, unavailable, message: "Use Results.print, which escapes what comes from files.")
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {}
