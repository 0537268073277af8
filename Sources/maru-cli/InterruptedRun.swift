import ArgumentParser
import Foundation
import Maru

/// How often a run saves its state.
enum CheckpointInterval: ExpressibleByArgument, Codable, Equatable {
  case steps(Int)
  case epoch

  init?(argument: String) {
    if argument == "epoch" {
      self = .epoch
    } else if let steps = Int(argument), steps >= 1 {
      self = .steps(steps)
    } else {
      return nil
    }
  }

  var interval: Checkpoints.Interval {
    switch self {
    case .steps(let steps): .steps(steps)
    case .epoch: .epochs
    }
  }
}

/// What a checkpoint of a run holds beside the state of training: all that its command was given.
struct RunSettings: Codable {
  let settings: TrainingSettings
  /// Of the training samples and labels.
  let dataChecksum: UInt32
  let core: String

  init(_ settings: TrainingSettings, _ dataset: Dataset) {
    self.settings = settings.withWholePaths
    dataChecksum = dataset.train.checksum
    core = OpenBLAS.coreName
  }

  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return String(decoding: try encoder.encode(self), as: UTF8.self) } catch {
      fatalError("RunSettings: \(error)")
    }
  }
}

/// A run that was interrupted, or that ended and may go on for more epochs, as its folder holds it.
struct InterruptedRun {
  let path: String
  let state: TrainingState
  /// Whether the run has come to its end, and can only go on for more epochs.
  let isComplete: Bool
  private let saved: RunSettings

  var settings: TrainingSettings { saved.settings }

  /// Reads the folder's checkpoint, or the one before where that is damaged; the folder is this
  /// process's from then on.
  init(in path: String) throws {
    self.path = path
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard !exists || isFolder.boolValue, !path.isEmpty else {
      throw Failure.usage("--resume \(path): expected the folder of a run that was interrupted")
    }
    _ = try RunFolder.hold(path, of: "--resume")
    let current = RunFolder.checkpointPath(path)
    var source = current
    let checkpoint: Checkpoint
    do throws(ModelFileError) {
      checkpoint = try Checkpoint(contentsOf: current)
    } catch {
      let previous = Checkpoint.previousPath(of: current)
      // One that cannot be read now may be whole.
      if error.kind != .inputOutput, let older = try? Checkpoint(contentsOf: previous) {
        Messages.print("\(error); going on from the one before")
        checkpoint = older
        // The next one to be saved must not take the place of the one that is whole.
        guard rename(previous, current) == 0 else {
          throw Failure.inputOutput(
            "\(previous): cannot rename: \(String(cString: strerror(errno)))")
        }
      } else {
        guard error.kind == .missing else { throw error }
        source = RunFolder.finalStatePath(path)
        checkpoint = try Self.finalState(of: path)
      }
    }
    isComplete = source != current
    state = checkpoint.state
    let text = Data(checkpoint.settings.utf8)
    guard let saved = try? JSONDecoder().decode(RunSettings.self, from: text),
      saved.settings.problem == nil, (try? saved.settings.madeLayers()) != nil,
      saved.settings.initial.map({ $0.file != nil }) ?? true
    else { throw Failure.data("\(source): not a checkpoint of maru train") }
    self.saved = saved
  }

  /// The state in which a run ended.
  private static func finalState(of path: String) throws -> Checkpoint {
    do throws(ModelFileError) {
      return try Checkpoint(contentsOf: RunFolder.finalStatePath(path))
    } catch {
      guard error.kind == .missing else { throw error }
      guard access(RunFolder.modelPath(path), F_OK) == 0 else {
        throw Failure.missingFile(
          "--resume \(path): expected the folder of a run that was interrupted, found no checkpoint"
        )
      }
      throw Failure.usage(
        "--resume \(path): the run is complete and keeps no state of training, since it ended before "
          + "its last epoch, or is of an earlier version; to train on from its weights: maru train "
          + "--initial \(path.inShell)")
    }
  }

  /// Throws a failure where the run has come further than it is asked to.
  func check(epochs: Int) throws {
    let begun = state.step > 0 ? state.epoch : state.epoch - 1
    guard !isComplete || epochs > begun else {
      throw Failure.usage(
        "--resume \(path): the run is complete after \(begun) epochs; to train for more: --epochs N, "
          + "N above \(begun)")
    }
    guard epochs >= begun else {
      throw Failure.usage("--epochs: expected at least \(begun), which are begun, got \(epochs)")
    }
  }

  /// Says what other threads than those of the run change, if they do: a state of an earlier version
  /// does not tell the parts that a step was cut into, which then follow from the threads.
  func tellOfThreads(_ count: Int) {
    if state.parts == nil && count != settings.threads && !settings.isDeterministic {
      Messages.print(
        """
        the run began with \(settings.threads) threads, and goes on with \(count): the model will be \
        the same to rounding, not byte for byte
        """)
    }
  }

  /// Throws a failure where the data are not those of the run; says so where the kernels are not.
  func check(_ dataset: Dataset) throws {
    guard dataset.train.checksum == saved.dataChecksum else {
      throw Failure.data(
        "--resume \(path): the samples of \(dataset.name) are not those that the run began with")
    }
    if OpenBLAS.coreName != saved.core {
      Messages.print(
        """
        the run began on OpenBLAS's kernels for \(saved.core), these are for \
        \(OpenBLAS.coreName): the model will be the same but for rounding
        """)
    }
  }
}

/// Ends training at the next step after an interrupt, its state saved in the run's folder.
final class InterruptWatch: Callback {
  /// Training was interrupted, and its state saved.
  struct Interrupted: Error {
    let signal: Int32
    let message: String
  }

  private let folder: RunFolder
  private let settings: String
  private let epochs: Int

  init(_ folder: RunFolder, settings: String, epochs: Int) {
    (self.folder, self.settings, self.epochs) = (folder, settings, epochs)
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    Interrupts.received == nil ? .proceed : .pause
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) throws {
    // After the last step there is nothing to go on with, but a model to save.
    guard let signal = Interrupts.received, state.epoch <= epochs else { return }
    let place = "interrupted in epoch \(state.epoch) after step \(state.step)"
    guard state.hasFiniteWeights else {
      throw Interrupted(
        signal: signal, message: "\(place); not saved, since the weights are no longer finite")
    }
    try folder.create()
    try Checkpoint(state, settings: settings).write(to: folder.checkpointPath)
    throw Interrupted(
      signal: signal, message: "\(place); to go on: maru train --resume \(folder.path.inShell)")
  }
}
