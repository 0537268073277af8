import Foundation
import Maru
import Text

/// The memory that training takes at least, so that a network that is too large is refused before
/// the system ends the process.
struct MemoryNeed {
  /// In bytes; a Double, since layers may ask for more than an Int can count.
  private let bytes: Double

  /// Adds up the arenas of the parameters, their gradients, what the optimizer remembers and the copy
  /// that is saved, where the state of training is kept another of all but the gradients, and what the layers' plans ask for a batch, or for each thread's block of it.
  ///
  /// Throws ``ModelError`` where a layer cannot take the shape that it would get.
  init(
    _ settings: TrainingSettings, _ layers: [any Layer], _ inputShape: Shape, samples: Int,
    keepingState keepsState: Bool
  ) throws(ModelError) {
    let arenas: Int
    let rows: Int
    if let rule = settings.optimizer.rule(learningRate: 0) {
      arenas = 3 + rule.slotCount + (keepsState ? 1 + rule.slotCount : 0)
      rows = settings.batchSize.count(of: samples)
    } else {
      arenas = 1 + settings.lbfgs.numbersAParameter(threads: settings.threads)
      rows = LBFGS.rowsAThread * settings.threads
    }
    let planned = try PlannedMemory(layers, inputShape, samples: rows)
    bytes =
      (planned.parameters * Double(arenas) + planned.activations)
      * Double(MemoryLayout<Float>.stride)
  }

  /// Adds up the sums, factors and workspace of a linear fit or of principal components: ten matrices in
  /// double precision with a row and a column for each input. Many threads take more, each its own sums.
  init(covarianceOf inputs: Int) {
    bytes = 10 * Double(inputs) * Double(inputs) * Double(MemoryLayout<Double>.stride)
  }

  /// Adds up what layers' plans ask for each thread's block of samples, and the outputs of all samples,
  /// twice.
  init(scoring model: Sequential, samples: Int) throws(ModelError) {
    let rows = min(samples, 128)
    let planned = try PlannedMemory(model.layers, model.inputShape, samples: rows)
    let outputs = 2 * Double(samples) * Double(model.outputShape.count)
    bytes =
      (planned.activations * Double(model.threads) + outputs) * Double(MemoryLayout<Float>.stride)
  }

  /// What products of matrices of a few thousand rows and columns take.
  init() { bytes = 64e6 }

  /// What is not counted, such as the stacks of threads, copies of a model, files and pages.
  private static let uncounted = 32e6

  /// Checks that there is enough, and beside it OpenBLAS's memory for a thread, without which that would
  /// ask for it for ever. More threads get theirs where enough is left; says so where that is less than
  /// for all.
  /// - Parameters:
  ///   - what: takes it, and is to blame
  ///   - threads: how many are to compute
  ///   - tells: whether that is told of
  func check(_ what: String, threads: Int, telling tells: Bool = true) throws {
    let available = AvailableMemory.current
    guard bytes <= available.bytes else {
      throw Failure.usage(
        "\(what) at least \(Self.text(bytes)), "
          + "there are \(Self.text(available.bytes)) of memory\(available.limit)")
    }
    let least = bytes + Self.uncounted
    guard ThreadMemory.reserve(upTo: 1, keeping: Int(least)) == 1 else {
      throw Failure.usage("\(Self.shortage(beside: least)); raise the limit")
    }
    let kept = 2 * bytes + Self.uncounted
    let granted = ThreadMemory.reserve(upTo: threads, keeping: Int(kept))
    if granted < threads && tells {
      Messages.print("\(granted) of \(threads) threads compute: \(Self.shortage(beside: kept))")
    }
  }

  private static func shortage(beside kept: Double) -> String {
    let need = "OpenBLAS takes \(ThreadMemory.bytes >> 20) MiB of address space per thread"
    guard let space = AddressSpace.current else {
      return "\(need), and the system does not grant them"
    }
    return "\(need), \(max(0, Int(space.left - kept)) >> 20) MiB are left for that (\(space.limit))"
  }

  private static func text(_ bytes: Double) -> String {
    bytes < 1e9 ? "\((bytes / 1e6).fixed(0)) MB" : "\((bytes / 1e9).fixed(1)) GB"
  }
}
