import CKernels

/// A fully connected layer: `Y = X·Wᵀ + b`.
///
/// Parameters: `weight` [units, inputs] and, unless left out, `bias` [units].
/// Shapes: `X` [batch, inputs] → `Y` [batch, units].
/// Initial values: Glorot-uniform weights and zero biases, as in Keras, unless others are given.
public struct Dense: Layer {
  /// The number of outputs.
  public let units: Int
  /// Whether there is a bias.
  public let hasBias: Bool
  /// The factor λ of the penalty `λ·Σ W²` added to the loss (Keras's `kernel_regularizer=L2(λ)`).
  public let l2: Float
  private let weight: Initializer
  private let bias: Initializer
  private let givenInputs: Int?

  /// Creates a layer whose number of inputs follows from where it stands.
  /// - Parameters:
  ///   - units: number of outputs, at least 1
  ///   - bias: whether a bias is added
  ///   - weightInitializer: initial weights
  ///   - biasInitializer: initial biases
  ///   - l2: penalty on the weights, 0 for none
  public init(
    _ units: Int, bias: Bool = true, weightInitializer: Initializer = .glorotUniform,
    biasInitializer: Initializer = .zeros, l2: Float = 0
  ) {
    require(units >= 1, "Dense: expected at least 1 unit, got \(units)")
    require(l2 >= 0, "Dense: expected an L2 penalty from 0, got \(l2)")
    self.units = units
    hasBias = bias
    self.l2 = l2
    weight = weightInitializer
    self.bias = biasInitializer
    givenInputs = nil
  }

  /// Creates a layer from its parameters.
  /// - Parameters:
  ///   - weight: [units, inputs]
  ///   - bias: [units], or nil for none
  public init(weight: Tensor, bias: Tensor?) {
    require(
      weight.shape.rank == 2 && weight.shape[0] >= 1,
      "Dense: expected weights [units, inputs], got \(weight.shape)")
    require(
      bias == nil || bias?.shape == [weight.shape[0]],
      "Dense: expected a bias [\(weight.shape[0])], got \(bias?.shape.description ?? "")")
    units = weight.shape[0]
    hasBias = bias != nil
    l2 = 0
    self.weight = .values(weight)
    self.bias = bias.map { .values($0) } ?? .zeros
    givenInputs = weight.shape[1]
  }

  /// [inputs] → [units]; an input with more axes has to be flattened first.
  public func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard input.rank == 1 else {
      throw LayerError(
        "Dense(\(units)) expects a vector, got shape \(input): put Flatten before it")
    }
    guard input.count >= 1 else {
      throw LayerError("Dense(\(units)) expects at least one input, got shape \(input)")
    }
    guard givenInputs == nil || givenInputs == input[0] else {
      throw LayerError(
        "Dense(\(units)) has weights for \(givenInputs ?? 0) inputs, got \(input[0])")
    }
    return [units]
  }

  /// `weight` [units, inputs] and `bias` [units].
  public func parameters(for input: Shape) -> [Parameter] {
    let weight = Parameter("weight", shape: [units, input[0]], initialValue: weight, l2: l2)
    return hasBias ? [weight, Parameter("bias", shape: [units], initialValue: bias)] : [weight]
  }

  /// The output follows from `X` and `W`, so backward needs `X` only.
  public var readsOutputBackward: Bool { false }

  /// Workers help each other with large products.
  public var division: WorkDivision { .shared }

  /// `Y = X·Wᵀ + b`
  public func forward(
    _ x: MatrixView<Float>, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    pass.forEachTile(ofActivations: y) { tile in
      let part = y[tile]
      // [batch, in] · [out, in]ᵀ → [batch, out]
      pass.multiply(x[rows: tile.rows], parameters[0][rows: tile.columns].transposed, into: part)
      addBias(parameters, tile, to: part)
    }
  }

  /// The worker's part of `X·Wᵀ`, the terms of its share of the inputs.
  package func forwardPart(
    _ x: MatrixView<Float>, of y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass,
    sums: PartialSums
  ) {
    let inputs = pass.worker.tile(ofWeights: parameters[0]).columns
    // [batch, in] · [out, in]ᵀ → [batch, out]
    pass.multiply(
      x[columns: inputs], parameters[0][columns: inputs].transposed,
      into: sums.part(of: y, pass.worker))
  }

  /// `Y = Σ parts + b` in the worker's tile of `Y`, once all parts are there.
  package func sumParts(
    _ sums: PartialSums, into y: MatrixView<Float>, parameters: [MatrixView<Float>], pass: Pass
  ) {
    let tile = pass.worker.tile(ofActivations: y)
    sums.sum(into: y, rows: tile.rows)
    addBias(parameters, tile, to: y[tile])
  }

  private func addBias(_ parameters: [MatrixView<Float>], _ tile: Tile, to part: MatrixView<Float>)
  {
    guard hasBias else { return }
    let bias = parameters[1].baseAddress + tile.columns.lowerBound
    maru_add_to_rows(part.baseAddress, part.rows, part.columns, part.stride, bias)
  }

  /// `dW = dYᵀ·X` and `db = Σ dY` over the samples
  public func parameterGradients(
    of dY: MatrixView<Float>, x: MatrixView<Float>, into gradients: [MatrixView<Float>], pass: Pass
  ) {
    pass.forEachTile(ofWeights: gradients[0]) { tile in
      let dYPart = dY[columns: tile.rows]
      // [batch, out]ᵀ · [batch, in] → [out, in]
      pass.multiply(dYPart.transposed, x[columns: tile.columns], into: gradients[0][tile])
      sumBiases(dYPart, tile, into: gradients)
    }
  }

  /// `W ← W − η·dYᵀ·X` and `b ← b − η·Σ dY`, the same parts as in ``parameterGradients``.
  ///
  /// The product adds to the weights, which saves a pass over them and their gradient.
  package func descend(
    _ parameters: [MatrixView<Float>], rate: Float, of dY: MatrixView<Float>, x: MatrixView<Float>,
    gradients: [MatrixView<Float>], pass: Pass
  ) {
    pass.forEachTile(ofWeights: parameters[0]) { tile in
      let dYPart = dY[columns: tile.rows]
      // [batch, out]ᵀ · [batch, in] → [out, in]
      pass.multiply(
        dYPart.transposed, x[columns: tile.columns], into: parameters[0][tile], alpha: -rate,
        beta: 1)
      if let range = sumBiases(dYPart, tile, into: gradients) {
        let start = range.lowerBound
        maru_sgd(
          parameters[1].baseAddress + start, gradients[1].baseAddress + start, range.count, rate)
      }
    }
  }

  /// Sums the gradients of the biases that belong to a tile of the weights, and tells which they are.
  ///
  /// Where the weights are cut by inputs, the one worker with the first input sums all.
  @discardableResult
  private func sumBiases(
    _ dY: MatrixView<Float>, _ tile: Tile, into gradients: [MatrixView<Float>]
  ) -> Range<Int>? {
    guard hasBias && tile.columns.contains(0) else { return nil }
    let dBias = gradients[1].baseAddress + tile.rows.lowerBound
    maru_sum_columns(dY.baseAddress, dY.rows, dY.columns, dY.stride, dBias)
    return tile.rows
  }

  /// `dX = dY·W`
  public func inputGradient(
    of dY: MatrixView<Float>, x: MatrixView<Float>, y: MatrixView<Float>,
    parameters: [MatrixView<Float>], into dX: MatrixView<Float>, pass: Pass
  ) {
    pass.forEachTile(ofActivations: dX) { tile in
      // [batch, out] · [out, in] → [batch, in]
      pass.multiply(dY[rows: tile.rows], parameters[0][columns: tile.columns], into: dX[tile])
    }
  }
}
