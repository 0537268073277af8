import Foundation
import Training

/// A run's figures as JSON, in the shape of Keras's `History` object:
/// `{"history": {"loss": […], …, "seconds": […]}, "params": {…}}`.
public enum HistoryFile {
  /// What a file holds.
  public struct Run: Sendable {
    /// The figures; `seconds` is NaN where the file has none.
    public let history: History
    /// The settings and results beside them, as texts by name, such as `learning_rate` and `0.01`.
    public let parameters: [String: String]
    /// What the file leaves open and was taken for granted, a line for each.
    public let notes: [String]
  }

  private struct Contents<Parameters: Encodable>: Encodable {
    let history: [String: [Double?]]
    let params: Parameters
  }

  /// Writes a history with the settings of its run; a figure that is not finite becomes null.
  public static func write(
    _ history: History, parameters: some Encodable, to path: String
  ) throws(ModelFileError) {
    try AtomicFile.write(try contents(history, parameters: parameters, for: path), to: path)
  }

  /// The contents of the file; errors name `path`.
  public static func contents(
    _ history: History, parameters: some Encodable, for path: String
  ) throws(ModelFileError) -> Data {
    var series: [String: [Double?]] = ["seconds": history.seconds]
    for name in history.names {
      series[name] = history[name].map { $0.isFinite ? $0 : nil }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(Contents(history: series, params: parameters)) + Data("\n".utf8)
    } catch {
      throw ModelFileError(.malformed, path: path, "a setting that JSON cannot hold: \(error)")
    }
  }
}
