import Foundation
import Tensors
import Text

/// A file of a model or a run cannot be read or written.
public struct ModelFileError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, for a program to act on.
  public enum Kind: Sendable {
    /// There is no such file.
    case missing
    /// The file's contents are not what its format demands.
    case malformed
    /// The system refused to read or write.
    case inputOutput
  }

  /// What is wrong.
  public let kind: Kind
  /// The path of the file.
  public let path: String
  private let reason: String

  /// Creates an error; `reason` says in a few words what was expected and what was found.
  public init(_ kind: Kind, path: String, _ reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }

  /// The path, an empty one shown as `''`, and the reason, in one line: what could command a terminal
  /// is escaped.
  public var description: String {
    "\((path.isEmpty ? "''" : path).printable): \(reason.printable)"
  }

  /// The error of a system call that just failed on `path`.
  static func system(_ operation: String, path: String) -> ModelFileError {
    let code = errno
    let isMissing = operation == "read" && (code == ENOENT || code == ENOTDIR)
    let kind: Kind = isMissing ? .missing : .inputOutput
    return ModelFileError(
      kind, path: path, "cannot \(operation): \(String(cString: strerror(code)))")
  }
}
