/// Data, layers or settings that do not fit together, found before any work is done.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was expected and what was found, in one line.
  public let description: String

  /// Creates an error from its one line.
  public init(_ description: String) { self.description = description }

  /// A state whose parts contradict each other, such as one from a damaged file.
  static let contradictoryState = Self(
    "the parts of the interrupted training's state contradict each other")
}
