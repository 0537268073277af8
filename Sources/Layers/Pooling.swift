import CKernels

/// Takes the largest value of each window: `Y[i, j, c] = max X[i·s + r, j·s + q, c]` over the rows r and
/// columns q of the window.
///
/// No parameters. Shapes: `X` [batch, height, width, channels] → `Y` [batch, height, width, channels].
/// Backward, a window's gradient goes to its first largest value, as in PyTorch. Beyond the border there
/// are no values.
public struct MaxPool2D: Layer {
  /// The windows, which have no dilation.
  public let window: Window2D

  /// Creates the layer.
  /// - Parameter window: what is taken together; it moves by its own size where a number is given
  public init(_ window: Window2D) {
    require(window.dilation == 1, "MaxPool2D: expected no dilation, got \(window.dilation)")
    self.window = window
  }

  /// Creates the layer, with squares side by side.
  public init(_ size: Int) { self.init(Window2D(size, stride: size)) }

  /// [height, width, channels] → the same with fewer places.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    let sizes = try window.sizes(over: input, for: "MaxPool2D")
    return .pooling(
      sizes, input, context,
      forward: [.input: .part], backward: [.outputGradient: .part, .input: .part, .output: .part]
    ) { sizes, x, y in
      maru_max_pool(sizes, x, y)
    } differentiate: { sizes, operands, block in
      maru_max_pool_backward(
        sizes, operands.dY.row(block), operands.x.row(block), operands.y.row(block),
        operands.dX.row(block))
    }
  }
}

/// Takes the mean of each window, of what it covers of the image.
///
/// No parameters. Shapes: `X` [batch, height, width, channels] → `Y` [batch, height, width, channels].
public struct AveragePool2D: Layer {
  /// The windows, which have no dilation.
  public let window: Window2D

  /// Creates the layer.
  /// - Parameter window: what is taken together
  public init(_ window: Window2D) {
    require(window.dilation == 1, "AveragePool2D: expected no dilation, got \(window.dilation)")
    self.window = window
  }

  /// Creates the layer, with squares side by side.
  public init(_ size: Int) { self.init(Window2D(size, stride: size)) }

  /// [height, width, channels] → the same with fewer places.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    .averaging(try window.sizes(over: input, for: "AveragePool2D"), input, context)
  }
}

/// Takes the mean of each channel over the whole image.
///
/// No parameters. Shapes: `X` [batch, height, width, channels] → `Y` [batch, channels].
public struct GlobalAveragePool2D: Layer {
  /// Creates the layer.
  public init() {}

  /// [height, width, channels] → [channels].
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard input.rank == 2 || input.rank == 3 else {
      throw LayerError(
        "GlobalAveragePool2D expects images [height, width, channels], got shape \(input)")
    }
    let window = Window2D(max(input[0], 1), max(input[1], 1))
    var plan = LayerPlan.averaging(
      try window.sizes(over: input, for: "GlobalAveragePool2D"), input, context)
    plan.output = [plan.output[2]]
    return plan
  }
}

extension LayerPlan {
  fileprivate static func averaging(
    _ sizes: MaruConvolution, _ input: Shape, _ context: PlanContext
  ) -> LayerPlan {
    pooling(
      sizes, input, context, forward: [.input: .part], backward: [.outputGradient: .part]
    ) { sizes, x, y in
      maru_average_pool(sizes, x, y)
    } differentiate: { sizes, operands, block in
      maru_average_pool_backward(sizes, operands.dY.row(block), operands.dX.row(block))
    }
  }

  /// Plans a layer that works on each block of samples alone.
  fileprivate static func pooling(
    _ sizes: MaruConvolution, _ input: Shape, _ context: PlanContext,
    forward: [Operand: Extent], backward: [Operand: Extent],
    pool:
      @escaping @Sendable (
        UnsafePointer<MaruConvolution>, UnsafePointer<Float>, UnsafeMutablePointer<Float>
      ) -> Void,
    differentiate: @escaping @Sendable (UnsafePointer<MaruConvolution>, Operands, Int) -> Void
  ) -> LayerPlan {
    let operations = context.operations(on: input)
    var plan = LayerPlan(
      output: [sizes.vertical.output, sizes.horizontal.output, sizes.channels],
      forward: [
        Phase(reads: forward, writes: [.output: .part], split: .samples, operations: operations) {
          operands, part, _ in
          let (x, y) = (operands.x, operands.y)
          for block in part.range {
            withUnsafePointer(to: sizes) { pool($0, x.row(block), y.row(block)) }
          }
        }
      ],
      inputGradient: [
        Phase(
          reads: backward, writes: [.inputGradient: .part], split: .samples, operations: operations
        ) { operands, part, _ in
          for block in part.range {
            withUnsafePointer(to: sizes) { differentiate($0, operands, block) }
          }
        }
      ])
    plan.layout = .lanes
    return plan
  }
}
