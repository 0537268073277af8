import LinearAlgebra
import Testing
import TestSupport

@Suite("ridge regression") struct RidgeRegressionTests {
  /// Samples whose elements are eighths, so that their products add up exactly in Float.
  private struct Samples {
    let x: Tensor
    let labels: [Int]

    init(_ count: Int, seed: UInt64, columns: Int = 5) {
      var generator = RandomGenerator(seed: seed)
      labels = (0..<count).map { _ in Int.random(in: 0..<3, using: &generator) }
      var elements: [Float] = []
      for label in labels {
        for column in 0..<columns {
          let noise = Int.random(in: -8...8, using: &generator)
          elements.append(Float(noise + (column == label ? 8 : 0)) / 8)
        }
      }
      x = Tensor(elements, shape: [count, columns])
    }

    var targets: Matrix<Double> {
      var result = Matrix<Double>(rows: labels.count, columns: 3)
      for (row, label) in labels.enumerated() { result[row, label] = 1 }
      return result
    }

    func sums(_ indices: Range<Int>? = nil) -> RegressionSums {
      RegressionSums(x, labels: labels, classes: 3, indices: indices)
    }

    /// The inputs with a column of ones.
    var withOnes: Matrix<Double> {
      let x = Matrix<Double>(x)
      return Matrix((0..<x.rows).map { row in (0..<x.columns).map { x[row, $0] } + [1] })
    }
  }

  @Test("sums are those of the definition, over several blocks too", arguments: [1, 2048, 4100])
  func sums(count: Int) {
    let samples = Samples(count, seed: 611)
    let (x, y) = (Matrix<Double>(samples.x), samples.targets)
    let sums = samples.sums()
    #expect(sums.count == count && sums.inputs == 5 && sums.targets == 3)
    #expect(sums.products == x.multiplied(by: x, transposingSelf: true).lowerTriangle)
    #expect(sums.targetProducts == y.multiplied(by: x, transposingSelf: true))
    let counts = (0..<3).map { label in Double(samples.labels.count { $0 == label }) }
    #expect(sums.targetTotals == counts && sums.targetSquares == counts)
    #expect(sums.totals == (0..<5).map { column in (0..<count).reduce(0) { $0 + x[$1, column] } })
    let parts = samples.sums(0..<count / 3) + samples.sums(count / 3..<count)
    #expect(parts.count == count && parts.products == sums.products)
    #expect(parts.targetProducts == sums.targetProducts && parts.targetTotals == sums.targetTotals)
  }

  @Test("sums of bytes are those of their floats")
  func bytes() {
    let (source, labels) = (ByteSource(3000, 20, scale: 0.5, seed: 618), (0..<3000).map { $0 % 7 })
    let bytes = RegressionSums(source, labels: labels, classes: 7, indices: 1000..<2900)
    let floats = RegressionSums(source.floats, labels: labels, classes: 7, indices: 1000..<2900)
    #expect(bytes.targetTotals == floats.targetTotals)
    #expect((bytes.products - floats.products).size < 1e-14 * floats.products.size)
    #expect(
      (bytes.targetProducts - floats.targetProducts).size < 1e-14 * floats.targetProducts.size)
  }

  /// Ridge regression is plain least squares with √λ·I below the inputs and zeros below the targets;
  /// the bias, whose column has none of it, comes along unpenalised.
  @Test("weights are those of the extended least-squares problem", arguments: [0, 0.5, 100])
  func extended(ridge: Double) throws {
    let samples = Samples(300, seed: 612)
    let fit = try RidgeRegression(samples.sums(), ridge: ridge)
    let below = (0..<5).map { row in
      (0..<6).map { $0 == row ? ridge.squareRoot() : 0 }
    }
    let a = samples.withOnes.elements + below.flatMap { $0 }
    let b = samples.targets.elements + [Double](repeating: 0, count: 15)
    let x = try leastSquares(
      Matrix(rows: 305, columns: 6, elements: a), Matrix(rows: 305, columns: 3, elements: b)
    ).x
    #expect(fit.ridge == ridge)
    for target in 0..<3 {
      #expect(abs(fit.bias[target] - x[5, target]) < 1e-12)
      for input in 0..<5 { #expect(abs(fit.weight[target, input] - x[input, target]) < 1e-12) }
    }
  }

  @Test("the squared error is that of the definition")
  func squaredError() throws {
    let (training, other) = (Samples(50, seed: 613), Samples(40, seed: 614))
    let fit = try RidgeRegression(training.sums(), ridge: 2)
    let inputs = other.withOnes
    var total = 0.0
    for row in 0..<40 {
      for target in 0..<3 {
        let value = (0..<5).reduce(fit.bias[target]) {
          $0 + inputs[row, $1] * fit.weight[target, $1]
        }
        let error = value - other.targets[row, target]
        total += error * error
      }
    }
    #expect(abs(fit.squaredError(other.sums()) - total / 40) < 1e-13)
  }

  @Test("the best λ of a grid is that of the least error on other samples")
  func best() throws {
    // Few samples of many inputs, where a penalty pays.
    let training = Samples(40, seed: 615, columns: 30).sums()
    let validation = Samples(200, seed: 616, columns: 30).sums()
    let candidates = [0.01, 1, 10, 100, 1e5]
    let errors = try candidates.map {
      try RidgeRegression(training, ridge: $0).squaredError(validation)
    }
    let expected = try #require(candidates.indices.min { errors[$0] < errors[$1] })
    #expect(expected > 0 && expected < 4)
    let best = try RidgeRegression.best(
      training, validation: validation, candidates: candidates)
    #expect(best.ridge == candidates[expected])
    let direct = try RidgeRegression(training, ridge: best.ridge)
    #expect((best.weight - direct.weight).size < 1e-12)
    #expect(zip(best.bias, direct.bias).allSatisfy { abs($0 - $1) < 1e-12 })
    let own = try RidgeRegression.best(training, validation: validation)
    #expect(own.squaredError(validation) < 1.1 * errors[expected])
  }

  @Test("inputs that do not vary leave the shares of the classes", arguments: [0, 3.5])
  func constantInputs(ridge: Double) throws {
    let constant = RegressionSums(
      Tensor(repeating: 1, shape: [4, 2]), labels: [0, 1, 1, 2], classes: 3)
    for fit in [
      try RidgeRegression(constant, ridge: ridge),
      try RidgeRegression.best(constant, validation: constant),
    ] {
      #expect(fit.bias == [0.25, 0.5, 0.25] && fit.weight.elements.allSatisfy { $0 == 0 })
    }
  }

  @Test("inputs that do not vary change nothing for those that do")
  func someConstantInputs() throws {
    let samples = Samples(60, seed: 619)
    var elements: [Float] = []
    for row in 0..<60 {
      let sample = samples.x[rows: row..<row + 1].elements
      elements += sample[..<2] + [0] + sample[2...] + [1]
    }
    let wider = RegressionSums(
      Tensor(elements, shape: [60, 7]), labels: samples.labels, classes: 3)
    let (fit, expected) = (
      try RidgeRegression(wider, ridge: 2), try RidgeRegression(samples.sums(), ridge: 2)
    )
    #expect(fit.bias == expected.bias)
    for target in 0..<3 {
      let weights = (0..<5).map { expected.weight[target, $0] }
      #expect((0..<7).map { fit.weight[target, $0] } == weights[..<2] + [0] + weights[2...] + [0])
    }
  }

  @Test("floats that do not vary, or follow from each other, are seen as such over many samples")
  func rounding() throws {
    var generator = RandomGenerator(seed: 620)
    let count = 5000
    var elements: [Float] = []
    for _ in 0..<count {
      let x = Float.random(in: 999...1001, using: &generator)
      elements += [x, 0.1, x - 1000]
    }
    let labels = (0..<count).map { $0 % 2 }
    let twice = Tensor(elements, shape: [count, 3])
    #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
      try RidgeRegression(RegressionSums(twice, labels: labels, classes: 2), ridge: 0)
    }
    let once = Tensor((0..<count * 2).map { elements[$0 / 2 * 3 + $0 % 2] }, shape: [count, 2])
    let fit = try RidgeRegression(RegressionSums(once, labels: labels, classes: 2), ridge: 0)
    #expect(fit.weight[0, 1] == 0 && fit.weight[1, 1] == 0)
    let centred = Tensor((0..<count).map { elements[$0 * 3 + 2] }, shape: [count, 1])
    let exact = try RidgeRegression(
      RegressionSums(centred, labels: labels, classes: 2), ridge: 0)
    #expect(exact.weight[0, 0] != 0)
    #expect(abs(fit.weight[0, 0] / exact.weight[0, 0] - 1) < 1e-6)
  }

  @Test("elements that are not finite are refused", arguments: [Float.nan, .infinity])
  func notFinite(element: Float) throws {
    let sound = Samples(20, seed: 621)
    var x = sound.x
    x[7, 2] = element
    let broken = RegressionSums(x, labels: sound.labels, classes: 3)
    let error = LinearAlgebraError.notFinite(operand: "samples")
    #expect(throws: error) { try RidgeRegression(broken, ridge: 1) }
    #expect(throws: error) { try RidgeRegression.best(broken, validation: sound.sums()) }
    #expect(throws: error) { try RidgeRegression.best(sound.sums(), validation: broken) }
  }

  @Test("inputs that follow from each other need a penalty")
  func dependentInputs() throws {
    // A third of each: what rounding leaves is not exactly 0.
    let twice = RegressionSums(
      Tensor([1, 2, 2, 4, 4, 8].map { $0 / 3 }, shape: [3, 2]), labels: [0, 1, 0], classes: 2)
    #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 2)) {
      try RidgeRegression(twice, ridge: 0)
    }
    _ = try RidgeRegression(twice, ridge: 1e-9)
  }

  @Test("labels outside the classes, no samples and a negative λ trap")
  func traps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RegressionSums(Tensor(zeros: [1, 2]), labels: [3], classes: 3)
      }, "RegressionSums: expected labels in 0..<3, got 3")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RegressionSums(Tensor(zeros: [2, 2]), labels: [0], classes: 3)
      }, "RegressionSums: expected a label for each of 2 samples, got 1 labels, samples 0..<2")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? RidgeRegression(RegressionSums(inputs: 2, targets: 1), ridge: 1)
      }, "RidgeRegression: expected at least one sample, got none")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? RidgeRegression(Samples(20, seed: 617).sums(), ridge: -0.001)
      }, "RidgeRegression: expected λ from 0, got -0.001")
  }
}

/// Numbers as targets, as by scikit-learn's `Ridge`.
struct RidgeGoldenTests {
  private let x: Tensor
  private let y: Tensor

  init() {
    let columns = RidgeGoldens.columns
    x = Tensor(RidgeGoldens.inputs, shape: [RidgeGoldens.inputs.count / columns, columns])
    y = Tensor(RidgeGoldens.targets, shape: [RidgeGoldens.targets.count / 2, 2])
  }

  @Test(arguments: RidgeGoldens.fits.indices) func numbersAreFitted(_ index: Int) throws {
    let golden = RidgeGoldens.fits[index]
    // In two parts, whose sums add up.
    let sums = [0..<17, 17..<40].map { RegressionSums(x, targets: y, indices: $0) }
    let fit = try RidgeRegression(sums[0] + sums[1], ridge: golden.ridge)
    let pairs = zip(fit.weight.elements + fit.bias, golden.weight + golden.bias)
    #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($1)) }, "\(fit)")
  }

  @Test func errorIsThatOfTheSamples() throws {
    let fit = try RidgeRegression(RegressionSums(x, targets: y, indices: 0..<30), ridge: 1)
    let error = fit.squaredError(RegressionSums(x, targets: y, indices: 30..<40))
    let expected = (30..<40).reduce(0.0) { sum, row in
      sum
        + (0..<2).reduce(0.0) { sum, target in
          let value = (0..<4).reduce(fit.bias[target]) {
            $0 + fit.weight[target, $1] * Double(x[row, $1])
          }
          return sum + (value - Double(y[row, target])) * (value - Double(y[row, target]))
        }
    }
    #expect(abs(error - expected / 10) < 1e-9 * expected)
  }

  @Test func targetsOfAnotherCountTrap() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RegressionSums(Tensor(zeros: [3, 2]), targets: Tensor(zeros: [2, 1]))
      },
      "RegressionSums: expected a row of targets for each of 3 samples, got [2, 1], samples 0..<3")
  }
}
