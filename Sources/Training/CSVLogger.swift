#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors
import Text

/// Writes the figures of each epoch to a file as training goes: a header, then one line per epoch.
///
/// The lines are those of ``History/csv``. Each is complete in the file before the next epoch
/// starts, so that a run that is killed leaves all that it had reached. A file that is there is
/// replaced when training starts. Keras's `CSVLogger`. Not `Sendable`: it belongs to one training.
public final class CSVLogger: Callback {
  /// The file cannot be written; training ends.
  public struct WriteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What the system says about it.
    public let reason: String

    /// The path and the reason in one line.
    public var description: String { "cannot write \(path.printable): \(reason)" }
  }

  /// Where the file is.
  public let path: String
  private var file: UnsafeMutablePointer<FILE>?

  /// Creates the callback; the file is opened when training starts.
  public init(_ path: String) { self.path = path }

  deinit { if let file { fclose(file) } }

  /// Opens the file and writes the header.
  public func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) throws {
    try close()
    file = fopen(path, "w")
    if file == nil { throw error() }
    try write(History.csvHeader(progress.figureNames))
  }

  /// Writes the lines of the epochs that are complete.
  public func trainingWillResume(_ history: History, memory: CallbackMemory?) throws {
    for record in history.epochs { try write(History.csvLine(record)) }
  }

  /// Writes the line of an epoch.
  public func epochDidEnd(_ record: EpochRecord, model: Sequential) throws -> Decision {
    try write(History.csvLine(record))
    return .proceed
  }

  /// Closes the file.
  public func trainingDidEnd(_ history: History, model: Sequential) throws { try close() }

  private func write(_ line: String) throws(WriteError) {
    guard let file else { return }
    if fputs(line, file) < 0 || fflush(file) != 0 { throw error() }
  }

  private func close() throws(WriteError) {
    guard let open = file else { return }
    file = nil
    if fclose(open) != 0 { throw error() }
  }

  private func error() -> WriteError {
    WriteError(path: path, reason: String(cString: strerror(errno)))
  }
}

@available(*, unavailable, message: "A callback belongs to one training.")
extension CSVLogger: Sendable {}
