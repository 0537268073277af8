import LinearAlgebra
import Testing

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
    let (x, y) = (samples.withOnes, samples.targets)
    let sums = samples.sums()
    #expect(sums.count == count && sums.inputs == 5 && sums.targets == 3)
    var products = x.multiplied(by: x, transposingSelf: true)
    for row in 0..<6 {
      for column in row + 1..<max(6, row + 1) { products[row, column] = 0 }
    }
    #expect(sums.products == products)
    #expect(sums.targetProducts == x.multiplied(by: y, transposingSelf: true))
    #expect(
      sums.targetSquares
        == (0..<3).map { label in
          Double(samples.labels.count { $0 == label })
        })
    let parts = samples.sums(0..<count / 3) + samples.sums(count / 3..<count)
    #expect(parts.count == count && parts.products == sums.products)
    #expect(parts.targetProducts == sums.targetProducts)
    #expect(parts.targetSquares == sums.targetSquares)
  }

  @Test("inputs that are 0 in some blocks, or in all, count as such")
  func zeroColumns() {
    // Column 1 is 0 in the second block, column 3 in the first, 0 and 4 in both, 2 is never all 0.
    let count = 4100
    var elements = [Float](repeating: 0, count: count * 5)
    for row in 0..<count {
      if row < 2048 { elements[row * 5 + 1] = Float(row % 7) }
      elements[row * 5 + 2] = Float(row % 3) - 1
      if row >= 2048 { elements[row * 5 + 3] = Float(row % 5) }
    }
    let labels = (0..<count).map { $0 % 3 }
    let tensor = Tensor(elements, shape: [count, 5])
    let sums = RegressionSums(tensor, labels: labels, classes: 3)
    var (x, y) = (Matrix<Double>(rows: count, columns: 6), Matrix<Double>(rows: count, columns: 3))
    for row in 0..<count {
      for column in 0..<5 { x[row, column] = Double(elements[row * 5 + column]) }
      (x[row, 5], y[row, labels[row]]) = (1, 1)
    }
    var products = x.multiplied(by: x, transposingSelf: true)
    for row in 0..<6 { for column in row + 1..<max(6, row + 1) { products[row, column] = 0 } }
    #expect(sums.products == products)
    #expect(sums.targetProducts == x.multiplied(by: y, transposingSelf: true))
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

  @Test("inputs that do not vary leave the shares of the classes")
  func constantInputs() throws {
    let constant = RegressionSums(
      Tensor(repeating: 1, shape: [4, 2]), labels: [0, 1, 1, 2], classes: 3)
    let fit = try RidgeRegression.best(constant, validation: constant)
    #expect(fit.bias == [0.25, 0.5, 0.25] && fit.weight.elements.allSatisfy { $0 == 0 })
    #expect(throws: LinearAlgebraError.notPositiveDefinite(leadingMinor: 1)) {
      try RidgeRegression(constant, ridge: 0)
    }
  }

  @Test("labels outside the classes, no samples and a negative λ trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = RegressionSums(Tensor(zeros: [1, 2]), labels: [3], classes: 3)
    }
    await #expect(processExitsWith: .failure) {
      _ = RegressionSums(Tensor(zeros: [2, 2]), labels: [0], classes: 3)
    }
    await #expect(processExitsWith: .failure) {
      _ = try? RidgeRegression(RegressionSums(inputs: 2, targets: 1), ridge: 1)
    }
    await #expect(processExitsWith: .failure) {
      _ = try? RidgeRegression(Samples(20, seed: 617).sums(), ridge: -0.001)
    }
  }
}
