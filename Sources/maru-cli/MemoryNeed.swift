import Foundation
import Maru

/// The memory that training takes at least, so that a network that is too large is refused before
/// the system ends the process.
struct MemoryNeed {
  /// In bytes; a Double, since layers may ask for more than an Int can count.
  private let bytes: Double

  /// Adds up the arenas of the parameters, their gradients and what the optimizer remembers, and what
  /// the layers' plans ask for a batch, or for each thread's block of it.
  ///
  /// Throws ``ModelError`` where a layer cannot take the shape that it would get.
  init(
    _ settings: TrainingSettings, _ layers: [any Layer], _ inputShape: Shape, samples: Int
  ) throws(ModelError) {
    let arenas: Int
    let rows: Int
    if let rule = settings.rule {
      arenas = 2 + rule.slotCount
      rows = settings.batchSize.count(of: samples)
    } else {
      arenas = settings.lbfgs.numbersAParameter(threads: settings.threads)
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

  func check(_ what: String) throws {
    let (available, limit) = Self.available
    guard bytes <= available else {
      throw Failure.usage(
        "\(what) at least \(Self.gigabytes(bytes)), "
          + "there are \(Self.gigabytes(available)) of memory\(limit)")
    }
  }

  /// Checks that OpenBLAS can have its memory for one thread, without which it would ask for it for ever,
  /// and says where there is less than for all.
  /// - Parameters:
  ///   - threads: how many are to compute
  ///   - tells: whether that is told of
  static func checkThreads(_ threads: Int, telling tells: Bool = true) throws {
    let granted = ThreadMemory.reserve(upTo: threads)
    if granted == threads { return }
    let need = "OpenBLAS takes \(ThreadMemory.bytes >> 20) MiB of address space a thread"
    let left = AddressSpace.current.map { "\(Int($0.left) >> 20) MiB are left (\($0.limit))" }
    let reason = "\(need), \(left ?? "and the system does not grant them")"
    if granted == 0 { throw Failure.usage("\(reason); raise the limit") }
    if tells { Messages.print("\(granted) of \(threads) threads compute: \(reason)") }
  }

  private static func gigabytes(_ bytes: Double) -> String { "\((bytes / 1e9).fixed(1)) GB" }

  /// The machine's memory in bytes, or what its containers and the process's own limits leave of it, and
  /// which limit that is.
  private static var available: (bytes: Double, limit: String) {
    var least = (bytes: Double(ProcessInfo.processInfo.physicalMemory), limit: "")
    if let bytes = ControlGroups().memory, bytes < least.bytes {
      least = (bytes, " in this container")
    }
    if let space = AddressSpace.current, space.left < least.bytes {
      least = (space.left, " (\(space.limit))")
    }
    return least
  }
}
