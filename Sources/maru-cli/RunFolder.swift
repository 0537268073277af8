import Foundation
import Maru

/// The folder that a training run leaves behind.
struct RunFolder {
  private let folder: OutputFolder
  var path: String { folder.path }

  private static let modelName = "model.safetensors"
  private static let historyName = "history.json"
  private static let reportName = "report.html"
  private static let pictureNames = ["accuracy.svg", "loss.svg", "predictions.svg"]
  /// What shows the model and how it came about.
  private static let showingNames =
    [historyName, "history.csv", "summary.txt", reportName] + pictureNames
  private static let checkpointName = "checkpoint.maru"
  private static let finalStateName = "state.maru"

  /// The model file that an argument means: itself, or the one in the folder of a run.
  static func modelPath(_ argument: String) -> String { path(of: modelName, argument) }

  /// The history that an argument means: itself, or the one in the folder of a run.
  static func historyPath(_ argument: String) -> String { path(of: historyName, argument) }

  /// Where the run in a folder saves its state.
  static func checkpointPath(_ folder: String) -> String { folder + "/" + checkpointName }

  /// Where the run in a folder keeps the state in which it ended.
  static func finalStatePath(_ folder: String) -> String { folder + "/" + finalStateName }

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
  /// Throws where another process trains into the folder, and where it holds a run: one that was
  /// interrupted, unless that has been read to go on, and is held by then; a finished one, unless
  /// that may be replaced. Call ``removeIfEmpty()`` at the end, since a run that fails leaves nothing
  /// behind.
  init(checking path: String, resuming: Bool, replacing force: ForceOption) throws {
    folder = try OutputFolder(path)
    if !resuming {
      // A run that has nothing to save takes its folder away. Who does not hold it leaves it.
      repeat { try folder.create() } while try !Self.hold(path, of: "--output")
    }
    do {
      if !resuming {
        try Self.refuseInterruptedRun(in: path)
        try Self.refuseFinishedRun(in: path, unless: force)
      }
      for name in [Self.modelName] + Self.showingNames + [Self.checkpointName, Self.finalStateName]
      {
        try AtomicFile.check(path + "/" + name)
      }
    } catch {
      folder.removeIfEmpty()
      throw error
    }
  }

  /// Throws where the folder holds a finished run that may not be replaced; one that was interrupted
  /// there later is for who holds the folder to tell of.
  static func refuseFinishedRun(in path: String, unless force: ForceOption) throws {
    guard savedStates(in: path).isEmpty else { return }
    try force.check(([modelName] + showingNames).map { path + "/" + $0 }, of: path)
  }

  /// The states of a run that is not complete, the latest first.
  private static func savedStates(in path: String) -> [String] {
    let saved = checkpointPath(path)
    return [saved, Checkpoint.previousPath(of: saved)].filter(
      FileManager.default.fileExists(atPath:))
  }

  private static func refuseInterruptedRun(in path: String) throws {
    if let state = savedStates(in: path).first {
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
    if savedStates(in: argument).isEmpty { return }
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

  /// Writes the model, which is safe from then on.
  ///
  /// What shows an earlier one goes with that, as does the state of training from which that could go on.
  func save(_ trained: TrainedModel) throws {
    let (run, file) = (trained.run, path(of: Self.modelName))
    let model = try ModelFile(trained.model, of: run.dataset, loss: run.settings.loss)
    let contents = try model.contents(for: file)
    let stale = Self.showingNames + [Self.finalStateName]
    try Interrupts.heldBack {
      try create()
      try AtomicFile.write([(file, contents)], removing: stale.map(path(of:)))
      // Killed in between, it leaves the latest.
      for state in Self.savedStates(in: path).reversed() { unlink(state) }
    }
  }

  /// Writes the history in both forms, a summary for people, and the state in which training ended, where
  /// it may go on for more epochs.
  func writeTexts(of result: TrainingResult) -> [Unwritten] {
    let history = path(of: Self.historyName)
    let run = result.trained.run
    let state = result.trained.state.map { state in
      (
        Self.finalStateName,
        { Checkpoint(state, settings: RunSettings(run.settings, run.dataset).text).contents }
      )
    }
    return write(
      [
        (
          Self.historyName,
          {
            try HistoryFile.contents(result.history, parameters: result.parameters, for: history)
          }
        ),
        ("history.csv", { Data(result.history.csv.utf8) }),
        ("summary.txt", { Data(result.summary.utf8) }),
      ] + (state.map { [$0] } ?? []))
  }

  /// Draws the pictures, and writes the report with them and the curves apart.
  func writeReport(of result: TrainingResult) -> [Unwritten] {
    let report: Report
    do { report = try result.report() } catch {
      return [Unwritten(names: [Self.reportName] + Self.pictureNames, error)]
    }
    // Numbers have no accuracy to be drawn, and classes no predictions.
    let drawn = report.pictures
    let pictures = zip(Self.pictureNames, [drawn.accuracy, drawn.loss, drawn.numbers])
    let unwritten = write(
      [(Self.reportName, { Data(report.html().utf8) })]
        + pictures.compactMap { name, svg in
          svg.map { svg in (name, { Data((try svg.get() + "\n").utf8) }) }
        })
    if unwritten.isEmpty, let error = report.pictureError {
      return [Unwritten(names: ["a picture of \(Self.reportName)"], error)]
    }
    return unwritten
  }

  /// Writes files that show the model, each alone, and tells which could not be written.
  private func write(_ files: [(name: String, contents: () throws -> Data)]) -> [Unwritten] {
    files.compactMap { name, contents in
      do {
        let contents = try contents()
        try Interrupts.heldBack { try AtomicFile.write(contents, to: path(of: name)) }
        return nil
      } catch { return Unwritten(names: [name], error) }
    }
  }

  private func path(of name: String) -> String { path + "/" + name }

  /// Files of a run that could not be made or written, for one reason.
  struct Unwritten {
    let names: [String]
    let error: any Error

    init(names: [String], _ error: any Error) { (self.names, self.error) = (names, error) }

    /// Whether all that is wrong is that pictures need a program which is not installed.
    var isForLackOfGnuplot: Bool { (error as? ChartError)?.kind == .gnuplotMissing }
  }

  /// Throws a failure that tells what is missing beside the model, and why.
  func check(_ unwritten: [Unwritten]) throws {
    guard let first = unwritten.first else { return }
    let names = unwritten.flatMap(\.names).joined(separator: ", ")
    throw Failure.inputOutput(
      "\(path): the model is saved, but not \(names): "
        + (Failure(first.error)?.message ?? "\(first.error)"))
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
