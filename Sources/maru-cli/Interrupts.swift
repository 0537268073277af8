import Foundation
import Synchronization

/// What Ctrl-C and SIGTERM do: they end the command, with 130 and 143 as shells have it, and leave
/// nothing half-done.
enum Interrupts {
  private static let first = Atomic<Int32>(0)

  /// The signal that came first while it is only noted, if one did.
  static var received: Int32? {
    let signal = first.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }

  /// Ends the command at once. Files are there whole or not at all, so there is nothing to undo,
  /// except while some are written.
  static func install() {
    signal(SIGINT) { _exit(128 + $0) }
    signal(SIGTERM, SIG_DFL)
  }

  /// Runs what must not be cut off. It takes moments, so an interrupt meanwhile is dropped.
  static func heldBack(_ body: () throws -> Void) rethrows {
    let handlers = [SIGINT, SIGTERM].map { ($0, signal($0, SIG_IGN)) }
    defer { for (number, handler) in handlers { signal(number, handler) } }
    try body()
  }

  /// Runs what looks at ``received`` and ends in good order; a second signal ends the command at once.
  static func noted<Result>(_ body: () throws -> Result) rethrows -> Result {
    note()
    defer { install() }
    return try body()
  }

  /// Runs what takes long and cleans up after itself when it is cancelled, as an interrupt does.
  static func cancelling<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    note()
    defer { install() }
    let work = Task { try await body() }
    let watch = Task {
      while received == nil { try await Task.sleep(for: .milliseconds(50)) }
      work.cancel()
    }
    defer { watch.cancel() }
    return try await work.value
  }

  private static func note() {
    // The flag exists before the handler can touch it, and the handler before there is work.
    first.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        let before = Interrupts.first.exchange(number, ordering: .relaxed)
        if before != 0 { _exit(128 + number) }
      }
    }
  }
}
