import Layers
import Testing
import TestSupport

@Suite("shapes, parameters and errors of layers")
struct ContractTests {
  private func plan(_ layer: any Layer, _ input: Shape) throws -> LayerPlan {
    try layer.plan(input, PlanContext(samples: 1, parts: 1))
  }

  @Test("output shapes")
  func outputShapes() throws {
    #expect(try Dense(10).outputShape(for: [784]) == [10])
    #expect(try Flatten().outputShape(for: [28, 28]) == [784])
    #expect(try Flatten().outputShape(for: []) == [1])
    #expect(try Softmax().outputShape(for: [10]) == [10])
    for layer in [ReLU(), LeakyReLU(), Sigmoid(), Tanh(), Softplus(), GELU(), SiLU()]
      as [any Layer] + [Dropout(0.5)]
    {
      #expect(try layer.outputShape(for: [3, 4]) == [3, 4])
      #expect(try plan(layer, [3, 4]).parameters.isEmpty)
    }
    #expect(try LayerNorm().outputShape(for: [3, 4]) == [3, 4])
    #expect(try BatchNorm().outputShape(for: [4]) == [4])
    #expect(try BatchNorm().outputShape(for: [4, 5]) == [4, 5])
    #expect(try DepthwiseConv2D(3).outputShape(for: [4, 5, 2]) == [2, 3, 2])
    #expect(try ZeroPadding2D(2).outputShape(for: [4, 5]) == [8, 9, 1])
    #expect(try Residual([Dense(4), Tanh()]).outputShape(for: [4]) == [4])
  }

  @Test(
    "a layer that cannot take its input says why",
    arguments: [
      (
        Dense(10), [28, 28], "Dense(10) expects a vector, got shape [28, 28]: put Flatten before it"
      ),
      (Dense(10), [], "Dense(10) expects a vector, got shape []: put Flatten before it"),
      (Dense(10), [0], "Dense(10) expects at least one input, got shape [0]"),
      (
        Dense(weight: Tensor(zeros: [2, 3]), bias: nil), [4],
        "Dense(2) has weights for 3 inputs, got 4"
      ),
      (Softmax(), [2, 5], "Softmax expects a vector of at least one score, got shape [2, 5]"),
      (Softmax(), [0], "Softmax expects a vector of at least one score, got shape [0]"),
      (LayerNorm(), [], "LayerNorm expects samples of at least one feature, got shape []"),
      (
        BatchNorm(), [2, 3, 4, 5],
        "BatchNorm expects a vector or images [height, width, channels], got shape [2, 3, 4, 5]"
      ),
      (
        Residual([Tanh(), Dense(3)]), [4],
        "Residual: a sum expects outputs of one shape, got [3] and [4]"
      ),
      (
        Residual([Tanh(), Dense(3)]), [2, 2],
        "Residual: layer 1: Dense(3) expects a vector, got shape [2, 2]: put Flatten before it"
      ),
      (
        ZeroPadding2D(1), [4],
        "ZeroPadding2D expects images [height, width, channels], got shape [4]"
      ),
      (
        DepthwiseConv2D(3), [2, 8],
        "DepthwiseConv2D has windows of 3×3, which do not fit into images of 2×8"
      ),
      (Conv2D(2, 3), [4], "Conv2D(2) expects images [height, width, channels], got shape [4]"),
      (
        Conv2D(2, Window2D(3, dilation: 2)), [4, 8, 1],
        "Conv2D(2) has windows of 5×5, which do not fit into images of 4×8"
      ),
      (
        MaxPool2D(3), [2, 2, 1],
        "MaxPool2D has windows of 3×3, which do not fit into images of 2×2"
      ),
      (
        GlobalAveragePool2D(), [4],
        "GlobalAveragePool2D expects images [height, width, channels], got shape [4]"
      ),
    ] as [(any Layer, Shape, String)])
  func errors(layer: any Layer, input: Shape, message: String) {
    do {
      let shape = try layer.outputShape(for: input)
      Issue.record("\(layer) took \(input) and gives \(shape)")
    } catch {
      #expect("\(error)" == message)
    }
  }

  @Test("the parameters of Dense, as Keras fills them unless told otherwise")
  func denseParameters() throws {
    let parameters = try plan(Dense(10, l2: 0.5), [784]).parameters
    #expect(parameters.map(\.name) == ["weight", "bias"])
    #expect(parameters.map(\.shape) == [[10, 784], [10]])
    #expect(parameters.map(\.l2) == [0.5, 0], "the penalty is on the weights alone")
    guard case .glorotUniform = parameters[0].initialValue, case .zeros = parameters[1].initialValue
    else {
      Issue.record("expected Glorot-uniform weights and zero biases, got \(parameters)")
      return
    }
    #expect(try plan(Dense(10, bias: false), [784]).parameters.map(\.name) == ["weight"])
  }

  @Test("Dense from its parameters")
  func denseFromParameters() throws {
    let (weight, bias) = (Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), Tensor([7, 8]))
    let layer = Dense(weight: weight, bias: bias)
    #expect(layer.units == 2 && layer.hasBias)
    #expect(try layer.outputShape(for: [3]) == [2])
    var generator = RandomGenerator(seed: 1)
    for (parameter, values) in zip(try plan(layer, [3]).parameters, [weight, bias]) {
      let target = TestMatrix<Float>(poisoned: 1, values.count)
      parameter.fill(
        UnsafeMutableBufferPointer(start: target.view.baseAddress, count: values.count),
        using: &generator)
      #expect(target.elements == values.elements)
    }
    #expect(!Dense(weight: weight, bias: nil).hasBias)
  }

  @Test("Dense makes one product forward and one for each gradient, in a process of its own")
  func productsCounted() async {
    await #expect(processExitsWith: .success) {
      for parts in 1...2 {
        let problem = try LayerProblem(Dense(128), batch: 8, sample: [256], seed: 601)
        #expect(CallCounter.gemm.count { _ = problem.run(parts: parts) } == 3 * parts)
      }
    }
  }
}

/// A call that breaks one rule of the module.
enum LayerMistake: String, CaseIterable, Codable, Sendable {
  case noUnits, negativePenalty, weightsAsVector, weightsWithoutUnits, biasOfOtherLength
  case slopeOfZero, negativeRate, rateOfOne, rateNotANumber
  case parameterWithoutAxes, noChain, epsilonOfZero, momentumOfOne, paddingBelowZero
  case smoothingAboveOne, negativeSmoothing, deltaOfZero, infiniteDelta
  case targetsMissing, targetsOfOtherWidth, labelsForValues, gradientOfOtherShape, scoresWithGap
  case noSamples, noParts, notCut
  case initializerCount, givenValuesOfOtherShape

  var message: String {
    switch self {
    case .noUnits:
      "Dense: expected at least 1 unit, got 0"
    case .negativePenalty:
      "Dense: expected an L2 penalty from 0, got -1.0"
    case .weightsAsVector:
      "Dense: expected weights [units, inputs], got [3]"
    case .weightsWithoutUnits:
      "Dense: expected weights [units, inputs], got [0, 3]"
    case .biasOfOtherLength:
      "Dense: expected a bias [2], got [3]"
    case .slopeOfZero:
      "LeakyReLU: expected a slope above 0, got 0.0"
    case .negativeRate:
      "Dropout: expected a rate from 0 to below 1, got -0.1"
    case .rateOfOne:
      "Dropout: expected a rate from 0 to below 1, got 1.0"
    case .rateNotANumber:
      "Dropout: expected a rate from 0 to below 1, got nan"
    case .parameterWithoutAxes:
      "Parameter p: expected at least one axis, got shape []"
    case .noChain:
      "Residual: expected at least one layer, got none"
    case .epsilonOfZero:
      "LayerNorm: expected ε above 0, got 0.0"
    case .momentumOfOne:
      "BatchNorm: expected a momentum from 0 to below 1, got 1.0"
    case .paddingBelowZero:
      "ZeroPadding2D: expected sizes from 0, got -1, -1, -1 and -1"
    case .smoothingAboveOne:
      "SoftmaxCrossEntropy: expected a label smoothing from 0 to 1, got 1.5"
    case .negativeSmoothing:
      "BinaryCrossEntropy: expected a label smoothing from 0 to 1, got -0.5"
    case .deltaOfZero:
      "Huber: expected δ above 0 and finite, got 0.0"
    case .infiniteDelta:
      "Huber: expected δ above 0 and finite, got inf"
    case .targetsOfOtherWidth:
      "SoftmaxCrossEntropy: expected 3 targets per row, got 4"
    case .targetsMissing:
      "TargetRows: expected labels or values, got neither"
    case .labelsForValues:
      "MeanSquaredError: expected values as targets, got labels"
    case .gradientOfOtherShape:
      "SoftmaxCrossEntropy: expected outputs and gradient of one shape without gaps, got 2×3, stride 3, and 2×4, stride 4"
    case .scoresWithGap:
      "SoftmaxCrossEntropy: expected outputs and gradient of one shape without gaps, got 2×3, stride 4, and 2×3, stride 3"
    case .noSamples:
      "PlanContext: expected at least 1 sample and 1 part, got 0 and 1"
    case .noParts:
      "PlanContext: expected at least 1 sample and 1 part, got 1 and 0"
    case .notCut:
      "Phase: expected a split that cuts gradient(0), which it writes in parts, got samples"
    case .initializerCount:
      "Parameter p: expected 6 elements for shape [2, 3], got 5"
    case .givenValuesOfOtherShape:
      "Initializer.values: expected shape [2, 3], got [3, 2]"
    }
  }

  func make() {
    let matrix = TestMatrix<Float>(Array(repeating: 0.5, count: 6), 2, 3)
    let other = TestMatrix<Float>(Array(repeating: 0.5, count: 8), 2, 4)
    let result = TestMatrix<Float>(poisoned: 2, 3)
    func evaluate(
      _ loss: any Loss, _ scores: MatrixView<Float>, labels: [Int32]?, columns: Int = 3,
      gradient: MatrixView<Float>
    ) {
      let labels = labels ?? []
      labels.withUnsafeBufferPointer {
        let targets = TargetRows(
          labels: labels.isEmpty ? nil : $0.baseAddress, values: nil, columns: columns)
        loss.evaluate(
          scores, targets, scale: 1, losses: other.view.baseAddress, gradient: gradient)
      }
    }
    func fill(_ initializer: Initializer, _ count: Int, _ shape: Shape) {
      var generator = RandomGenerator(seed: 1)
      Parameter("p", shape: shape, initialValue: initializer).fill(
        UnsafeMutableBufferPointer(start: matrix.view.baseAddress, count: count),
        using: &generator)
    }
    switch self {
    case .noUnits: _ = Dense(0)
    case .negativePenalty: _ = Dense(1, l2: -1)
    case .weightsAsVector: _ = Dense(weight: Tensor(zeros: [3]), bias: nil)
    case .weightsWithoutUnits: _ = Dense(weight: Tensor(zeros: [0, 3]), bias: nil)
    case .biasOfOtherLength: _ = Dense(weight: Tensor(zeros: [2, 3]), bias: Tensor(zeros: [3]))
    case .slopeOfZero: _ = LeakyReLU(slope: 0)
    case .negativeRate: _ = Dropout(-0.1)
    case .rateOfOne: _ = Dropout(1)
    case .rateNotANumber: _ = Dropout(.nan)
    case .noChain: _ = Residual([])
    case .epsilonOfZero: _ = LayerNorm(epsilon: 0)
    case .momentumOfOne: _ = BatchNorm(momentum: 1)
    case .paddingBelowZero: _ = ZeroPadding2D(-1)
    case .parameterWithoutAxes: _ = Parameter("p", shape: [], initialValue: .zeros)
    case .smoothingAboveOne: _ = SoftmaxCrossEntropy(labelSmoothing: 1.5)
    case .negativeSmoothing: _ = BinaryCrossEntropy(labelSmoothing: -0.5)
    case .deltaOfZero: _ = Huber(delta: 0)
    case .infiniteDelta: _ = Huber(delta: .infinity)
    case .targetsOfOtherWidth:
      evaluate(
        .softmaxCrossEntropy, matrix.view, labels: [0, 1], columns: 4, gradient: result.view)
    case .targetsMissing:
      evaluate(.softmaxCrossEntropy, matrix.view, labels: nil, gradient: result.view)
    case .labelsForValues:
      evaluate(.meanSquaredError, matrix.view, labels: [0, 1], gradient: result.view)
    case .gradientOfOtherShape:
      evaluate(.softmaxCrossEntropy, matrix.view, labels: [0, 1], gradient: other.view)
    case .scoresWithGap:
      evaluate(
        .softmaxCrossEntropy, other.view[columns: 0..<3], labels: [0, 1], gradient: result.view)
    case .noSamples: _ = PlanContext(samples: 0, parts: 1)
    case .noParts: _ = PlanContext(samples: 1, parts: 0)
    case .notCut: _ = try? LayerProblem(Uncut(), batch: 3, sample: [4], seed: 1).run(parts: 2)
    case .initializerCount: fill(.zeros, 5, [2, 3])
    case .givenValuesOfOtherShape: fill(.values(Tensor(zeros: [3, 2])), 6, [2, 3])
    }
  }
}

/// A layer that says it writes its part of a gradient by samples, of which a gradient has none.
private struct Uncut: Layer {
  func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    LayerPlan(
      output: input, parameters: [Parameter("p", shape: input, initialValue: .zeros)],
      forward: [
        Phase(reads: [.input: .part], writes: [.output: .part], split: .samples) { _, _, _ in }
      ],
      parameterGradients: [
        Phase(reads: [.outputGradient: .part], writes: [.gradient(0): .part], split: .samples) {
          _, _, _ in
        }
      ])
  }
}

@Suite("broken rules of layers trap")
struct LayerTrapTests {
  @Test("a mistake", arguments: LayerMistake.allCases)
  func mistake(mistake: LayerMistake) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [mistake] in mistake.make()
    }
    expectTrap(result, mistake.message)
  }
}
