import Foundation
import Maru

/// The folder that a training run leaves behind.
struct RunFolder {
  let path: String
  private let isNew: Bool

  static let modelName = "model.safetensors"

  /// The model file that an argument means: itself, or the one in the folder of a run.
  static func modelPath(_ argument: String) -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder)
    return exists && isFolder.boolValue ? argument + "/" + modelName : argument
  }

  /// Creates the folder where it is missing, and makes sure that files can be written to it.
  init(creating path: String) throws {
    self.path = path
    isNew = !FileManager.default.fileExists(atPath: path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure.inputOutput("--output \(path): cannot create the folder: \(Self.reason(error))")
    }
    let probe = path + "/.maru-\(ProcessInfo.processInfo.processIdentifier)"
    guard FileManager.default.createFile(atPath: probe, contents: nil) else {
      throw Failure.inputOutput("--output \(path): cannot write to the folder")
    }
    unlink(probe)
  }

  /// Takes the folder back, where this run made it and nothing is in it yet.
  func removeIfEmpty() {
    if isNew { rmdir(path) }
  }

  /// Writes the model, its history in both forms, and a summary for people.
  func write(
    _ model: Sequential, classNames: [String], history: History, parameters: RunParameters,
    summary: String
  ) throws {
    try ModelFile(model, classNames: classNames).write(to: path + "/" + Self.modelName)
    try HistoryFile.write(history, parameters: parameters, to: path + "/history.json")
    try AtomicFile.write(history.csv, to: path + "/history.csv")
    try AtomicFile.write(summary, to: path + "/summary.txt")
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    guard let underlying, underlying.domain == NSPOSIXErrorDomain else {
      return error.localizedDescription
    }
    return String(cString: strerror(Int32(underlying.code)))
  }
}
