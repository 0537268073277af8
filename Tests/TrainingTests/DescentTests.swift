import Foundation
import Testing
import Training

/// `θ ← θ − η·g` by an optimizer that does not say that it is no more than that.
private struct PlainRule: Optimizer {
  let learningRate: LearningRate = 0.1
  let slotCount = 0

  func update(_ part: ParameterPart, rate: Float, step: Int) {
    part.forEachRun { parameters, gradients, _, count in
      for index in 0..<count { parameters[index] -= rate * gradients[index] }
    }
  }
}

/// Plain descent that layers do as they compute gradients.
@Suite struct DescentTests {
  private func trained(
    _ optimizer: any Optimizer, _ layers: [any Layer], threads: Int, clipNorm: Float? = nil
  ) throws -> Sequential {
    let model = try Sequential(inputShape: [150], layers, seed: 3)
    model.threads = threads
    model.compile(optimizer: optimizer, loss: .softmaxCrossEntropy, clipNorm: clipNorm)
    try model.fit(
      randomSamples([90, 150], seed: 1), randomLabels(90, classes: 10, seed: 2), epochs: 3,
      batchSize: 32)
    return model
  }

  @Test(
    arguments: [
      [Dense(10)], [Dense(200), ReLU(), Dense(10)],
      [Residual([Dense(150), Tanh()]), Dense(10, l2: 0.01)],
      [Dense(130, l2: 0.01), ReLU(), Dense(10)],
    ] as [[any Layer]], 1...3)
  func itIsTheUpdateByGradients(layers: [any Layer], threads: Int) throws {
    for clipNorm in [nil, Float(0.5)] {
      let fused = try trained(.sgd(learningRate: 0.1), layers, threads: threads, clipNorm: clipNorm)
      let plain = try trained(PlainRule(), layers, threads: threads, clipNorm: clipNorm)
      for (a, b) in zip(fused.weights, plain.weights) {
        let difference = zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
        #expect(difference < 1e-5)
      }
    }
  }

  /// The plan of the step says where it is done: where no layer below needs the old weights.
  @Test func thePlanShowsWhichWeightsDescend() throws {
    let phases = { (optimizer: any Optimizer) throws -> [String] in
      let model = try trained(optimizer, [Dense(200), ReLU(), Dense(10)], threads: 2)
      return model.planTable(batchSize: 32).split(separator: "\n").filter { $0.hasPrefix("│") }
        .map { line in
          line.split(separator: "│").prefix(3).map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: ", ")
        }
    }
    let fused = try phases(.sgd()).filter { $0.contains("update") }
    #expect(
      fused.map { $0.prefix { $0 != "×" } } == [
        "dense, gradient and update, units ", "dense, update, units ",
        "dense_1, update, inputs ", "dense_1, update, units ",
      ])
    #expect(try !phases(.sgd(momentum: 0.9)).contains { $0.contains("gradient and update") })
  }
}
