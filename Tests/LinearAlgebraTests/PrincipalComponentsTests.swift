import LinearAlgebra
import Testing
import TestSupport

@Suite("principal components") struct PrincipalComponentsTests {
  /// Samples of a few directions, off the origin, with columns of their own scales.
  private static func samples<Scalar: LAPACKScalar>(
    _ rows: Int, _ columns: Int, rank: Int, _ type: Scalar.Type
  ) -> Matrix<Scalar> {
    var generator = RandomGenerator(seed: UInt64(rows * 100 + columns * 10 + rank))
    let left = Matrix<Scalar>.random(rows, rank, &generator)
    var matrix = left.multiplied(by: .random(rank, columns, &generator))
    for row in 0..<rows {
      for column in 0..<columns { matrix[row, column] += Scalar(column % 3) }
    }
    return matrix
  }

  private static let sizes = [(300, 20, 20), (60, 12, 5), (8, 30, 30), (2, 1, 1), (40, 1, 1)]

  @Test("components are orthonormal, and what they leave out is the sum of the other variances")
  func residuals() throws {
    for (rows, columns, rank) in Self.sizes {
      try checkResiduals(Self.samples(rows, columns, rank: rank, Double.self), rank)
      try checkResiduals(Self.samples(rows, columns, rank: rank, Float.self), rank)
    }
  }

  private func checkResiduals<Scalar: LAPACKScalar>(
    _ x: Matrix<Scalar>, _ rank: Int
  ) throws {
    let most = min(x.rows, x.columns)
    let all = try PrincipalComponents(x)
    #expect(all.components.rows == most && all.inputs == x.columns)
    let comment: Comment = "\(x.rows)×\(x.columns) of rank \(rank)"
    expectOrthonormal(all.components, rows: true, comment)
    let variances = all.explainedVariance.map { Double($0) }
    #expect(variances == variances.sorted(by: >) && variances.allSatisfy { $0 >= 0 }, comment)
    let total = Double(all.totalVariance)
    let bound = Double(Scalar.ulpOfOne) * total * Double(4 * max(x.rows, x.columns))
    #expect(abs(variances.reduce(0, +) - total) <= bound, comment)
    let ratios = all.explainedVarianceRatio.reduce(0) { $0 + Double($1) }
    #expect(abs(ratios - 1) <= bound / total, comment)
    // Of n samples off their mean, one follows from the others.
    for index in variances.indices where index >= min(rank, x.rows - 1) {
      #expect(variances[index] <= bound, comment)
    }
    for count in Set([1, (most + 1) / 2, most]) {
      let some = try PrincipalComponents(x, keeping: .count(count))
      let back = try some.inverseTransform(some.transform(x))
      let error = (back.exact - x.exact).size
      let left = variances.dropFirst(count).reduce(0, +)
      #expect(abs(error * error / Double(x.rows - 1) - left) <= bound, comment)
    }
  }

  @Test(
    "scores are uncorrelated with the variances told, and of variance 1 where they are whitened")
  func scores() throws {
    let x = Self.samples(300, 6, rank: 6, Double.self)
    for whitening in [false, true] {
      let principal = try PrincipalComponents(x, whitening: whitening)
      var moments = SampleMoments(inputs: 6)
      try moments.add(try principal.transform(x))
      for row in 0..<6 {
        #expect(abs(moments.mean[row]) < 1e-13)
        for column in 0...row {
          let variance = whitening ? 1 : principal.explainedVariance[row]
          let expected = row == column ? variance : 0
          #expect(abs(moments.scatter[row, column] / 299 - expected) < 1e-12)
        }
      }
      let back = try principal.inverseTransform(try principal.transform(x))
      #expect((back - x).size < 1e-12)
    }
  }

  @Test("the projection is the transform as a linear layer", arguments: [false, true])
  func projection(whitening: Bool) throws {
    let x = Self.samples(50, 7, rank: 7, Double.self)
    let principal = try PrincipalComponents(x, keeping: .count(3), whitening: whitening)
    let (weight, bias) = principal.projection
    #expect(weight.rows == 3 && weight.columns == 7)
    var scores = x.multiplied(by: weight, transposingOther: true)
    for row in 0..<50 { for column in 0..<3 { scores[row, column] += bias[column] } }
    #expect((scores - (try principal.transform(x))).size < 1e-12)
  }

  @Test("the largest element of each component is positive")
  func signs() throws {
    let principal = try PrincipalComponents(Self.samples(300, 20, rank: 20, Double.self))
    for row in 0..<20 {
      let component = (0..<20).map { principal.components[row, $0] }
      #expect(component.max() == component.map(abs).max())
    }
  }

  @Test("blocks and a source of samples give what one matrix gives")
  func streaming() throws {
    // Far from 0 by 1,000 times what the samples vary by, and drifting.
    var x = Self.samples(5000, 9, rank: 9, Double.self)
    for row in 0..<5000 {
      for column in 0..<9 { x[row, column] += 1000 + Double(row) / 500 }
    }
    let whole = try PrincipalComponents(x)
    var moments = SampleMoments(inputs: 9)
    for part in [0..<1, 1..<2, 2..<1900, 1900..<5000] {
      try moments.add(
        Matrix(
          rows: part.count, columns: 9,
          elements: Array(x.elements[part.lowerBound * 9..<part.upperBound * 9])))
    }
    #expect(moments.count == 5000)
    try expectEqual(PrincipalComponents(moments), whole, 1e-9)
    let tensor = Tensor(x)
    try expectEqual(PrincipalComponents<Double>(tensor), whole, 1e-4)
    try expectEqual(
      PrincipalComponents<Float>(tensor, indices: Array(0..<5000)),
      PrincipalComponents<Float>(tensor), 0)
    let some = (0..<2500).map { Int32($0 * 2) }
    let chosen = try PrincipalComponents<Float>(tensor, indices: some, keeping: .count(2))
    let rows = Matrix<Float>((0..<2500).map { row in (0..<9).map { tensor[row * 2, $0] } })
    try expectEqual(chosen, PrincipalComponents<Float>(rows, keeping: .count(2)), 0)
    let scores = chosen.transform(tensor, indices: some)
    // All rows at once are another product, which may add in another order.
    let pairs = zip(scores.elements, try chosen.transform(rows).elements)
    #expect(pairs.allSatisfy { abs($0 - $1) <= 2e-5 * max(1, abs($1)) })
    #expect(
      chosen.transform(tensor)[rows: 2048..<2049].elements == scores[rows: 1024..<1025].elements)
    #expect(chosen.transform(tensor, indices: []).shape == [0, 2])
  }

  private func expectEqual<Scalar>(
    _ actual: PrincipalComponents<Scalar>, _ expected: PrincipalComponents<Scalar>,
    _ bound: Double, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let pairs = [
      (actual.components.elements, expected.components.elements),
      (actual.explainedVariance, expected.explainedVariance),
      (actual.mean.map { $0 / 1000 }, expected.mean.map { $0 / 1000 }),
    ]
    for (a, b) in pairs {
      #expect(
        zip(a, b).allSatisfy { abs(Double($0 - $1)) <= bound } && a.count == b.count,
        sourceLocation: sourceLocation)
    }
  }

  @Test("a share of the variance keeps as few components as hold it")
  func shares() throws {
    // Variances in the proportion 8 : 4 : 2 : 1 : 1.
    let scales = [8.0, 4, 2, 1, 1].map { $0.squareRoot() }
    var x = Matrix<Double>(rows: 10, columns: 5)
    for column in 0..<5 {
      x[2 * column, column] = scales[column]
      x[2 * column + 1, column] = -scales[column]
    }
    for (share, count) in [(0.01, 1), (0.49, 1), (0.51, 2), (0.76, 3), (0.95, 5), (1, 5)] {
      let kept = try PrincipalComponents(x, keeping: .variance(share)).components.rows
      #expect(kept == count, "\(share)")
    }
  }

  @Test("columns that do not vary have no part in components, and whiten to 0")
  func constantColumns() throws {
    var x = Self.samples(40, 4, rank: 4, Float.self)
    for row in 0..<40 { (x[row, 1], x[row, 3]) = (2.5, 0) }
    let principal = try PrincipalComponents(x, whitening: true)
    for component in 0..<2 {
      #expect(principal.components[component, 1] == 0 && principal.components[component, 3] == 0)
    }
    #expect(principal.explainedVariance[2...].allSatisfy { $0 == 0 })
    let scores = try principal.transform(x)
    for row in 0..<40 { #expect(scores[row, 2] == 0 && scores[row, 3] == 0) }
    // Sums of single precision have rounding of their own, whatever holds the result.
    var samples = Self.samples(40, 4, rank: 2, Float.self)
    for row in 0..<40 { samples[row, 0] += 100 }
    let double = try PrincipalComponents<Double>(Tensor(samples), whitening: true)
    #expect(
      double.explainedVariance[1] > 0 && double.explainedVariance[2...].allSatisfy { $0 == 0 })
    let constant = try PrincipalComponents(
      Matrix<Double>(rows: 3, columns: 2, repeating: 7), keeping: .variance(0.9), whitening: true)
    #expect(constant.components.rows == 1 && constant.explainedVarianceRatio == [0])
    #expect(constant.mean == [7, 7])
  }

  @Test("fewer than two samples and numbers that are not finite are errors")
  func refusals() throws {
    for count in [0, 1] {
      #expect(throws: LinearAlgebraError.tooFewSamples(count: count)) {
        try PrincipalComponents(Matrix<Double>(rows: count, columns: 3, repeating: 1))
      }
      #expect(throws: LinearAlgebraError.tooFewSamples(count: count)) {
        try PrincipalComponents<Float>(Tensor(zeros: [count, 3]))
      }
    }
    #expect("\(LinearAlgebraError.tooFewSamples(count: 1))" == "expected at least 2 samples, got 1")
    for value in [Float.nan, .infinity, -.infinity] {
      for place in 0..<6 {
        var elements: [Float] = [1, 2, 3, 4, 5, 7]
        elements[place] = value
        let bad = Matrix(rows: 3, columns: 2, elements: elements)
        #expect(throws: LinearAlgebraError.notFinite(operand: "samples")) {
          try PrincipalComponents(bad)
        }
        #expect(throws: LinearAlgebraError.notFinite(operand: "samples")) {
          try PrincipalComponents<Float>(Tensor(bad))
        }
        let good = try PrincipalComponents(Matrix<Float>([[1, 2], [3, 4], [5, 7]]))
        #expect(throws: LinearAlgebraError.notFinite(operand: "X")) { try good.transform(bad) }
        #expect(throws: LinearAlgebraError.notFinite(operand: "Z")) {
          try good.inverseTransform(bad)
        }
      }
    }
    #expect(throws: LinearAlgebraError.notFinite(operand: "the covariance")) {
      try PrincipalComponents(Matrix<Float>([[1e30, 1], [-1e30, 2]]))
    }
  }

  @Test("counts, shares and shapes that there cannot be trap")
  func traps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? PrincipalComponents(Matrix<Double>([[1, 2], [3, 4]]), keeping: .count(3))
      }, "PrincipalComponents: expected 1 to 2 components, got 3")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? PrincipalComponents(Matrix<Double>([[1, 2], [3, 4]]), keeping: .variance(0))
      }, "PrincipalComponents: expected a share of the variance above 0 and up to 1, got 0.0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? PrincipalComponents(Matrix<Double>(rows: 3, columns: 0))
      }, "PrincipalComponents: expected at least one input, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? PrincipalComponents(Matrix<Double>([[1, 2], [3, 4]])).transform(.identity(3))
      }, "PrincipalComponents.transform: expected X [n, 2], got [3, 3]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? PrincipalComponents<Float>(Tensor(zeros: [3, 2]), indices: [3])
      }, "indices of samples: expected 0..<3, got 3")
  }
}
