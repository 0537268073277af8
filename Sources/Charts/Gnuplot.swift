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

  /// Runs commands and gives what they draw, or stops the program when it has had its time.
  ///
  /// A picture takes some tenths of a second; the limit of 60 is for busy machines.
  package func run(_ script: String, seconds limit: Double = 60) throws(ChartError) -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["--default-settings", "-"]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    do {
      try process.run()
    } catch {
      throw .failed("\(path) cannot be run")
    }
    // All three pipes move at once, so that neither side ever waits for a full one.
    let messages = Reading(errors.fileHandleForReading)
    let picture = Reading(output.fileHandleForReading)
    Self.write(Data(script.utf8), to: input.fileHandleForWriting)
    let program = process.processIdentifier
    let stop = DispatchWorkItem { kill(program, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: stop)
    let (drawn, said) = (picture.result, messages.result)
    process.waitUntilExit()
    stop.cancel()
    if process.terminationReason == .uncaughtSignal {
      throw .failed("nothing, and was stopped after at most \(limit) seconds")
    }
    guard process.terminationStatus == 0, !drawn.isEmpty else {
      throw .failed(String(decoding: said, as: UTF8.self))
    }
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
  private let end = DispatchSemaphore(value: 0)

  init(_ handle: FileHandle) {
    Thread.detachNewThread { [self] in
      let data = (try? handle.readToEnd()) ?? Data()
      received.withLock { $0 = data }
      end.signal()
    }
  }

  /// All that came, once the other side has closed.
  var result: Data {
    end.wait()
    return received.withLock { $0 }
  }
}
