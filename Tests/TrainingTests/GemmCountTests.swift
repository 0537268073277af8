import Testing
import Training

/// The number of matrix products is part of the contract.
///
/// Each count runs in a process of its own, where nothing else multiplies.
@Suite struct GemmCountTests {
  @Test func aStepOfAnMLPTakesFiveProducts() async {
    await #expect(processExitsWith: .success) {
      // Forward one per layer; backward two for the upper layer, one for the lowest.
      try expectProducts(5, aStepOf: [Dense(6), ReLU(), Dense(3), Softmax()])
    }
  }

  @Test func aStepOfALinearModelTakesTwoProducts() async {
    await #expect(processExitsWith: .success) {
      try expectProducts(2, aStepOf: [Dense(3), Softmax()])
    }
  }

  @Test func layersWithoutParametersBelowTheFirstDenseTakeNone() async {
    await #expect(processExitsWith: .success) {
      try expectProducts(
        8, aStepOf: [Flatten(), Dropout(0.5), Dense(6), Tanh(), Dense(5), GELU(), Dense(3)])
    }
  }

  @Test func predictingTakesOneProductALayerAndBlock() async {
    await #expect(processExitsWith: .success) {
      let model = try Sequential(inputShape: [4], [Dense(6), ReLU(), Dense(3), Softmax()])
      model.threads = 1
      let products = try CallCounter.gemm.count {
        _ = try model.predict(randomSamples([129, 4], seed: 1))
      }
      #expect(products == 4)
    }
  }
}

/// Trains five steps of an epoch, the last on a shorter batch, and counts.
private func expectProducts(_ products: Int, aStepOf layers: [any Layer]) throws {
  let model = try Sequential(inputShape: [4], layers)
  model.threads = 1
  model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
  let (samples, labels) = (randomSamples([18, 4], seed: 1), randomLabels(18, classes: 3, seed: 1))
  let counted = try CallCounter.gemm.count { try model.fit(samples, labels, batchSize: 4) }
  #expect(counted == 5 * products)
}
