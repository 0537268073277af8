#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A linear function fitted to samples by least squares with an L2 penalty.
///
/// It minimises `Σ ‖x·Wᵀ + b − y‖² + λ·‖W‖²` over the samples; the bias is not penalised. λ is
/// scikit-learn's `Ridge(alpha:)`: it weighs against a sum over the samples, so a larger set wants a
/// larger one.
public struct RidgeRegression: Sendable {
  /// `W` [targets, inputs]
  public let weight: Matrix<Double>
  /// `b` of each target.
  public let bias: [Double]
  /// λ
  public let ridge: Double

  /// Fits by one Cholesky factorisation of the normal equations `(XᵀX + λI)·Wᵀ = XᵀY`, X and Y centred.
  ///
  /// At least one sample and a λ from 0 are needed; others trap. Throws where inputs depend on each
  /// other within rounding and λ is too small to tell them apart.
  public init(_ sums: RegressionSums, ridge: Double) throws(LinearAlgebraError) {
    precondition(
      ridge >= 0 && ridge.isFinite, "RidgeRegression: expected λ from 0, got \(ridge)")
    let centred = CentredSums(sums)
    var penalised = centred.products
    for index in 0..<penalised.rows { penalised[index, index] += ridge }
    // [d, d]⁻¹ · [d, k]
    let transposed = try cholesky(penalised).solve(centred.targetProducts)
    self.init(weight: transposed.transposed(), centred, ridge)
  }

  /// Fits with the λ of a grid whose function is nearest to the targets of other samples.
  ///
  /// One eigendecomposition of `XᵀX = V·Λ·Vᵀ` serves every λ: `Wᵀ = V·(Λ + λ)⁻¹·Vᵀ·XᵀY`. The error on
  /// the other samples follows from their sums. At least one sample on either side and one λ, all
  /// above 0, are needed; others trap.
  /// - Parameters:
  ///   - training: the sums to fit to
  ///   - validation: the sums of the samples to choose by
  ///   - candidates: values of λ; from 10⁻⁵ to 10 of the mean eigenvalue of `XᵀX`, two a decade,
  ///     unless given
  public static func best(
    _ training: RegressionSums, validation: RegressionSums, candidates: [Double]? = nil
  ) throws(LinearAlgebraError) -> RidgeRegression {
    let centred = CentredSums(training)
    let candidates = candidates ?? centred.candidates
    precondition(
      candidates.allSatisfy { $0 > 0 && $0.isFinite } && validation.count > 0,
      "RidgeRegression: expected samples to choose by and λ above 0, got \(candidates)")
    let eigen = try eigenSymmetric(centred.products)
    // [d, d]ᵀ · [d, k]
    let projected = eigen.vectors.multiplied(by: centred.targetProducts, transposingSelf: true)
    let fits = candidates.map { ridge in
      var scaled = projected
      for row in 0..<scaled.rows {
        // Rounding may leave an eigenvalue that should be 0 a little below it.
        let factor = 1 / (max(eigen.values[row], 0) + ridge)
        for column in 0..<scaled.columns { scaled[row, column] *= factor }
      }
      // [d, k]ᵀ · [d, d]ᵀ → [k, d]
      let weight = scaled.multiplied(
        by: eigen.vectors, transposingSelf: true, transposingOther: true)
      return RidgeRegression(weight: weight, centred, ridge)
    }
    let products = validation.products.symmetric
    let errors = fits.map { $0.squaredError(validation, products) }
    guard let best = fits.indices.min(by: { errors[$0] < errors[$1] }) else {
      preconditionFailure("RidgeRegression: expected at least one λ")
    }
    return fits[best]
  }

  /// The mean over the samples of `‖x·Wᵀ + b − y‖²`, from their sums alone.
  public func squaredError(_ sums: RegressionSums) -> Double {
    squaredError(sums, sums.products.symmetric)
  }

  /// The error from the sums and both triangles of their products.
  private func squaredError(_ sums: RegressionSums, _ products: Matrix<Double>) -> Double {
    precondition(
      sums.inputs == weight.columns && sums.targets == weight.rows && sums.count > 0,
      "RidgeRegression: expected samples of \(weight.columns) inputs and \(weight.rows) targets")
    var full = Matrix<Double>(rows: weight.rows, columns: weight.columns + 1)
    full.copy(weight, rows: weight.rows, columns: weight.columns)
    for (row, value) in bias.enumerated() { full[row, weight.columns] = value }
    // [k, d + 1] · [d + 1, d + 1]
    let product = full.multiplied(by: products)
    let targets = sums.targetProducts.transposed()
    var total = sums.targetSquares.reduce(0, +)
    for index in full.storage.indices {
      total += full.storage[index] * (product.storage[index] - 2 * targets.storage[index])
    }
    return total / Double(sums.count)
  }

  private init(weight: Matrix<Double>, _ centred: CentredSums, _ ridge: Double) {
    self.weight = weight
    self.ridge = ridge
    bias = (0..<weight.rows).map { row in
      (0..<weight.columns).reduce(centred.targetMeans[row]) {
        $0 - weight[row, $1] * centred.means[$1]
      }
    }
  }
}

/// The sums of samples whose means are taken off, so that the bias falls out of the equations.
private struct CentredSums {
  let means, targetMeans: [Double]
  /// `XᵀX` [d, d], its lower triangle.
  let products: Matrix<Double>
  /// `XᵀY` [d, k]
  let targetProducts: Matrix<Double>

  init(_ sums: RegressionSums) {
    precondition(sums.count > 0, "RidgeRegression: expected at least one sample")
    let (d, k) = (sums.inputs, sums.targets)
    let count = Double(sums.count)
    let means = (0..<d).map { sums.products[d, $0] / count }
    let targetMeans = (0..<k).map { sums.targetProducts[d, $0] / count }
    var products = Matrix<Double>(rows: d, columns: d)
    var targetProducts = Matrix<Double>(rows: d, columns: k)
    for row in 0..<d {
      for column in 0...row {
        products[row, column] = sums.products[row, column] - count * means[row] * means[column]
      }
      for column in 0..<k {
        targetProducts[row, column] =
          sums.targetProducts[row, column] - count * means[row] * targetMeans[column]
      }
    }
    (self.means, self.targetMeans) = (means, targetMeans)
    (self.products, self.targetProducts) = (products, targetProducts)
  }
}

extension CentredSums {
  /// Values of λ from one that hardly matters to one that flattens the function, around the mean
  /// eigenvalue of `XᵀX`, or around 1 where no input varies.
  fileprivate var candidates: [Double] {
    let trace = (0..<products.rows).reduce(0) { $0 + products[$1, $1] }
    let mean = trace > 0 ? trace / Double(products.rows) : 1
    return (-10...2).map { mean * pow(10, Double($0) / 2) }
  }
}

extension Matrix<Double> {
  /// The symmetric matrix of which this one has the lower triangle, and zeros above.
  fileprivate var symmetric: Matrix {
    var result = self
    for row in 0..<rows {
      for column in 0..<row { result[column, row] = self[row, column] }
    }
    return result
  }
}
