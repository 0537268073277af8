extension Tensor {
  /// A random matrix whose columns (or rows, where it is wider than tall) are orthogonal, each of
  /// length `gain`: initial weights that neither stretch nor shrink what passes through many layers.
  ///
  /// ```swift
  /// let weight = Tensor.orthogonal(units: 128, inputs: 784, gain: 2.squareRoot(), using: &generator)
  /// let layer = Dense(weight: weight, bias: Tensor(zeros: [128]))
  /// ```
  ///
  /// Q of the factors of a matrix of standard normal numbers, each column turned so that the diagonal
  /// of R is positive, which makes all orthogonal matrices equally likely (Mezzadri 2007). For weights
  /// by Saxe et al. 2014, *Exact solutions to the nonlinear dynamics of learning in deep linear neural
  /// networks*.
  /// - Parameters:
  ///   - units: rows of the matrix
  ///   - inputs: columns of the matrix
  ///   - gain: the length of the shorter side's vectors: 1 keeps lengths in linear layers, √2 before
  ///     ReLU
  ///   - generator: where the random numbers come from, units · inputs of them
  public static func orthogonal(
    units: Int, inputs: Int, gain: Float = 1, using generator: inout RandomGenerator
  ) -> Tensor {
    let (long, short) = (max(units, inputs), min(units, inputs))
    let normal = Matrix<Float>(
      rows: long, columns: short, elements: (0..<long * short).map { _ in generator.normal() })
    guard let factors = try? qr(normal) else {
      fatalError("Tensor.orthogonal: a normal number was not finite")
    }
    var q = factors.q
    for column in 0..<short {
      let factor = factors.r[column, column] < 0 ? -gain : gain
      for row in 0..<long { q[row, column] *= factor }
    }
    return Tensor(units >= inputs ? q : q.transposed())
  }
}
