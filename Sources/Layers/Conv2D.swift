import CKernels

/// Slides filters over images: `Y[i, j, f] = b[f] + Σ X[i·s + r·d − p, j·s + q·d − p, c] · W[f, r, q, c]`,
/// the sum over rows r and columns q of the filter and over channels c; beyond the image X is 0.
///
/// Parameters: `weight` [filters, height, width, channels] and, unless left out, `bias` [filters].
/// Shapes: `X` [batch, height, width, channels], or [batch, height, width] of one channel →
/// `Y` [batch, height, width, filters]. Initial values: Glorot-uniform weights and zero biases, as in
/// Keras, unless others are given.
///
/// Images are computed 16 at a time, one in each lane of a vector (``Layout/lanes``).
public struct Conv2D: Layer {
  /// The number of filters.
  public let filters: Int
  /// The windows that the filters cover.
  public let window: Window2D
  /// Whether there is a bias.
  public let hasBias: Bool
  /// The factor λ of the penalty `λ·Σ W²` added to the loss (Keras's `kernel_regularizer=L2(λ)`).
  public let l2: Float
  private let weight: Initializer
  private let bias: Initializer

  /// Creates a layer whose number of channels follows from where it stands.
  /// - Parameters:
  ///   - filters: number of outputs for each place, at least 1
  ///   - window: what a filter covers, and how it moves; a number is the size of a square
  ///   - bias: whether a bias is added
  ///   - weightInitializer: initial weights
  ///   - biasInitializer: initial biases
  ///   - l2: penalty on the weights, 0 for none
  public init(
    _ filters: Int, _ window: Window2D, bias: Bool = true,
    weightInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    l2: Float = 0
  ) {
    require(filters >= 1, "Conv2D: expected at least 1 filter, got \(filters)")
    require(l2 >= 0, "Conv2D: expected an L2 penalty from 0, got \(l2)")
    self.filters = filters
    self.window = window
    hasBias = bias
    self.l2 = l2
    weight = weightInitializer
    self.bias = biasInitializer
  }

  /// [height, width, channels] → [height, width, filters].
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    let sizes = try window.sizes(over: input, filters: filters, for: "Conv2D(\(filters))")
    let elements = window.height * window.width
    let weight = Parameter(
      "weight", shape: [filters, window.height, window.width, sizes.channels],
      initialValue: weight, fanIn: elements * sizes.channels, fanOut: elements * filters, l2: l2)
    let bias = Parameter("bias", shape: [filters], initialValue: bias)
    let output: Shape = [sizes.vertical.output, sizes.horizontal.output, filters]
    let operations = 2 * sizes.meetings * sizes.channels * filters
    return Convolution(
      kernels: .ofAllChannels, sizes: sizes, hasBias: hasBias, samples: context.samples,
      operations: operations
    ).plan(output, hasBias ? [weight, bias] : [weight])
  }
}

/// Slides a filter of its own over each channel of images:
/// `Y[i, j, c] = b[c] + Σ X[i·s + r·d − p, j·s + q·d − p, c] · W[c, r, q]`.
///
/// Parameters: `weight` [channels, height, width, 1] and, unless left out, `bias` [channels]. Shapes: `X`
/// [batch, height, width, channels], or [batch, height, width] of one channel → `Y` [batch, height, width,
/// channels]. Initial values: Glorot-uniform weights and zero biases, as in Keras, unless others are given.
/// With a ``Conv2D`` of 1×1 behind it, it takes the place of one of its own size for a small part of the
/// work (Howard et al. 2017).
public struct DepthwiseConv2D: Layer {
  /// The windows that the filters cover.
  public let window: Window2D
  /// Whether there is a bias.
  public let hasBias: Bool
  /// The factor λ of the penalty `λ·Σ W²` added to the loss (Keras's `depthwise_regularizer=L2(λ)`).
  public let l2: Float
  private let weight: Initializer
  private let bias: Initializer

  /// Creates a layer whose number of channels follows from where it stands.
  /// - Parameters:
  ///   - window: what a filter covers, and how it moves; a number is the size of a square
  ///   - bias: whether a bias is added
  ///   - weightInitializer: initial weights
  ///   - biasInitializer: initial biases
  ///   - l2: penalty on the weights, 0 for none
  public init(
    _ window: Window2D, bias: Bool = true, weightInitializer: Initializer = .glorotUniform,
    biasInitializer: Initializer = .zeros, l2: Float = 0
  ) {
    require(l2 >= 0, "DepthwiseConv2D: expected an L2 penalty from 0, got \(l2)")
    self.window = window
    hasBias = bias
    self.l2 = l2
    weight = weightInitializer
    self.bias = biasInitializer
  }

  /// [height, width, channels] → [height, width, channels].
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    let sizes = try window.sizes(over: input, for: "DepthwiseConv2D")
    let elements = window.height * window.width
    let weight = Parameter(
      "weight", shape: [sizes.channels, window.height, window.width, 1], initialValue: weight,
      fanIn: elements * sizes.channels, fanOut: elements, l2: l2)
    let bias = Parameter("bias", shape: [sizes.channels], initialValue: bias)
    let output: Shape = [sizes.vertical.output, sizes.horizontal.output, sizes.channels]
    return Convolution(
      kernels: .ofEachChannel, sizes: sizes, hasBias: hasBias, samples: context.samples,
      operations: 2 * sizes.meetings * sizes.channels
    ).plan(output, hasBias ? [weight, bias] : [weight])
  }
}

/// The products of a convolution, of one block of samples.
private struct ConvolutionKernels: Sendable {
  typealias Sizes = UnsafePointer<MaruConvolution>
  typealias Values = UnsafePointer<Float>
  typealias Results = UnsafeMutablePointer<Float>

  /// `Y` from `X`, the weights and the biases.
  let forward: @Sendable (Sizes, Values, Values, Values?, Results) -> Void
  /// Adds to `dW` and `db` what follows from `dY` and `X`.
  let gradients: @Sendable (Sizes, Values, Values, Results, Results?) -> Void
  /// `dX` from `dY` and the weights, turned around where there is a function for that.
  let backward: @Sendable (Sizes, Values, Values, Results) -> Void
  let turn: (@Sendable (Sizes, Values, Results) -> Void)?

  /// Each filter goes over all channels.
  static let ofAllChannels = ConvolutionKernels(
    forward: { maru_convolve($0, $1, $2, $3, $4) },
    gradients: { maru_convolve_weights($0, $1, $2, $3, $4) },
    backward: { maru_convolve_backward($0, $1, $2, $3) },
    turn: { maru_turn_filters($0, $1, $2) })
  /// Each goes over its own.
  static let ofEachChannel = ConvolutionKernels(
    forward: { maru_convolve_channels($0, $1, $2, $3, $4) },
    gradients: { maru_convolve_channels_weights($0, $1, $2, $3, $4) },
    backward: { maru_convolve_channels_backward($0, $1, $2, $3) }, turn: nil)
}

/// The phases of a convolution.
///
/// scratch(0): what each part has added up of the gradients of weights and biases; scratch(1): the
/// filters turned around, for each part.
private struct Convolution {
  let kernels: ConvolutionKernels
  let sizes: MaruConvolution
  let hasBias: Bool
  let samples: Int
  /// Of one product for one sample.
  let operations: Int

  /// Of one product for a whole batch.
  private var batchOperations: Double { Double(operations) * Double(samples) }

  func plan(_ output: Shape, _ parameters: [Parameter]) -> LayerPlan {
    let (weights, filters) = (parameters[0].shape.count, parameters[0].shape[0])
    var plan = LayerPlan(
      output: output, parameters: parameters,
      scratch: [.perPart(weights + filters)] + (kernels.turn == nil ? [] : [.perPart(weights)]),
      forward: [forward()],
      parameterGradients: [partialGradients(weights), sumOfGradients(weights)],
      inputGradient: [inputGradient()])
    plan.layout = .lanes
    return plan
  }

  private func forward() -> Phase {
    let parameters: [Operand: Extent] =
      hasBias ? [.parameter(0): .all, .parameter(1): .all] : [.parameter(0): .all]
    return Phase(
      reads: parameters.merging([.input: .part]) { $1 }, writes: [.output: .part],
      split: .samples, operations: batchOperations
    ) { [self] operands, part, pass in
      let (x, y, weight) = (operands.x, operands.y, operands.parameter(0).baseAddress)
      let bias = hasBias ? operands.parameter(1).baseAddress : nil
      forEachBlock(part, pass) { sizes, block in
        kernels.forward(sizes, x.row(block), weight, bias, y.row(block))
      }
    }
  }

  /// The sums over a part's samples of `dW[f, r, q, c] = Σ dY[i, j, f] · X[i·s + r·d − p, …, c]` and
  /// `db[f] = Σ dY[i, j, f]`
  private func partialGradients(_ weights: Int) -> Phase {
    Phase(
      reads: [.outputGradient: .part, .input: .part], writes: [.scratch(0): .part],
      split: .samples, operations: batchOperations
    ) { [self] operands, part, pass in
      let (x, dY, sums) = (operands.x, operands.dY, operands.scratch(0))
      let (dW, dBias) = (sums.row(part.index), sums.row(part.index) + weights)
      if part.isFirst { dW.update(repeating: 0, count: sums.columns) }
      forEachBlock(part, pass) { sizes, block in
        kernels.gradients(sizes, dY.row(block), x.row(block), dW, hasBias ? dBias : nil)
      }
    }
  }

  private func sumOfGradients(_ weights: Int) -> Phase {
    Phase(
      reads: [.scratch(0): .all],
      writes: hasBias ? [.gradient(0): .part, .gradient(1): .part] : [.gradient(0): .part],
      split: .units
    ) { [hasBias] operands, part, _ in
      let (sums, gradient) = (operands.scratch(0), operands.gradient(0))
      let (first, count) = (
        part.range.lowerBound * gradient.columns, part.range.count * gradient.columns
      )
      sums.addRows(first..<first + count, into: gradient.baseAddress + first)
      if hasBias {
        let biases = weights + part.range.lowerBound..<weights + part.range.upperBound
        sums.addRows(biases, into: operands.gradient(1).baseAddress + part.range.lowerBound)
      }
    }
  }

  /// `dX = Σ dY · W` over all windows that a place is in, which may be a convolution with the filters
  /// turned around.
  private func inputGradient() -> Phase {
    let turned: [Operand: Extent] = kernels.turn == nil ? [:] : [.scratch(1): .part]
    return Phase(
      reads: [.outputGradient: .part, .parameter(0): .all],
      writes: turned.merging([.inputGradient: .part]) { $1 }, split: .samples,
      operations: batchOperations
    ) { [self] operands, part, pass in
      let (dX, dY) = (operands.dX, operands.dY)
      var weight = operands.parameter(0).baseAddress
      if let turn = kernels.turn {
        let turned = operands.scratch(1).row(part.index)
        if part.isFirst { withUnsafePointer(to: sizes) { turn($0, weight, turned) } }
        weight = turned
      }
      forEachBlock(part, pass) { sizes, block in
        kernels.backward(sizes, dY.row(block), weight, dX.row(block))
      }
    }
  }

  /// Carries out a product for each block of a part.
  private func forEachBlock(
    _ part: Part, _ pass: Pass, _ body: (UnsafePointer<MaruConvolution>, Int) -> Void
  ) {
    withUnsafePointer(to: sizes) { sizes in
      for block in part.range {
        pass.product(operations: operations * pass.samples(ofBlock: block)) { body(sizes, block) }
      }
    }
  }
}

extension MaruConvolution {
  /// How often a place of a window, somewhere over the image, meets one of the image.
  fileprivate var meetings: Int { vertical.meetings * horizontal.meetings }
}

extension MaruWindowAxis {
  /// How often a place of a window meets one of the image.
  fileprivate var meetings: Int {
    (0..<output).reduce(0) { sum, place in
      sum
        + (0..<kernel).count { 0..<input ~= place * stride - padding + $0 * dilation }
    }
  }
}
