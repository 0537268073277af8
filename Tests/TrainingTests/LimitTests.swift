import Foundation
import Testing
import TestSupport
import Training

/// Bounds hold for a whole process, so each test here runs in one of its own.
@Suite("training where the system refuses") struct LimitTests {
  @Test("threads that are refused change no bit")
  func refusedThreads() async {
    await #expect(processExitsWith: .success) {
      let before = try LimitedRun.allSettings.map { try LimitedRun($0, threads: 3) }
      Limits.refuseThreads()
      for (setting, before) in zip(LimitedRun.allSettings, before) {
        #expect(try LimitedRun(setting, threads: 3) == before, "\(setting)")
      }
    }
  }

  @Test("threads for which there is no address space change no bit")
  func boundedAddressSpace() async {
    await #expect(processExitsWith: .success) {
      Limits.boundAddressSpace(toFurther: 200 << 20)
      let bounded = try LimitedRun.allSettings.map { try LimitedRun($0, threads: 3) }
      Limits.freeAddressSpace()
      for (setting, bounded) in zip(LimitedRun.allSettings, bounded) {
        #expect(try LimitedRun(setting, threads: 3) == bounded, "\(setting)")
      }
    }
  }

  @Test("an epoch that is waited for in a task needs no thread of its own")
  func trainingInATask() async {
    await #expect(processExitsWith: .success) {
      let model = try LimitedRun.model(LimitedRun.allSettings[0], threads: 2)
      Limits.refuseThreads()
      var epochs = 0
      let training = try model.training(
        LimitedRun.samples, LimitedRun.labels, epochs: 2, batchSize: 24)
      for try await _ in training { epochs += 1 }
      #expect(epochs == 2)
    }
  }

  /// Two threads wait half a second for the third, which sleeps meanwhile.
  @Test("a thread that waits long leaves its processor to others")
  func waitingIsSleeping() async {
    await #expect(processExitsWith: .success) {
      let model = try LimitedRun.model(LimitedRun.allSettings[0], threads: 3)
      let before = processorSeconds()
      try model.fit(
        LimitedRun.samples, LimitedRun.labels, batchSize: 24, callbacks: [Rest(seconds: 0.1)])
      #expect(processorSeconds() - before < 0.1)
    }
  }
}

/// A callback that takes its time after each step.
private final class Rest: Callback {
  private let seconds: Double
  init(seconds: Double) { self.seconds = seconds }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    usleep(UInt32(seconds * 1e6))
    return .proceed
  }
}

private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// What a short training and all that follows it leaves.
private struct LimitedRun: Equatable {
  let bits: [UInt32]
  let figures: [Figures]

  static let samples = randomSamples([120, 300], seed: 31)
  static let labels = randomLabels(120, classes: 10, seed: 31)
  /// The units of hidden layers, cut by samples or by units; with L-BFGS, or with batches. A layer
  /// of few units on 300 inputs is summed in parts.
  static let allSettings: [(units: [Int], isFullBatch: Bool)] = [
    ([], false), ([260], false), ([70], false), ([20], true),
  ]

  init(_ setting: (units: [Int], isFullBatch: Bool), threads: Int) throws {
    let model = try Self.model(setting, threads: threads)
    let history = try model.fit(
      Self.samples, Self.labels, epochs: 2, batchSize: setting.isFullBatch ? nil : 24,
      validation: .last(0.2))
    let outputs = try model.predict(Self.samples).elements
    bits = (model.flatWeights + outputs).map(\.bitPattern)
    figures = history.epochs.map(\.values) + [try model.evaluate(Self.samples, Self.labels)]
  }

  static func model(
    _ setting: (units: [Int], isFullBatch: Bool), threads: Int
  ) throws -> Sequential {
    let hidden = setting.units.flatMap { [Dense($0), ReLU()] as [any Layer] }
    let model = try Sequential(inputShape: [300], hidden + [Dense(10), Softmax()], seed: 3)
    model.threads = threads
    // However little work a step is.
    model.fixedParts = threads
    if setting.isFullBatch {
      model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
    } else {
      model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy, clipNorm: 0.5)
    }
    return model
  }
}
