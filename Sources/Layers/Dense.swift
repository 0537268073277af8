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
  ///
  /// A layer of few units on many inputs is planned as a sum over its inputs.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    try check(input)
    let weight = Parameter("weight", shape: [units, input[0]], initialValue: weight, l2: l2)
    let bias = Parameter("bias", shape: [units], initialValue: bias)
    let sumsOverInputs =
      context.parts > 1 && !context.cutsColumns(units) && context.cutsColumns(input[0])
    let products = Products(
      hasBias: hasBias, operations: 2 * Double(units) * context.operations(on: input), context)
    return LayerPlan(
      output: [units], parameters: hasBias ? [weight, bias] : [weight],
      scratch: sumsOverInputs ? [.perPart(context.samples * units)] : [],
      forward: sumsOverInputs ? products.sumOverInputs() : [products.forward()],
      parameterGradients: products.parameterGradients(),
      inputGradient: [products.inputGradient()])
  }

  private func check(_ input: Shape) throws(LayerError) {
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
  }
}

/// The phases of a dense layer.
private struct Products {
  let hasBias: Bool
  /// Of one product.
  let operations: Double
  let isStolen: Bool

  init(hasBias: Bool, operations: Double, _ context: PlanContext) {
    self.hasBias = hasBias
    self.operations = operations
    isStolen = context.paysStealing(operations: operations)
  }

  /// The parameters that a forward pass reads.
  private var parameters: [Operand: Extent] {
    hasBias ? [.parameter(0): .part, .parameter(1): .part] : [.parameter(0): .part]
  }

  /// `Y = X·Wᵀ + b`
  func forward() -> Phase {
    Phase(
      reads: parameters.merging([.input: .part]) { $1 }, writes: [.output: .part],
      split: .outputTiles, isStolen: isStolen, operations: operations
    ) { [hasBias] operands, part, pass in
      let (weight, y) = (operands.parameter(0), operands.y)
      let tile = part.output(y)
      // [batch, in] · [out, in]ᵀ → [batch, out]
      pass.multiply(
        operands.x[rows: tile.rows], weight[rows: tile.columns].transposed, into: y[tile])
      if hasBias { operands.addBias(to: tile) }
    }
  }

  /// `Y = Σ Xₚ·Wₚᵀ + b` over the parts p of the inputs.
  ///
  /// A part multiplies the columns of `X` and `W` that belong to it, so what passes from core to core
  /// is no inputs and weights but only partial sums, each as small as the output (the row-parallel
  /// layer of Shoeybi et al. 2019, *Megatron-LM*).
  func sumOverInputs() -> [Phase] {
    let product = Phase(
      reads: [.input: .part, .parameter(0): .part], writes: [.scratch(0): .part],
      split: .inputs, operations: operations
    ) { operands, part, pass in
      let (x, weight, y) = (operands.x, operands.parameter(0), operands.y)
      let inputs = part.input(x).columns
      // [batch, in] · [out, in]ᵀ → [batch, out]
      pass.multiply(
        x[columns: inputs], weight[columns: inputs].transposed,
        into: MatrixView(operands.scratch(0).row(part.index), rows: y.rows, columns: y.columns))
    }
    let sum = Phase(
      reads: hasBias ? [.scratch(0): .all, .parameter(1): .part] : [.scratch(0): .all],
      writes: [.output: .part], split: .samples
    ) { [hasBias] operands, part, _ in
      let (sums, y) = (operands.scratch(0), operands.y)
      let tile = part.output(y)
      let (start, count) = (tile.rows.lowerBound * y.columns, tile.rows.count * y.columns)
      let target = y.baseAddress + start
      maru_add(sums.row(0) + start, sums.row(1) + start, target, count)
      for other in 2..<max(2, sums.rows) {
        maru_add(target, sums.row(other) + start, target, count)
      }
      if hasBias { operands.addBias(to: tile) }
    }
    return [product, sum]
  }

  /// `dW = dYᵀ·X` and `db = Σ dY` over the samples
  func parameterGradients() -> [Phase] {
    let weight = Phase(
      reads: [.outputGradient: .part, .input: .part], writes: [.gradient(0): .part],
      split: .weights, isStolen: isStolen, addsScaled: true, operations: operations
    ) { operands, part, pass in
      let gradient = operands.gradient(0)
      let tile = part.weight(gradient)
      // [batch, out]ᵀ · [batch, in] → [out, in]
      pass.multiply(
        operands.dY[columns: tile.rows].transposed, operands.x[columns: tile.columns],
        into: gradient[tile], alpha: pass.alpha, beta: pass.beta)
    }
    let bias = Phase(
      reads: [.outputGradient: .part], writes: [.gradient(1): .part], split: .units,
      isStolen: isStolen
    ) { operands, part, _ in
      let units = part.vector(operands.gradient(1))
      let dY = operands.dY[columns: units]
      maru_sum_columns(
        dY.baseAddress, dY.rows, dY.columns, dY.stride,
        operands.gradient(1).baseAddress + units.lowerBound)
    }
    return hasBias ? [weight, bias] : [weight]
  }

  /// `dX = dY·W`
  func inputGradient() -> Phase {
    Phase(
      reads: [.outputGradient: .part, .parameter(0): .part], writes: [.inputGradient: .part],
      split: .inputTiles, isStolen: isStolen, operations: operations
    ) { operands, part, pass in
      let tile = part.input(operands.dX)
      // [batch, out] · [out, in] → [batch, in]
      pass.multiply(
        operands.dY[rows: tile.rows], operands.parameter(0)[columns: tile.columns],
        into: operands.dX[tile])
    }
  }
}

extension Operands {
  fileprivate func addBias(to tile: Tile) {
    let y = y[tile]
    maru_add_to_rows(
      y.baseAddress, y.rows, y.columns, y.stride,
      parameter(1).baseAddress + tile.columns.lowerBound)
  }
}
