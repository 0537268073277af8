import Foundation
import Synchronization

/// What a process left when it ended.
public struct ProcessResult: Sendable {
  /// Its exit code, or minus the signal that ended it.
  public let exitCode: Int32
  /// What it wrote to standard output.
  public let output: String
  /// What it wrote to standard error.
  public let errors: String

  /// The lines of standard output.
  public var outputLines: [String] { Self.lines(output) }
  /// The lines of standard error.
  public var errorLines: [String] { Self.lines(errors) }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}

/// A program run to its end, both of its outputs read while it runs, so that it never waits for a
/// full pipe; one that takes too long is killed.
public enum ChildProcess {
  /// The process did not end in time, and was killed.
  public struct TimeOut: Error, CustomStringConvertible {
    /// The program, its arguments, and what it had written to standard error.
    public let description: String
  }

  /// Runs a program.
  /// - Parameters:
  ///   - program: its path
  ///   - environment: all of its environment
  ///   - timeout: after so many seconds it is killed
  ///   - signal: sent once, when standard error first holds the text
  public static func run(
    _ program: String, _ arguments: [String], environment: [String: String],
    timeout: Double = 120, signal: (number: Int32, after: String)? = nil
  ) throws -> ProcessResult {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (PipeReader(), PipeReader())
    process.standardOutput = output.pipe
    process.standardError = errors.pipe
    try runWithUnblockedSignals(process)
    let timedOut = Atomic<Bool>(false)
    let watch = DispatchSource.makeTimerSource(queue: .global())
    let identifier = process.processIdentifier
    watch.schedule(deadline: .now() + timeout)
    watch.setEventHandler {
      timedOut.store(true, ordering: .relaxed)
      kill(identifier, SIGKILL)
    }
    watch.resume()
    output.start(whenSeen: nil) {}
    errors.start(whenSeen: signal?.after) { kill(identifier, signal?.number ?? 0) }
    let (outputText, errorText) = (output.text(), errors.text())
    process.waitUntilExit()
    watch.cancel()
    if timedOut.load(ordering: .relaxed) {
      throw TimeOut(
        description: "\(program) \(arguments) took over \(timeout) s; it wrote: \(errorText)")
    }
    let wasSignalled = process.terminationReason == .uncaughtSignal
    return ProcessResult(
      exitCode: wasSignalled ? -process.terminationStatus : process.terminationStatus,
      output: outputText, errors: errorText)
  }
}

/// Starts a process with no signal blocked: the threads of the runtime block all, and a child starts
/// with what its parent's thread has blocked.
private func runWithUnblockedSignals(_ process: Process) throws {
  var (none, before) = (sigset_t(), sigset_t())
  sigemptyset(&none)
  pthread_sigmask(SIG_SETMASK, &none, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  try process.run()
}

/// Reads a pipe to its end on a thread of its own.
private final class PipeReader: Sendable {
  let pipe = Pipe()
  private let done = DispatchSemaphore(value: 0)
  private let received = Mutex(Data())

  func start(whenSeen text: String?, _ act: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [self] in
      var hasActed = text == nil
      while true {
        let piece = pipe.fileHandleForReading.availableData
        if piece.isEmpty { break }
        let all = received.withLock {
          $0.append(piece)
          return $0
        }
        if !hasActed, let text, String(decoding: all, as: UTF8.self).contains(text) {
          hasActed = true
          act()
        }
      }
      done.signal()
    }
  }

  /// Waits for the end, and gives all that came.
  func text() -> String {
    done.wait()
    return received.withLock { String(decoding: $0, as: UTF8.self) }
  }
}
