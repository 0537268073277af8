import Layers
import Testing
import TestSupport

/// Sizes of batches and layers: small and large, and on both sides of where the cut changes.
private let sizes: [(batch: Int, inputs: Int, units: Int)] = [
  (1, 1, 1), (1, 784, 128), (128, 784, 128), (128, 128, 10), (100, 784, 10), (3, 5, 200),
  (7, 30, 10), (33, 1000, 77), (64, 300, 320), (1, 500, 400), (2, 15, 63), (5, 16, 64),
  (17, 17, 65), (96, 784, 320), (50, 2, 2), (128, 900, 330),
]

private let elementwise: [any Layer] = [
  ReLU(), LeakyReLU(), Sigmoid(), Tanh(), Softplus(), GELU(), Softmax(), Dropout(0.4),
]

@Suite("a team computes what one worker does, and each element has one writer")
struct WorkerTests {
  /// BLAS may sum in another order where a tile has another size, so products agree within rounding.
  ///
  /// The same team always gives the same bits.
  @Test("Dense within rounding, the biases' gradient bit by bit", arguments: sizes)
  func dense(size: (batch: Int, inputs: Int, units: Int)) throws {
    let problem = try LayerProblem(
      Dense(size.units), batch: size.batch, sample: [size.inputs], seed: 301)
    let expected = DenseReferences(problem)
    OpenBLAS.withSingleThread {
      let alone = problem.run()
      for workers in 1...5 {
        let team = problem.run(workers: workers)
        let comment = "\(workers) workers, \(problem.random)"
        expect(team.y, matches: expected.y, "output, \(comment)")
        expect(team.dX, matches: expected.dX, "gradient of the input, \(comment)")
        expect(team.gradients[0], matches: expected.dW, "gradient of the weights, \(comment)")
        expect(
          team.gradients[1], sameBitsAs: alone.gradients[1], "gradient of the biases, \(comment)")
        let again = problem.run(workers: workers)
        expect(again.y, sameBitsAs: team.y, "output again, \(comment)")
        expect(again.dX, sameBitsAs: team.dX, "gradient of the input again, \(comment)")
        expect(
          again.gradients[0], sameBitsAs: team.gradients[0],
          "gradient of the weights again, \(comment)")
      }
    }
  }

  @Test(
    "all other layers bit by bit",
    arguments: [(1, 1), (1, 700), (3, 10), (128, 10), (5, 128), (64, 330)])
  func activations(batch: Int, units: Int) throws {
    for layer in elementwise {
      let problem = try LayerProblem(layer, batch: batch, sample: [units], seed: 302)
      let alone = problem.run(randomKey: 77)
      for workers in 2...5 {
        let team = problem.run(workers: workers, randomKey: 77)
        let comment = "\(layer), \(workers) workers, \(problem.random)"
        expect(team.y, sameBitsAs: alone.y, "output, \(comment)")
        expect(team.dX, sameBitsAs: alone.dX, "gradient of the input, \(comment)")
      }
    }
  }

  @Test("every element of every result is written by one worker", arguments: sizes)
  func coverage(size: (batch: Int, inputs: Int, units: Int)) throws {
    let dense = try LayerProblem(
      Dense(size.units), batch: size.batch, sample: [size.inputs], seed: 303)
    let others = try elementwise.map {
      try LayerProblem($0, batch: size.batch, sample: [size.units], seed: 304)
    }
    for problem in [dense] + others {
      for count in 1...5 {
        let parts = (0..<count).map { problem.run(only: Worker(index: $0, of: count)) }
        func writers(_ result: (LayerResults) -> [Float]) -> Set<Int> {
          let parts = parts.map(result)
          return Set(parts[0].indices.map { element in parts.count { !$0[element].isNaN } })
        }
        let name = "\(problem.layer), \(size), \(count) workers"
        #expect(writers(\.y) == [1], "output of \(name)")
        #expect(writers(\.dX) == [1], "gradient of the input of \(name)")
        for index in problem.parameters.indices {
          #expect(writers { $0.gradients[index] } == [1], "gradient \(index) of \(name)")
        }
      }
    }
  }

  @Test("shares follow each other, cover all, and start at granules")
  func shares() {
    for total in [0, 1, 5, 15, 16, 17, 64, 100, 784] {
      for granule in [1, 16] {
        for count in 1...7 {
          let shares = (0..<count).map {
            Worker(index: $0, of: count).share(of: total, granule: granule)
          }
          #expect(shares[0].lowerBound == 0 && shares[count - 1].upperBound == total)
          for (share, next) in zip(shares, shares.dropFirst()) {
            #expect(share.upperBound == next.lowerBound)
            #expect(share.upperBound % granule == 0 || share.upperBound == total)
          }
          let lengths = shares.map { ($0.count + granule - 1) / granule }
          #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1, "even, but for a granule")
        }
      }
    }
  }

  @Test("activations are cut by units where all workers get 64, else by samples")
  func tilesOfActivations() {
    let worker = Worker(index: 1, of: 2)
    let wide = TestMatrix<Float>(poisoned: 6, 128)
    let wideTile = worker.tile(ofActivations: wide.view)
    #expect(wideTile.rows == 0..<6 && wideTile.columns == 64..<128)
    let narrow = TestMatrix<Float>(poisoned: 6, 127)
    let narrowTile = worker.tile(ofActivations: narrow.view)
    #expect(narrowTile.rows == 3..<6 && narrowTile.columns == 0..<127)
  }

  @Test("weights are cut by units where all workers get 64, else by inputs")
  func tilesOfWeights() {
    let worker = Worker(index: 1, of: 2)
    let many = TestMatrix<Float>(poisoned: 128, 40)
    let manyTile = worker.tile(ofWeights: many.view)
    #expect(manyTile.rows == 64..<128 && manyTile.columns == 0..<40)
    let few = TestMatrix<Float>(poisoned: 127, 40)
    let fewTile = worker.tile(ofWeights: few.view)
    #expect(fewTile.rows == 0..<127 && fewTile.columns == 16..<40)
  }
}

/// What a Dense layer with a bias gives, by products in double precision.
private struct DenseReferences {
  let y, dX, dW: Reference

  init(_ problem: LayerProblem) {
    let values = Products(problem) { $0 }
    let sizes = Products(problem, abs)
    func reference(
      _ product: (Products) -> TestMatrix<Double>, terms: Int
    ) -> Reference {
      let values = product(values)
      return Reference(
        rows: values.view.rows, columns: values.view.columns, values: values.elements,
        bounds: product(sizes).elements.map { Double(terms + 1) * floatRounding * $0 })
    }
    y = reference(\.y, terms: problem.inputs + 1)
    dX = reference(\.dX, terms: problem.outputs)
    dW = reference(\.dW, terms: problem.batch)
  }
}

/// The three products of a Dense layer, its data changed by a function first.
private struct Products {
  let y, dX, dW: TestMatrix<Double>

  init(_ problem: LayerProblem, _ change: (Double) -> Double) {
    let (batch, inputs, units) = (problem.batch, problem.inputs, problem.outputs)
    let x = TestMatrix(problem.x.doubles.map(change), batch, inputs)
    let dY = TestMatrix(problem.dY.doubles.map(change), batch, units)
    let weight = TestMatrix(problem.parameters[0].doubles.map(change), units, inputs)
    let biases = problem.parameters[1].doubles.map(change)
    y = TestMatrix((0..<batch).flatMap { _ in biases }, batch, units)
    dX = TestMatrix(poisoned: batch, inputs)
    dW = TestMatrix(poisoned: units, inputs)
    gemm(x.view, weight.view.transposed, into: y.view, beta: 1)
    gemm(dY.view, weight.view, into: dX.view)
    gemm(dY.view.transposed, x.view, into: dW.view)
  }
}
