/// How a parameter is filled before training.
///
/// The scaled families draw with variance `scale / fan`, where fan-in is the number of inputs of a
/// unit and fan-out the number of units. The normal ones are truncated at two standard deviations
/// and widened by 1/0.8796 so that the variance stays, as in Keras.
public enum Initializer: Sendable {
  /// All 0.
  case zeros
  /// All one value.
  case constant(Float)
  /// Uniform in ±√(6 / (fan-in + fan-out)) (Glorot and Bengio 2010).
  case glorotUniform
  /// Truncated normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).
  case glorotNormal
  /// Uniform in ±√(6 / fan-in), for ReLU (He et al. 2015).
  case heUniform
  /// Truncated normal with variance 2 / fan-in, for ReLU (He et al. 2015).
  case heNormal
  /// Uniform in ±√(3 / fan-in) (LeCun et al. 1998).
  case lecunUniform
  /// Truncated normal with variance 1 / fan-in (LeCun et al. 1998).
  case lecunNormal
  /// The given values, of the parameter's shape.
  case values(Tensor)

}

extension Parameter {
  /// Fills the parameter with its initial value.
  /// - Parameters:
  ///   - target: the parameter's elements in row-major order
  ///   - generator: where random values come from; advanced by those that are drawn
  public func fill(
    _ target: UnsafeMutableBufferPointer<Float>, using generator: inout RandomGenerator
  ) {
    require(
      target.count == shape.count,
      "Parameter \(name): expected \(shape.count) elements for shape \(shape), got \(target.count)")
    let (fanIn, fanOut) = (Float(fanIn), Float(fanOut))
    switch initialValue {
    case .zeros: target.update(repeating: 0)
    case .constant(let value): target.update(repeating: value)
    case .glorotUniform: target.fillUniform(variance: 2 / (fanIn + fanOut), &generator)
    case .glorotNormal: target.fillNormal(variance: 2 / (fanIn + fanOut), &generator)
    case .heUniform: target.fillUniform(variance: 2 / fanIn, &generator)
    case .heNormal: target.fillNormal(variance: 2 / fanIn, &generator)
    case .lecunUniform: target.fillUniform(variance: 1 / fanIn, &generator)
    case .lecunNormal: target.fillNormal(variance: 1 / fanIn, &generator)
    case .values(let tensor):
      require(
        tensor.shape == shape,
        "Initializer.values: expected shape \(shape), got \(tensor.shape)")
      tensor.withUnsafeBufferPointer { _ = target.update(fromContentsOf: $0) }
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  fileprivate func fillUniform(variance: Float, _ generator: inout RandomGenerator) {
    let limit = (3 * variance).squareRoot()
    for index in indices { self[index] = generator.uniform(-limit, limit) }
  }

  fileprivate func fillNormal(variance: Float, _ generator: inout RandomGenerator) {
    // 0.8796… is the standard deviation of the standard normal distribution truncated at ±2.
    let deviation = variance.squareRoot() / 0.879_625_66
    for index in indices { self[index] = deviation * generator.truncatedNormal() }
  }
}
