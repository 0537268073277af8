import Foundation
import Maru

/// The folder that a training run leaves behind.
struct RunFolder {
  let path: String
  /// The folders that have to be made, innermost first.
  private let missing: [String]

  private static let modelName = "model.safetensors"
  private static let historyName = "history.json"
  private static let names = [modelName, historyName, "history.csv", "summary.txt"]
  private static let curveNames = ["accuracy.svg", "loss.svg"]

  /// The model file that an argument means: itself, or the one in the folder of a run.
  static func modelPath(_ argument: String) -> String { path(of: modelName, argument) }

  /// The history that an argument means: itself, or the one in the folder of a run.
  static func historyPath(_ argument: String) -> String { path(of: historyName, argument) }

  private static func path(of name: String, _ argument: String) -> String {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder)
    return exists && isFolder.boolValue ? argument + "/" + name : argument
  }

  /// Makes sure that the folder can be made and its files written, and leaves nothing behind.
  ///
  /// It is made for good only when there is a run to put into it, so that a run that fails or is
  /// interrupted has nothing to clean up.
  init(checking path: String) throws {
    self.path = path
    var missing: [String] = []
    var folder = path
    while !FileManager.default.fileExists(atPath: folder) {
      missing.append(folder)
      folder = AtomicFile.folder(of: folder)
    }
    self.missing = missing
    try create()
    defer { removeIfEmpty() }
    for name in Self.names + Self.curveNames { try AtomicFile.check(path + "/" + name) }
  }

  /// Writes the model, its history in both forms, a summary for people, and the curves.
  ///
  /// Where these cannot be drawn, a line says why, and those of an earlier run go, since they would
  /// be taken for this one's.
  func write(_ model: Sequential, _ result: TrainingResult) throws {
    let curves = Self.curves(of: result.history)
    let names = Self.names + (curves.isEmpty ? [] : Self.curveNames)
    let paths = names.map { path + "/" + $0 }
    let contents =
      [
        try ModelFile(model, classNames: result.run.dataset.classNames).contents(for: paths[0]),
        try HistoryFile.contents(result.history, parameters: result.parameters, for: paths[1]),
        Data(result.history.csv.utf8),
        Data(result.summary.utf8),
      ] + curves
    try Interrupts.heldBack {
      try create()
      do {
        try AtomicFile.write(Array(zip(paths, contents)))
        if curves.isEmpty { for name in Self.curveNames { unlink(path + "/" + name) } }
      } catch {
        removeIfEmpty()
        throw error
      }
    }
  }

  private static func curves(of history: History) -> [Data] {
    do {
      return try zip([Chart.accuracy(of: history), .loss(of: history)], curveNames)
        .map { try $0.contents(for: $1) }
    } catch {
      Messages.print("no curves: \(error)")
      return []
    }
  }

  private func create() throws {
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
  private func removeIfEmpty() {
    for folder in missing { rmdir(folder) }
  }
}
