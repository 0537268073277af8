import Foundation
import Synchronization

/// What Ctrl-C does: it ends the command with 130, as shells have it, and leaves nothing half-done.
enum Interrupts {
  private static let interrupted = Atomic<Bool>(false)

  /// Ends the command at once. Files are there whole or not at all, so there is nothing to undo,
  /// except while some are written.
  static func install() { signal(SIGINT) { _ in _exit(130) } }

  /// Runs what must not be cut off. It takes moments, so an interrupt meanwhile is dropped.
  static func heldBack(_ body: () throws -> Void) rethrows {
    signal(SIGINT, SIG_IGN)
    defer { install() }
    try body()
  }

  /// Runs what takes long and cleans up after itself when it is cancelled, as an interrupt does.
  static func cancelling<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    // The flag exists before the handler can touch it, and the handler before there is work.
    interrupted.store(false, ordering: .relaxed)
    signal(SIGINT) { _ in Interrupts.interrupted.store(true, ordering: .relaxed) }
    defer { install() }
    let work = Task { try await body() }
    let watch = Task {
      while !interrupted.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(50)) }
      work.cancel()
    }
    defer { watch.cancel() }
    return try await work.value
  }
}
