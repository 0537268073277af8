/// How many principal components are kept.
public enum ComponentCount: Sendable, Equatable {
  /// As many as there are: the smaller of the numbers of samples and inputs.
  case all
  /// So many, from 1 to ``all``; others trap.
  case count(Int)
  /// As few as hold this share of the samples' variance, above 0 and up to 1; others trap.
  case variance(Double)
}

/// The directions in which samples vary most: an orthonormal basis of a few dimensions, fitted to
/// samples, and the map into it and back.
///
/// ```swift
/// let principal = try PrincipalComponents<Float>(images, keeping: .variance(0.95))
/// let scores = principal.transform(images)
/// ```
///
/// With `μ` the mean and `V` [k, d] the components, `Z = (X − μ)·Vᵀ`, and back `X ≈ Z·V + μ`. Where it
/// whitens, each column of `Z` is divided by its standard deviation. The components are eigenvectors
/// of the covariance (divided by n − 1), by one `syrk` a block of samples and one `syevd`; they take
/// some 5·d² numbers in double precision, however many samples there are.
///
/// A component's sign is free. It is such that the element of the largest magnitude, the first of
/// them, is positive, as in scikit-learn from 1.5 on (`svd_flip`).
public struct PrincipalComponents<Scalar: LAPACKScalar>: Sendable {
  /// `μ`, the mean of the samples.
  public let mean: [Scalar]
  /// `V` [k, d], one component per row, in descending order of their variance.
  public let components: Matrix<Scalar>
  /// The variance of the samples along each component: `λ / (n − 1)`, 0 where λ is not above its
  /// rounding.
  public let explainedVariance: [Scalar]
  /// The variance of the samples in all directions together, those left out too.
  public let totalVariance: Scalar
  /// Whether scores are divided by their standard deviation.
  public let isWhitening: Bool

  /// The share of the samples' variance along each component; 0 where they do not vary at all.
  public var explainedVarianceRatio: [Scalar] {
    explainedVariance.map { totalVariance > 0 ? $0 / totalVariance : 0 }
  }

  /// Fits to the rows of a matrix, `X` [n, d].
  ///
  /// Throws where an element is not finite, and where there are fewer than two samples; traps where
  /// there is no input.
  /// - Parameters:
  ///   - samples: `X`
  ///   - kept: how many components are kept
  ///   - whitening: whether scores are divided by their standard deviation
  public init(
    _ samples: Matrix<Scalar>, keeping kept: ComponentCount = .all, whitening: Bool = false
  ) throws(LinearAlgebraError) {
    var moments = SampleMoments(inputs: samples.columns)
    try moments.add(samples)
    try self.init(moments, keeping: kept, whitening: whitening)
  }

  /// Fits to samples of any shape, which are flattened; otherwise as for the rows of a matrix.
  ///
  /// The samples are gone through in blocks, as by ``SampleMoments``; the thread that calls is blocked
  /// until all are.
  /// - Parameters:
  ///   - samples: `X`
  ///   - indices: which of them, all unless given
  ///   - kept: how many components are kept
  ///   - whitening: whether scores are divided by their standard deviation
  public init(
    _ samples: any SampleSource, indices: [Int32]? = nil, keeping kept: ComponentCount = .all,
    whitening: Bool = false
  ) throws(LinearAlgebraError) {
    try self.init(
      SampleMoments(samples, indices: indices), keeping: kept, whitening: whitening)
  }

  /// Fits to samples by their moments, which may have been added up block by block.
  public init(
    _ moments: SampleMoments, keeping kept: ComponentCount = .all, whitening: Bool = false
  ) throws(LinearAlgebraError) {
    guard moments.count >= 2 else { throw .tooFewSamples(count: moments.count) }
    let inputs = moments.inputs
    require(inputs >= 1, "PrincipalComponents: expected at least one input, got \(inputs)")
    try requireFinite(moments.scatter, "the covariance")
    let eigen = try eigenSymmetric(moments.scatter)
    let scale = 1 / Double(moments.count - 1)
    // Rounding may leave an eigenvalue that should be 0 a little below or above it.
    let least = (eigen.values.last ?? 0) * Double(inputs).squareRoot() * moments.rounding
    let variances = eigen.values.reversed().map { $0 > least ? $0 * scale : 0 }
    let total = (0..<inputs).reduce(0) { $0 + moments.scatter[$1, $1] } * scale
    let count = Self.count(
      kept, of: variances, most: min(moments.count, inputs), total: total)
    var rows = [Scalar](repeating: 0, count: count * inputs)
    for component in 0..<count {
      let column = (0..<inputs).map { eigen.vectors[$0, inputs - 1 - component] }
      let signed = Self.turned(column)
      for input in 0..<inputs { rows[component * inputs + input] = Scalar(signed[input]) }
    }
    mean = moments.mean.map { Scalar($0) }
    components = Matrix(rows: count, columns: inputs, elements: rows)
    explainedVariance = variances.prefix(count).map { Scalar($0) }
    totalVariance = Scalar(total)
    isWhitening = whitening
  }

  private static func count(
    _ kept: ComponentCount, of variances: [Double], most: Int, total: Double
  ) -> Int {
    switch kept {
    case .all: return most
    case .count(let count):
      require(
        1...most ~= count, "PrincipalComponents: expected 1 to \(most) components, got \(count)")
      return count
    case .variance(let share):
      require(
        0 < share && share <= 1,
        "PrincipalComponents: expected a share of the variance above 0 and up to 1, got \(share)")
      var left = total
      for (index, variance) in variances.prefix(most).enumerated() {
        left -= variance
        if left <= (1 - share) * total { return index + 1 }
      }
      return most
    }
  }

  /// The vector with the sign that the type promises.
  private static func turned(_ vector: [Double]) -> [Double] {
    let largest = vector.reduce(0.0) { abs($1) > abs($0) ? $1 : $0 }
    return largest < 0 ? vector.map { -$0 } : vector
  }
}
