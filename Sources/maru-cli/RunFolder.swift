import Foundation
import Maru

/// The folder that a training run leaves behind.
struct RunFolder {
  private let folder: OutputFolder
  var path: String { folder.path }

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

  /// Makes the folder, holds it against other processes, and makes sure that its files can be
  /// written.
  ///
  /// Throws where another process trains into the folder, and where it holds a run that was
  /// interrupted, unless that has been read to go on, and is held by then. Call ``removeIfEmpty()``
  /// at the end, since a run that fails leaves nothing behind.
  init(checking path: String, resuming: Bool = false) throws {
    folder = try OutputFolder(path)
    if !resuming {
      // A run that has nothing to save takes its folder away. Who does not hold it leaves it.
      repeat { try folder.create() } while try !Self.hold(path, of: "--output")
    }
    do {
      if !resuming { try Self.refuseInterruptedRun(in: path) }
      for name in Self.names + Self.curveNames + [Self.checkpointName] {
        try AtomicFile.check(path + "/" + name)
      }
    } catch {
      folder.removeIfEmpty()
      throw error
    }
  }

  private static func refuseInterruptedRun(in path: String) throws {
    let saved = checkpointPath(path)
    let states = [saved, Checkpoint.previousPath(of: saved)].filter {
      FileManager.default.fileExists(atPath: $0)
    }
    if let state = states.first {
      throw Failure.usage(
        "--output \(path): holds a run that was interrupted; go on with it by maru train --resume "
          + "\(path.inShell), or remove \(state)")
    }
  }

  /// Makes the folder this process's own to train into, until it ends in whatever way.
  ///
  /// Gives false where the folder has been removed meanwhile. A file system without locks holds
  /// nothing.
  static func hold(_ path: String, of option: String) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { return errno != ENOENT }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      throw Failure.usage("\(option) \(path): another process is training into this folder")
    }
    var (held, named) = (stat(), stat())
    let isThere =
      fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
      && held.st_dev == named.st_dev
    // Open, it is the lock.
    if !isThere { close(descriptor) }
    return isThere
  }

  /// Throws a failure where a folder holds a run that is not finished and no other; says so where it
  /// holds both a finished run and one that was begun there later.
  static func checkIsFinished(_ argument: String) throws {
    let saved = checkpointPath(argument)
    let isBegun = [saved, Checkpoint.previousPath(of: saved)].contains(
      where: FileManager.default.fileExists(atPath:))
    if !isBegun { return }
    let command = "maru train --resume \(argument.inShell)"
    guard FileManager.default.fileExists(atPath: argument + "/" + modelName) else {
      throw Failure.missingFile(
        "\(argument): the run is not finished, and has no model and no history yet; "
          + "to go on with it: \(command)")
    }
    Messages.print(
      """
      \(argument): the model and its history are of an earlier run than the one interrupted there; \
      to go on with that: \(command)
      """)
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
      try AtomicFile.write(Array(zip(paths, contents)))
      if curves.isEmpty { for name in Self.curveNames { unlink(path + "/" + name) } }
      for path in [Checkpoint.previousPath(of: checkpointPath), checkpointPath] { unlink(path) }
    }
  }

  /// Takes back the state that was saved last, for the one before it.
  func dropCheckpoint() {
    if rename(Checkpoint.previousPath(of: checkpointPath), checkpointPath) != 0 {
      unlink(checkpointPath)
    }
  }

  /// Makes the folder where it is missing, as after someone has removed it.
  func create() throws { try folder.create() }

  /// Takes back the folders that this run made, where nothing is in them.
  func removeIfEmpty() { folder.removeIfEmpty() }
}
