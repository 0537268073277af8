extension PrincipalComponents {
  /// The number of inputs of a sample.
  public var inputs: Int { mean.count }

  /// The scores of samples: `Z = (X − μ)·Vᵀ`, divided by their standard deviations where it whitens.
  ///
  /// Shapes: `X` [n, d] → `Z` [n, k]; others trap. Throws where an element is not finite. Along a
  /// component without variance, which has no standard deviation to divide by, whitened scores are 0.
  public func transform(_ samples: Matrix<Scalar>) throws(LinearAlgebraError) -> Matrix<Scalar> {
    require(
      samples.columns == inputs,
      "PrincipalComponents.transform: expected X [n, \(inputs)], got \(samples.shape)")
    try requireFinite(samples, "X")
    var centred = samples
    centred.withMutableMatrix { Scalar.lapackRoutines.addToRows($0, mean.map { -$0 }) }
    // [n, d] · [k, d]ᵀ → [n, k]
    return centred.multiplied(by: projection.weight, transposingOther: true)
  }

  /// Samples of given scores: `X = Z·V + μ`, which is what `transform` was given less its part
  /// outside of the components.
  ///
  /// Shapes: `Z` [n, k] → `X` [n, d]; others trap. Throws where an element is not finite.
  public func inverseTransform(
    _ scores: Matrix<Scalar>
  ) throws(LinearAlgebraError) -> Matrix<Scalar> {
    require(
      scores.columns == components.rows,
      "PrincipalComponents.inverseTransform: expected Z [n, \(components.rows)], got \(scores.shape)"
    )
    try requireFinite(scores, "Z")
    let scales = isWhitening ? explainedVariance.map { $0.squareRoot() } : nil
    // [n, k] · [k, d] → [n, d]
    var samples = scores.multiplied(by: components.scaled(rows: scales))
    samples.withMutableMatrix { Scalar.lapackRoutines.addToRows($0, mean) }
    return samples
  }

  /// The transform as one linear layer, `Z = X·Wᵀ + b`: `W` [k, d] and `b` of k.
  public var projection: (weight: Matrix<Scalar>, bias: [Scalar]) {
    let scales = explainedVariance.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let weight = components.scaled(rows: isWhitening ? scales : nil)
    // Summed in double precision: the layer's output is a small difference of large terms.
    let bias = (0..<weight.rows).map { row in
      Scalar(mean.indices.reduce(0.0) { $0 - Double(weight[row, $1]) * Double(mean[$1]) })
    }
    return (weight, bias)
  }
}

extension PrincipalComponents<Float> {
  /// The scores of samples of any shape, which are flattened and gone through in blocks.
  ///
  /// Shapes: n samples of d elements → [n, k]; others trap, and so does an index that is no sample's.
  /// Numbers that are not finite come out so.
  /// - Parameters:
  ///   - samples: `X`
  ///   - indices: which of them, all unless given
  public func transform(_ samples: any SampleSource, indices: [Int32]? = nil) -> Tensor {
    require(
      samples.sampleShape.count == inputs,
      "PrincipalComponents.transform: expected samples of \(inputs) elements, got \(samples.sampleShape)"
    )
    let chosen = SampleBlocks(samples, indices, size: 1024)
    let (weight, origin) = (projection.weight, mean.map { -$0 })
    let (count, width) = (indices?.count ?? samples.sampleCount, components.rows)
    return Tensor(shape: [count, width]) { result in
      guard let start = result.baseAddress, count > 0 else { return }
      let scores = MatrixView(start, rows: count, columns: width)
      _ = inParallel(blocks: chosen.count) { blocks in
        let buffer = chosen.buffer()
        for number in blocks {
          let rows = chosen.gather(number, into: buffer)
          Float.lapackRoutines.addToRows(rows, origin)
          // [n, d] · [k, d]ᵀ → [n, k]
          weight.withMatrix { gemm(rows, $0.transposed, into: scores[rows: chosen.range(number)]) }
        }
      }
    }
  }
}

extension Matrix {
  /// The matrix with each row multiplied by its number, where there are any.
  fileprivate func scaled(rows scales: [Scalar]?) -> Matrix {
    guard let scales else { return self }
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result[row, column] *= scales[row] }
    }
    return result
  }
}
