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
  /// Inputs that do not vary, as the rims of digits, are left out, and have zeros for weights. At least
  /// one sample and a λ from 0 are needed; others trap. Throws where inputs depend on each other within
  /// rounding and λ is too small to tell them apart
  /// (``LinearAlgebraError/notPositiveDefinite(leadingMinor:)``, counted among the inputs that vary), and
  /// where an element was not finite.
  public init(_ sums: RegressionSums, ridge: Double) throws(LinearAlgebraError) {
    require(
      ridge >= 0 && ridge.isFinite, "RidgeRegression: expected λ from 0, got \(ridge)")
    let centred = try CentredSums(sums)
    var penalised = centred.products
    for index in 0..<penalised.rows { penalised[index, index] += ridge }
    let factor = try cholesky(penalised)
    for index in 0..<penalised.rows {
      // What an input has of its own, beside those before it.
      let own = factor.lower[index, index] * factor.lower[index, index]
      guard own > CentredSums.rounding * centred.squares[index] else {
        throw .notPositiveDefinite(leadingMinor: index + 1)
      }
    }
    // [v, v]⁻¹ · [v, k]
    let transposed = try factor.solve(centred.targetProducts.transposed())
    self.init(weight: transposed.transposed(), centred, ridge)
  }

  /// Fits with the λ of a grid whose function is nearest to the targets of other samples.
  ///
  /// One eigendecomposition of `XᵀX = V·Λ·Vᵀ` serves every λ: `Wᵀ = V·(Λ + λ)⁻¹·Vᵀ·XᵀY`. The error on
  /// the other samples follows from their sums. At least one sample on either side and one λ, all
  /// above 0, are needed; others trap. Throws where an element was not finite.
  /// - Parameters:
  ///   - training: the sums to fit to
  ///   - validation: the sums of the samples to choose by
  ///   - candidates: values of λ; from 10⁻⁵ to 10 of the mean eigenvalue of `XᵀX`, of inputs that
  ///     vary, two a decade, unless given
  public static func best(
    _ training: RegressionSums, validation: RegressionSums, candidates: [Double]? = nil
  ) throws(LinearAlgebraError) -> RidgeRegression {
    try validation.requireFinite()
    let centred = try CentredSums(training)
    let candidates = candidates ?? centred.candidates
    require(
      !candidates.isEmpty && candidates.allSatisfy { $0 > 0 && $0.isFinite },
      "RidgeRegression.best: expected λ above 0, got \(candidates)")
    let eigen = try eigenSymmetric(centred.products)
    // [k, v] · [v, v]
    let projected = centred.targetProducts.multiplied(by: eigen.vectors)
    let fits = candidates.map { ridge in
      var scaled = projected
      for column in 0..<scaled.columns {
        // Rounding may leave an eigenvalue that should be 0 a little below it.
        let factor = 1 / (max(eigen.values[column], 0) + ridge)
        for row in 0..<scaled.rows { scaled[row, column] *= factor }
      }
      // [k, v] · [v, v]ᵀ
      let weight = scaled.multiplied(by: eigen.vectors, transposingOther: true)
      return RidgeRegression(weight: weight, centred, ridge)
    }
    let products = validation.products.symmetric
    let errors = fits.map { $0.squaredError(validation, products) }
    return fits[fits.indices.min { errors[$0] < errors[$1] } ?? 0]
  }

  /// The mean over the samples of `‖x·Wᵀ + b − y‖²`, from their sums alone.
  public func squaredError(_ sums: RegressionSums) -> Double {
    squaredError(sums, sums.products.symmetric)
  }

  /// The error from the sums and both triangles of their products.
  private func squaredError(_ sums: RegressionSums, _ products: Matrix<Double>) -> Double {
    require(
      sums.inputs == weight.columns && sums.targets == weight.rows && sums.count > 0,
      "RidgeRegression: expected samples of \(weight.columns) inputs and \(weight.rows) targets, got \(sums.count) of \(sums.inputs) and \(sums.targets)"
    )
    // [k, d] · [d, d]
    let product = weight.multiplied(by: products)
    var total = 0.0
    for row in 0..<weight.rows {
      let bias = bias[row]
      for column in 0..<weight.columns {
        let linear = 2 * (bias * sums.totals[column] - sums.targetProducts[row, column])
        total += weight[row, column] * (product[row, column] + linear)
      }
      total += Double(sums.count) * bias * bias
      total += sums.targetSquares[row] - 2 * bias * sums.targetTotals[row]
    }
    return total / Double(sums.count)
  }

  /// From the weights of the inputs that vary [k, v].
  private init(weight varying: Matrix<Double>, _ centred: CentredSums, _ ridge: Double) {
    self.ridge = ridge
    var (weight, bias) = (
      Matrix<Double>(rows: varying.rows, columns: centred.means.count), centred.targetMeans
    )
    for row in 0..<weight.rows {
      for (place, input) in centred.varying.enumerated() {
        weight[row, input] = varying[row, place]
        bias[row] -= varying[row, place] * centred.means[input]
      }
    }
    (self.weight, self.bias) = (weight, bias)
  }
}

/// The sums of samples whose means are taken off, so that the bias falls out of the equations.
private struct CentredSums {
  let means, targetMeans: [Double]
  /// The inputs that vary, to which what follows is restricted.
  let varying: [Int]
  /// The diagonal of `XᵀX` [v] before the means were taken off.
  let squares: [Double]
  /// `XᵀX` [v, v], its lower triangle.
  private(set) var products: Matrix<Double>
  /// `YᵀX` [k, v]
  private(set) var targetProducts: Matrix<Double>

  /// The part of a sum of squares that may be rounding alone; what is seen is a thousandth of it.
  static let rounding = 1e-12

  init(_ sums: RegressionSums) throws(LinearAlgebraError) {
    require(sums.count > 0, "RidgeRegression: expected at least one sample, got none")
    try sums.requireFinite()
    let count = Double(sums.count)
    let means = sums.totals.map { $0 / count }
    let varying = means.indices.filter {
      let square = sums.products[$0, $0]
      return square - count * means[$0] * means[$0] > Self.rounding * square
    }
    squares = varying.map { sums.products[$0, $0] }
    products = Matrix(rows: varying.count, columns: varying.count)
    targetProducts = Matrix(rows: sums.targets, columns: varying.count)
    for (row, input) in varying.enumerated() {
      for (column, other) in varying[...row].enumerated() {
        products[row, column] = sums.products[input, other] - count * means[input] * means[other]
      }
      for target in 0..<sums.targets {
        targetProducts[target, row] =
          sums.targetProducts[target, input] - sums.targetTotals[target] * means[input]
      }
    }
    (self.means, self.varying) = (means, varying)
    targetMeans = sums.targetTotals.map { $0 / count }
  }
}

extension RegressionSums {
  /// Throws where an element of a sample was not finite: then its square is not, and stays in the sum.
  fileprivate func requireFinite() throws(LinearAlgebraError) {
    guard (0..<inputs).allSatisfy({ products[$0, $0].isFinite }) else {
      throw .notFinite(operand: "samples")
    }
    guard targetSquares.allSatisfy(\.isFinite) else { throw .notFinite(operand: "targets") }
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
