import Foundation
import Maru

/// The folder that a training run leaves behind.
struct RunFolder {
  let path: String
  /// The folders that have to be made, innermost first.
  private let missing: [String]

  private static let modelName = "model.safetensors"
  private static let historyName = "history.json"
  private static let names = [modelName, historyName, "history.csv", "summary.txt", "report.html"]
  private static let curveNames = ["accuracy.svg", "loss.svg"]
  private static let checkpointName = "checkpoint.maru"

  /// The model file that an argument means: itself, or the one in the folder of a run.
  static func modelPath(_ argument: String) -> String { path(of: modelName, argument) }

  /// The history that an argument means: itself, or the one in the folder of a run.
  static func historyPath(_ argument: String) -> String { path(of: historyName, argument) }

  /// Where the run in a folder saves its state.
  static func checkpointPath(_ folder: String) -> String { folder + "/" + checkpointName }

  /// Where the run saves its state until it is complete.
  var checkpointPath: String { Self.checkpointPath(path) }

  private static func path(of name: String, _ argument: String) -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder)
    return exists && isFolder.boolValue ? argument + "/" + name : argument
  }

  /// Makes sure that the folder can be made and its files written, and leaves nothing behind.
  ///
  /// It is made for good only when there is a run to put into it, so that a run that fails has
  /// nothing to clean up. What a run that was killed was writing there is removed.
  ///
  /// Throws where the folder holds a run that was interrupted, unless it is to go on.
  init(checking path: String, resuming: Bool = false) throws {
    self.path = path
    if path.isEmpty { throw Failure.usage("--output: expected a folder, got an empty name") }
    let saved = Self.checkpointPath(path)
    let states = [saved, Checkpoint.previousPath(of: saved)].filter {
      FileManager.default.fileExists(atPath: $0)
    }
    if let state = states.first, !resuming {
      throw Failure.usage(
        "--output \(path): holds a run that was interrupted; go on with it by maru train --resume "
          + "\(path.inShell), or remove \(state)")
    }
    AtomicFile.removeLeftovers(in: path)
    var missing: [String] = []
    var folder = path
    while !FileManager.default.fileExists(atPath: folder) {
      missing.append(folder)
      folder = AtomicFile.folder(of: folder)
    }
    self.missing = missing
    try create()
    defer { removeIfEmpty() }
    for name in Self.names + Self.curveNames + [Self.checkpointName] {
      try AtomicFile.check(path + "/" + name)
    }
  }

  /// Writes the model, its history in both forms, a summary for people, the report, and its curves.
  ///
  /// Where these could not be drawn, those of an earlier run go, since they would be taken for this
  /// one's. The state of training goes, now that the run is complete.
  func write(_ model: Sequential, _ result: TrainingResult, _ report: Report) throws {
    let curves = report.pictures.map { [$0.accuracy, $0.loss] } ?? []
    let paths = (Self.names + (curves.isEmpty ? [] : Self.curveNames)).map { path + "/" + $0 }
    let contents =
      [
        try ModelFile(model, classNames: result.run.dataset.classNames).contents(for: paths[0]),
        try HistoryFile.contents(result.history, parameters: result.parameters, for: paths[1]),
        Data(result.history.csv.utf8),
        Data(result.summary.utf8),
        Data(report.html().utf8),
      ] + curves.map { Data(($0 + "\n").utf8) }
    try Interrupts.heldBack {
      try create()
      do {
        try AtomicFile.write(Array(zip(paths, contents)))
        if curves.isEmpty { for name in Self.curveNames { unlink(path + "/" + name) } }
        for path in [Checkpoint.previousPath(of: checkpointPath), checkpointPath] { unlink(path) }
      } catch {
        removeIfEmpty()
        throw error
      }
    }
  }

  /// Makes the folder where it is missing.
  func create() throws {
    for folder in missing.reversed() where mkdir(folder, 0o777) != 0 && errno != EEXIST {
      let reason = String(cString: strerror(errno))
      removeIfEmpty()
      throw Failure.inputOutput("--output \(path): cannot create the folder: \(reason)")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { throw Failure.inputOutput("--output \(path): expected a folder, found a file") }
  }

  /// Takes back the folders that this run made, where nothing is in them.
  func removeIfEmpty() {
    for folder in missing { rmdir(folder) }
  }
}
