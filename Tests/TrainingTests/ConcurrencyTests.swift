import BLAS
import Foundation
import Synchronization
import TestSupport
import Testing
import Training

/// Work at the same time changes no bit of a result.
@Suite(.serialized) struct ConcurrencyTests {
  // MARK: two models at once

  /// Teams of one to three workers, tiles of units and of samples, and everything that is drawn.
  private static let settings: [(units: [Int], threads: Int, optimizer: any Optimizer)] = [
    ([256, 10], 2, .adam()), ([70, 10], 1, .sgd(learningRate: 0.1, momentum: 0.9)),
    ([10], 3, .sgd(learningRate: 0.1)), ([300, 130, 10], 2, .rmsprop()),
  ]

  private static let samples = randomSamples([400, 90], seed: 21)
  private static let labels = randomLabels(400, classes: 10, seed: 21)

  private static func model(_ index: Int) throws -> Sequential {
    let (units, threads, optimizer) = settings[index]
    let hidden = units.dropLast().flatMap { [Dense($0), ReLU(), Dropout(0.2)] as [any Layer] }
    let model = try Sequential(
      inputShape: [90], hidden + [Dense(10), Softmax()], seed: UInt64(index))
    model.threads = threads
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy)
    return model
  }

  private static func train(_ index: Int) throws -> (weights: [Float], figures: [Figures]) {
    let model = try model(index)
    let history = try model.fit(
      samples, labels, epochs: 4, batchSize: 24, validation: .shuffled(0.2))
    return (model.flatWeights, history.epochs.map(\.values))
  }

  @Test(arguments: [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)])
  func twoModelsTrainedAtOnceAreWhatTheyAreAlone(_ pair: (Int, Int)) async throws {
    let alone = try [pair.0, pair.1].map { try Self.train($0) }
    for _ in 0..<3 {
      async let first = Self.train(pair.0)
      async let second = Self.train(pair.1)
      for (result, alone) in zip(try await [first, second], alone) {
        #expect(firstDifference(result.weights, alone.weights) == nil)
        #expect(result.figures == alone.figures)
      }
    }
  }

  // MARK: a host program

  /// In a process of its own, since the number of OpenBLAS's threads is the process's.
  @Test(.enabled(if: !OwnProduct.widths.isEmpty, "without AVX2 products are OpenBLAS's own"))
  func aHostThatMultipliesAndSetsOpenBLASsThreadsChangesNoBit() async {
    await #expect(processExitsWith: .success) {
      let alone = try [0, 3].map { try Self.train($0) }
      let predictor = Predictor(try Self.model(0))
      let scores = try predictor.predict(Self.samples).elements
      let isDone = Atomic<Bool>(false)
      let wrong = Atomic<Int>(0)
      let hosts = DispatchGroup()
      for host in 1...2 {
        hosts.enter()
        Thread.detachNewThread {
          let n = 150
          let a = randomSamples([n, n], seed: UInt64(host))
          let expected = a.multiplied(by: a).elements
          while !isDone.load(ordering: .relaxed) {
            for threads in [1, 3, 2] {
              OpenBLAS.threads = threads
              // Another number of threads may round in another order.
              let product = a.multiplied(by: a).elements
              let isNear = zip(product, expected).allSatisfy { abs($0 - $1) < 1e-3 }
              if !isNear { wrong.add(1, ordering: .relaxed) }
            }
            let again = try? predictor.predict(Self.samples).elements
            if again != scores { wrong.add(1, ordering: .relaxed) }
          }
          hosts.leave()
        }
      }
      for _ in 0..<3 {
        async let first = Self.train(0)
        async let second = Self.train(3)
        for (result, alone) in zip(try await [first, second], alone) {
          #expect(firstDifference(result.weights, alone.weights) == nil)
          #expect(result.figures == alone.figures)
        }
      }
      isDone.store(true, ordering: .relaxed)
      hosts.wait()
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }

  // MARK: scoring

  @Test(arguments: [1, 2])
  func manyThreadsScoringAtOnceGetWhatOneGets(threads: Int) throws {
    let predictor = Predictor(try Self.model(0), threads: threads)
    let sizes = [1, 7, 128, 129, 300]
    let alone = try sizes.map { try predictor.predict(Self.samples[rows: 0..<$0]).elements }
    let wrong = Atomic<Int>(0)
    let done = DispatchGroup()
    for caller in 0..<16 {
      done.enter()
      Thread.detachNewThread {
        for turn in 0..<20 {
          let index = (caller + turn) % sizes.count
          let result = try? predictor.predict(Self.samples[rows: 0..<sizes[index]])
          if result.map({ firstDifference($0.elements, alone[index]) }) != .some(nil) {
            wrong.add(1, ordering: .relaxed)
          }
        }
        done.leave()
      }
    }
    done.wait()
    #expect(wrong.load(ordering: .relaxed) == 0, "of 320 calls")
  }

  @Test func aPredictorIsTheModelAsItWas() async throws {
    let model = try Self.model(3)
    let before = try model.predict(Self.samples).elements
    let scores = try model.predict(Self.samples, scores: true).elements
    let predictor = Predictor(model)
    #expect(predictor.inputShape == [90] && predictor.outputShape == [10])
    #expect(predictor.threads == 1)
    let predicting = Task {
      try (0..<10).map { _ in try predictor.predict(Self.samples).elements }
    }
    try model.fit(Self.samples, Self.labels, epochs: 2)
    for during in try await predicting.value { #expect(firstDifference(during, before) == nil) }
    #expect(
      firstDifference(try predictor.predict(Self.samples, scores: true).elements, scores) == nil)
    #expect(firstDifference(try model.predict(Self.samples).elements, before) != nil)
  }

  @Test func memoryOfTheCallerGetsTheSame() throws {
    let predictor = Predictor(try Self.model(1), threads: 2)
    for scores in [false, true] {
      for count in [0, 1, 129, 300] {
        let samples = Self.samples[rows: 0..<count]
        var outputs = [Float](repeating: .nan, count: count * 10)
        samples.withUnsafeBufferPointer { inputs in
          outputs.withUnsafeMutableBufferPointer {
            predictor.predict(inputs, into: $0, scores: scores)
          }
        }
        let expected = try predictor.predict(samples, scores: scores).elements
        #expect(firstDifference(outputs, expected) == nil, "\(count) samples, scores: \(scores)")
      }
    }
  }

  @Test func memoryThatDoesNotFitTraps() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let predictor = Predictor(try Self.model(1))
      var outputs = [Float](repeating: 0, count: 19)
      Tensor(zeros: [2, 90]).withUnsafeBufferPointer { inputs in
        outputs.withUnsafeMutableBufferPointer { predictor.predict(inputs, into: $0) }
      }
    }
    expectTrap(result, "Predictor.predict: expected room for 2 rows of 10 outputs, got 19 values")
  }

  @Test func samplesOfAnotherShapeAreRefused() throws {
    let predictor = Predictor(try Self.model(2))
    #expect(throws: ModelError("the model expects samples of shape [90], got [91]")) {
      try predictor.predict(Tensor(zeros: [2, 91]))
    }
    #expect(try predictor.predict(Tensor(zeros: [0, 90])).shape == [0, 10])
  }
}
