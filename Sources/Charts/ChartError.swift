import Tensors
import Text

/// A picture cannot be drawn or written.
public struct ChartError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, for a program to act on.
  public enum Kind: Sendable {
    /// There is no gnuplot on the PATH.
    case gnuplotMissing
    /// gnuplot did not draw; the description has what it said.
    case failed
    /// The weights to draw are no images.
    case noImages
    /// The path does not end in `.svg` or `.png`.
    case unknownEnding
    /// The system refused to write the file.
    case inputOutput
  }

  /// What is wrong.
  public let kind: Kind
  /// What is wrong in one line, with the path where there is one.
  public let description: String

  /// Describes what is wrong; what could command a terminal is escaped.
  init(kind: Kind, description: String) {
    self.kind = kind
    self.description = description.printable
  }

  /// The line that says what to install.
  static let gnuplotMissing = ChartError(
    kind: .gnuplotMissing,
    description: "pictures need gnuplot, which is not on the PATH: apt install gnuplot-nox")

  /// The system could not run the program.
  static func notRun(_ path: String, _ reason: String) -> ChartError {
    ChartError(kind: .failed, description: "gnuplot cannot be run: \(path): \(reason)")
  }

  static func noImages(_ reason: String) -> ChartError {
    ChartError(kind: .noImages, description: reason)
  }

  /// What gnuplot said, without the line breaks and the marks under what it did not understand, and
  /// before it what ended gnuplot, where that was not itself.
  static func failed(_ message: String, end: String? = nil) -> ChartError {
    let words = message.split(whereSeparator: \.isWhitespace).filter { $0 != "^" }
    let said = words.isEmpty ? "nothing" : words.joined(separator: " ")
    let middle = end.map { "; it was \($0)" } ?? ""
    return ChartError(
      kind: .failed, description: "gnuplot did not draw\(middle); it said: \(said)")
  }
}
