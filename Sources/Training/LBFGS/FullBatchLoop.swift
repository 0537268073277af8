import Layers
import Text

/// The program of `fit` by L-BFGS: an epoch is one iteration.
final class FullBatchLoop: TrainingProgram {
  private let compilation: Compilation
  private let batch: FullBatch
  private let solver: LBFGSSolver
  let progress: TrainingProgress
  var stepDidEnd: (TrainingProgress) -> Decision = { _ in .proceed }
  /// Their order is the same for all epochs.
  var samples: [Int32]

  /// Plans all buffers.
  ///
  /// Throws where the loss would not be the same function in every pass.
  init(
    model: Sequential, compilation: Compilation, settings: LBFGS, source: any SampleSource,
    targets: PreparedTargets, samples: [Int32], parts: Int, epochs: Int,
    isProfiled: Bool
  ) throws(ModelError) {
    if let layer = model.layerThatChangesLoss {
      throw ModelError(
        "layer \(layer): \(type(of: model.layers[layer])) changes the loss from pass to pass, and "
          + "L-BFGS expects one that stays")
    }
    self.compilation = compilation
    self.samples = samples
    let batch = FullBatch(
      model: model, compilation: compilation, source: source, targets: targets, samples: samples,
      parts: parts, isProfiled: isProfiled)
    self.batch = batch
    solver = LBFGSSolver(
      LBFGSSolver.Objective(
        point: model.parameters, gradient: compilation.gradients, evaluate: batch.evaluate),
      memory: settings.memory, tolerance: settings.tolerance)
    progress = TrainingProgress(epochs: epochs, steps: 1, notes: batch.notes)
  }

  /// Nothing: a sum over all samples has no order.
  func shuffle() {}

  /// One iteration, unless it has been made.
  func run() -> Decision {
    if progress.step == progress.steps { return .proceed }
    // BLAS adds in another order on more threads.
    let outcome = OpenBLAS.withSingleThread { solver.iterate() }
    compilation.steps += 1
    // A gradient that is not finite is as bad as such a loss.
    let loss = outcome == .notFinite ? .nan : solver.value ?? .nan
    (progress.step, progress.batchLoss) = (1, loss)
    progress.sums = EpochSums(
      samples: batch.sampleCount, loss: loss * Double(batch.sampleCount))
    return stepDidEnd(progress).joined(with: reason(of: outcome).map { .stop($0) } ?? .proceed)
  }

  var parts: Int { batch.parts }

  var memory: CallbackMemory? { solver.memory }

  func resume(_ memory: CallbackMemory) throws(ModelError) {
    guard solver.resume(memory) else { throw .contradictoryState }
  }

  func outOfRange(_ layerNames: [String]) -> String? {
    progress.batchLoss.isFinite ? nil : batch.outOfRange(layerNames)
  }

  private func reason(of outcome: LBFGSSolver.Outcome) -> String? {
    let passes = solver.evaluations == 1 ? "1 pass" : "\(solver.evaluations) passes"
    let after = "after \(passes) over the samples"
    return switch outcome {
    case .advanced: nil
    case .converged:
      solver.norm == 0
        ? "the gradient is 0 \(after)"
        : "the gradient fell to \(solver.remaining.scientific(1)) of its start \(after)"
    case .stalled:
      "rounding hides any lower loss; the gradient is \(solver.remaining.scientific(1)) of its start \(after)"
    case .notFinite: "the loss or its gradient is not finite"
    }
  }

  /// Gives what was measured so far to a profile.
  func record(in profile: StepProfile, model: Sequential, steps: Int) {
    batch.record(in: profile, model: model, steps: steps)
  }
}
