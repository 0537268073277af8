import Dispatch
import Foundation

/// What Ctrl-C does: it ends the command with 130, as shells have it, and leaves nothing half-done.
enum Interrupts {
  /// Ends the command at once. Files are there whole or not at all, so there is nothing to undo,
  /// except while some are written.
  static func install() { signal(SIGINT) { _ in _exit(130) } }

  /// Runs what must not be cut off. It takes moments, so an interrupt meanwhile is dropped.
  static func heldBack(_ body: () throws -> Void) rethrows {
    signal(SIGINT, SIG_IGN)
    defer { install() }
    try body()
  }

  /// Waits for a task; an interrupt cancels it, and the task cleans up after itself.
  static func cancelling<Success: Sendable>(_ task: Task<Success, any Error>) async throws
    -> Success
  {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { task.cancel() }
    source.resume()
    defer {
      source.cancel()
      install()
    }
    return try await task.value
  }
}
