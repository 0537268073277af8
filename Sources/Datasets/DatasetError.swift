import Tensors
import Text

/// What went wrong with a data set or an image: which file or place, what was expected and what was
/// found.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure, apart because a command answers each in its own way.
  public enum Kind: Sendable {
    /// A file, a folder or a whole data set is not there.
    case missingFile
    /// A file is there and does not hold what it should.
    case malformed
    /// Reading or writing failed.
    case inputOutput
    /// No mirror delivered a file.
    case network
    /// The task was cancelled.
    case cancelled
  }

  /// The kind of failure.
  public let kind: Kind
  /// The file, the folder or the data set in question.
  public let path: String
  /// The failure in words, without the path.
  public let problem: String

  /// Creates an error about a file, a folder or a data set.
  public init(_ kind: Kind, path: String, _ problem: String) {
    self.kind = kind
    self.path = path
    self.problem = problem
  }

  static func malformed(_ path: String, expected: String, found: String) -> DatasetError {
    DatasetError(.malformed, path: path, "expected \(expected), found \(found)")
  }

  /// The path and the failure, always in one line: what could command a terminal is escaped, since a
  /// path, or what a server answers, may hold any character. An empty path is shown as `''`.
  public var description: String {
    "\((path.isEmpty ? "''" : path).printable): \(problem.printable)"
  }
}
