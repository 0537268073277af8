import Foundation
import Tensors

/// What a terminal, or a pipe in its place, can show.
public struct Terminal: Sendable, Equatable {
  /// The colours of the text.
  public enum Colors: Sendable {
    /// Red, green and blue of 8 bits each.
    case trueColor
    /// xterm's 256, of which 26 are greys.
    case palette
    /// None that could be relied on.
    case none
  }

  /// The width in cells.
  public let columns: Int
  /// The colours of the text.
  public let colors: Colors
  /// The width in cells, or nil where there is nothing that long lines would wrap at.
  package let limit: Int?
  /// Whether it takes codes (ECMA-48) for colours and for moving the cursor.
  package let takesCodes: Bool

  /// Describes a terminal; a width below 1 traps.
  public init(columns: Int, colors: Colors) {
    require(columns > 0, "Terminal: expected at least one column, got \(columns)")
    self.columns = columns
    self.colors = colors
    limit = columns
    takesCodes = colors != .none
  }

  /// What standard output leads to.
  public static var standardOutput: Terminal { Terminal(STDOUT_FILENO) }

  /// What standard error leads to.
  package static var standardError: Terminal { Terminal(STDERR_FILENO) }

  private init(_ descriptor: Int32) {
    self.init(
      isTerminal: isatty(descriptor) == 1, width: Self.width(of: descriptor),
      environment: ProcessInfo.processInfo.environment)
  }

  /// A terminal as its environment describes it: by $COLORTERM, $TERM, $NO_COLOR (no-color.org) and,
  /// where it does not tell its width itself, $COLUMNS; else it has 80 columns, and no limit to them.
  package init(isTerminal: Bool, width: Int?, environment: [String: String]) {
    let told = environment["COLUMNS"].flatMap { Int($0) }.flatMap { 1...10_000 ~= $0 ? $0 : nil }
    limit = width ?? told
    columns = limit ?? 80
    let type = environment["TERM"] ?? ""
    let isPlain = ["", "dumb"].contains(type) || !(environment["NO_COLOR"] ?? "").isEmpty
    takesCodes = isTerminal && !isPlain
    if !takesCodes {
      colors = .none
    } else if ["truecolor", "24bit"].contains(environment["COLORTERM"]) {
      colors = .trueColor
    } else {
      colors = type.contains("256color") ? .palette : .none
    }
  }

  /// The width of the terminal that a file descriptor leads to, or nil where there is none or it does
  /// not tell.
  package static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    let answered = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    return answered && size.ws_col > 0 ? Int(size.ws_col) : nil
  }
}
