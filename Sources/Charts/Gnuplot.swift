import Foundation
import Synchronization

/// The program that draws, run once a picture: commands in by a pipe, the picture out by another.
///
/// No shell is involved, and none of the user's own settings of gnuplot apply.
public struct Gnuplot: Sendable {
  private let path: String

  /// Finds `gnuplot` on the PATH.
  ///
  /// Throws ``ChartError`` of kind `gnuplotMissing` where it is not there, so that a command can
  /// say so before its work.
  public init() throws(ChartError) {
    try self.init(searching: ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  /// Finds `gnuplot` in one of the folders of a list with colons between.
  package init(searching folders: String) throws(ChartError) {
    let candidates = folders.split(separator: ":").map { "\($0)/gnuplot" }
    guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw .gnuplotMissing
    }
    self.path = path
  }

  /// Runs commands and gives what they draw, or stops the program, and what it started in its turn,
  /// when it has had its time.
  ///
  /// A picture takes some tenths of a second; the limit of 60 is for busy machines.
  package func run(_ script: String, seconds limit: Double = 60) throws(ChartError) -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["--default-settings", "-"]
    // Wherever it draws, it would first set up the terminal that the user's variable names.
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "GNUTERM" }
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    do {
      try process.run()
    } catch {
      throw .failed("\(path) cannot be run: \(error.localizedDescription)")
    }
    // All three pipes move at once, so that neither side ever waits for a full one.
    let messages = Reading(errors.fileHandleForReading)
    let picture = Reading(output.fileHandleForReading)
    Self.write(Data(script.utf8), to: input.fileHandleForWriting)
    let hasEnded = { (time: DispatchTime) in
      [picture.end, messages.end, ended].allSatisfy { $0.wait(timeout: time) == .success }
    }
    guard hasEnded(.now() + limit) else {
      // Foundation starts a program as the leader of a group of its own. While anything holds a
      // pipe or runs, the group has members, and its number is no other's.
      kill(-process.processIdentifier, SIGKILL)
      // What has left the group may hold the pipes for ever.
      _ = messages.end.wait(timeout: .now() + 1)
      throw .failed(messages.text, end: "stopped after \(Script.number(limit)) seconds")
    }
    process.waitUntilExit()
    let status = process.terminationStatus
    if process.terminationReason == .uncaughtSignal {
      let name = String(cString: strsignal(status))
      throw .failed(messages.text, end: "ended by signal \(status) (\(name))")
    }
    let drawn = picture.result
    guard status == 0, !drawn.isEmpty else { throw .failed(messages.text) }
    return drawn
  }

  /// Writes on a thread of its own, whose end takes with it the signal of a broken pipe: a gnuplot
  /// that ended early is told by its exit code.
  private static func write(_ data: Data, to handle: FileHandle) {
    Thread.detachNewThread {
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      try? handle.write(contentsOf: data)
      try? handle.close()
    }
  }
}

/// A pipe that is read to its end on a thread of its own.
private final class Reading: Sendable {
  private let received = Mutex(Data())
  /// Signalled once, when all others have closed the pipe.
  let end = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread.detachNewThread { [self] in
      while true {
        let piece = handle.availableData
        if piece.isEmpty { break }
        received.withLock { $0.append(piece) }
      }
      end.signal()
    }
  }

  /// All that has come so far.
  var result: Data { received.withLock { $0 } }
  var text: String { String(decoding: result, as: UTF8.self) }
}
