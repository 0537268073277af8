import Foundation
import Maru
import Synchronization

/// What Ctrl-C, SIGTERM and the end of the terminal do: they end the command, with 130, 143 and 129 as
/// shells have it, and leave nothing half-done.
enum Interrupts {
  /// nohup has a command outlive its terminal.
  private static let signals = isIgnored(SIGHUP) ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
  private static let first = Atomic<Int32>(0)
  private static let tells = Atomic<Bool>(false)
  /// The last signal that came while none may.
  private static let held = Atomic<Int32>(0)

  /// The signal that came first while it is only noted, if one did.
  static var received: Int32? {
    let signal = first.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }

  /// Whether the first signal has been answered on the terminal, in lines of their own.
  static var hasTold: Bool { received != nil && tells.load(ordering: .relaxed) }

  /// Ends the command at once. Files are there whole or not at all, so there is nothing to undo,
  /// except while some are written.
  static func install() {
    // What it reads has to be there before a handler may call it.
    ChildProgram.endAll()
    for number in signals { signal(number) { Interrupts.end(by: $0) } }
    // Samples of large files are read where they lie.
    signal(SIGBUS) { _ in
      Interrupts.tell(
        "maru: error: a file was cut short, or could not be read, while it was in use\n")
      ChildProgram.endAll()
      _exit(EX_IOERR)
    }
  }

  /// What a handler may do: ends the command, and the programs that it runs.
  private static func end(by signal: Int32) -> Never {
    ChildProgram.endAll()
    _exit(128 + signal)
  }

  /// Runs what must not be cut off. It takes moments; an interrupt meanwhile comes after it.
  static func heldBack(_ body: () throws -> Void) rethrows {
    held.store(0, ordering: .relaxed)
    let handlers = signals.map { number in
      (number, signal(number) { Interrupts.held.store($0, ordering: .relaxed) })
    }
    defer {
      for (number, handler) in handlers { signal(number, handler) }
      let number = held.load(ordering: .relaxed)
      if number != 0 { raise(number) }
    }
    try body()
  }

  /// Runs what looks at ``received`` and ends in good order; a second signal ends the command at once.
  ///
  /// Who is at the terminal is told so at the first, since a step may take long.
  static func noted<Result>(_ body: () throws -> Result) rethrows -> Result {
    note(telling: isatty(STDERR_FILENO) == 1)
    defer { install() }
    return try body()
  }

  /// Runs what takes long and cleans up after itself when it is cancelled, as an interrupt does.
  static func cancelling<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    note(telling: false)
    defer { install() }
    let work = Task { try await body() }
    let watch = Task {
      while received == nil { try await Task.sleep(for: .milliseconds(50)) }
      work.cancel()
    }
    defer { watch.cancel() }
    return try await work.value
  }

  /// Runs what shows a model that is saved by now: a signal, also one that came before, ends the
  /// command at once, and a line says what there is.
  static func endingAtOnce<Result>(_ body: () throws -> Result) rethrows -> Result {
    fflush(nil)
    for number in signals {
      signal(number) { number in
        Interrupts.tell(
          "interrupted after the last step; the model is saved, its report and curves are not\n")
        Interrupts.end(by: number)
      }
    }
    defer { install() }
    if let received { raise(received) }
    return try body()
  }

  private static func note(telling: Bool) {
    // The flags exist before the handler can touch them, and the handler before there is work.
    first.store(0, ordering: .relaxed)
    tells.store(telling, ordering: .relaxed)
    for number in signals {
      signal(number) { number in
        let before = Interrupts.first.exchange(number, ordering: .relaxed)
        if before != 0 { Interrupts.end(by: number) }
        if Interrupts.tells.load(ordering: .relaxed) {
          Interrupts.tell(
            "\nfinishing the step and saving; press Ctrl-C again to stop at once\n")
        }
      }
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// What a handler may do: no more than to write.
  private static func tell(_ text: StaticString) {
    let code = errno
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    errno = code
  }
}
