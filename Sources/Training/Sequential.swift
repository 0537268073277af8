@_exported import Layers

/// A network of layers, one after the other, and its training: Keras's `Sequential` in Swift.
///
/// ```swift
/// let model = try Sequential(inputShape: [28, 28], [Flatten(), Dense(10), Softmax()], seed: 1)
/// model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
/// let history = try model.fit(images, labels, epochs: 30, batchSize: 64, validation: .last(0.2))
/// ```
///
/// All parameters lie in one aligned buffer from the start; ``compile(optimizer:loss:metrics:classWeights:clipNorm:)``
/// adds one for the gradients and one for each slot of the optimizer. The same seed gives the same
/// model, bit by bit, on the same machine with the same number of threads.
///
/// A model is not `Sendable`: it is used by one thread at a time, and may be passed from one to
/// another (`sending`). Models share nothing, so several may be trained at once. What may be used by
/// many threads is a ``Predictor``, which is made from a model.
public final class Sequential {
  /// The shape of one sample of the input.
  public let inputShape: Shape
  /// The layers, first to last.
  public let layers: [any Layer]
  /// What all randomness of the model follows from.
  public let seed: UInt64
  /// How many threads work on it: as many as there are processors to use, unless set.
  ///
  /// Results depend on it by rounding alone: BLAS adds in an order that depends on the size of a
  /// product, and threads cut products into parts. All else is the same, bit by bit.
  public var threads = Processors.usable {
    didSet { require(threads >= 1, "Sequential.threads: expected at least 1, got \(threads)") }
  }

  /// Whether training gives the same bits for any number of threads.
  ///
  /// The work of a step is then cut into at most eight parts, which the threads share out, so that
  /// BLAS is called with the same products; more than eight threads have nothing to do. Otherwise,
  /// the default, there are as many parts as threads. The bits still follow from OpenBLAS's version
  /// and kernels.
  public var isDeterministic = false

  /// Into how many shards a batch is cut, which is a power of two; 1, the default, for none.
  ///
  /// Each goes forward and backward by itself, a last one of a short batch with fewer samples or none,
  /// and the gradients are added up in one fixed tree. So the result does not depend on who computes a
  /// shard. `BatchNorm` takes its statistics from each shard, and its running values become the mean of
  /// those of the shards. L-BFGS, which takes all samples, has no shards.
  public var shards = 1 {
    willSet {
      require(
        newValue >= 1 && newValue.nonzeroBitCount == 1,
        "Sequential.shards: expected a power of two, got \(newValue)")
    }
  }

  /// The number of parts that a step is cut into, whatever its work; nil, the default, for
  /// ``mostParts`` or as many as have work enough.
  package var fixedParts: Int?

  /// The most parts that a step is cut into.
  var mostParts: Int { fixedParts ?? (isDeterministic ? 8 : threads) }

  /// The shape of one sample before the first layer and after each.
  let shapes: [Shape]
  let layout: ParameterLayout
  package let parameters: AlignedBuffer
  /// What is saved with the parameters but not trained.
  let stateLayout: ParameterLayout
  package let state: AlignedBuffer
  var compilation: Compilation?

  /// Creates a model and its initial parameters.
  ///
  /// Throws where a layer cannot take the shape it would get, with the layer's place.
  /// - Parameters:
  ///   - inputShape: the shape of one sample, such as [28, 28]
  ///   - layers: first to last
  ///   - seed: what initial values, shuffling, dropout and validation splits follow from
  public init(inputShape: Shape, _ layers: [any Layer], seed: UInt64 = 0) throws(ModelError) {
    self.inputShape = inputShape
    self.layers = layers
    self.seed = seed
    let plans: [LayerPlan]
    do {
      plans = try LayerPlan.chain(layers, inputShape, PlanContext(samples: 1, parts: 1))
    } catch {
      throw ModelError(error.description)
    }
    shapes = [inputShape] + plans.map(\.output)
    layout = ParameterLayout(plans, \.parameters)
    stateLayout = ParameterLayout(plans, \.state)
    parameters = AlignedBuffer(zeros: layout.count)
    state = AlignedBuffer(zeros: stateLayout.count)
    var generator = RandomGenerator(seed: seed, for: .initialValues)
    for slice in layout.slices {
      slice.parameter.fill(elements(of: slice, in: parameters), using: &generator)
    }
    for slice in stateLayout.slices {
      slice.parameter.fill(elements(of: slice, in: state), using: &generator)
    }
  }

  /// The shape of one sample of the output.
  public var outputShape: Shape { shapes[layers.count] }

  /// The number of trainable numbers.
  public var parameterCount: Int { layout.slices.reduce(0) { $0 + $1.parameter.shape.count } }

  /// The names of the parameters, such as `layers.0.weight`, in the order of ``weights``.
  public var weightNames: [String] { layout.slices.map(\.name) }

  /// The parameters, to read and to set, in the order of the layers: weight, then bias.
  ///
  /// Keras's `get_weights` and `set_weights`, except that a weight is [outputs, inputs]. Setting
  /// another number of tensors, or other shapes, traps.
  public var weights: [Tensor] {
    get { tensors(layout, in: parameters) }
    set { set(newValue, layout, in: parameters, "weights") }
  }

  /// The names of what is saved with the parameters but not trained, such as
  /// `layers.1.running_mean`.
  public var nonTrainableWeightNames: [String] { stateLayout.slices.map(\.name) }

  /// What is saved with the parameters but not trained, to read and to set: the running values of
  /// ``/Layers/BatchNorm``. Setting another number of tensors, or other shapes, traps.
  public var nonTrainableWeights: [Tensor] {
    get { tensors(stateLayout, in: state) }
    set { set(newValue, stateLayout, in: state, "nonTrainableWeights") }
  }

  /// All that is saved: the parameters, then what is not trained.
  package var allWeights: [Tensor] {
    get { weights + nonTrainableWeights }
    set {
      weights = Array(newValue.prefix(layout.slices.count))
      nonTrainableWeights = Array(newValue.dropFirst(layout.slices.count))
    }
  }

  /// Their names.
  package var allWeightNames: [String] { weightNames + nonTrainableWeightNames }

  /// The first layer that makes the loss another function in each pass, if any does: it is random, or
  /// its output depends on the other samples of the batch.
  package var layerThatChangesLoss: Int? {
    plans(PlanContext(samples: 1, parts: 1)).firstIndex { $0.isRandom || $0.couplesSamples }
  }

  /// Whether no weight is NaN or infinite, as training that diverges leaves them.
  public var hasFiniteWeights: Bool {
    UnsafeBufferPointer(start: parameters.floats, count: layout.count).allSatisfy(\.isFinite)
  }

  /// Whether the last layer makes probabilities of scores.
  var endsInProbabilities: Bool { layers.last is any OutputActivation }

  /// The layers' plans for a step.
  func plans(_ context: PlanContext) -> [LayerPlan] {
    do {
      return try LayerPlan.chain(layers, inputShape, context)
    } catch {
      fatalError("Sequential: expected layers to plan as they did before, got \(error)")
    }
  }

  /// The fewest operations per part for which a step is cut.
  private static let fewestOperations = 1e5

  /// The number of parts that a step on so many samples is cut into.
  func parts(samples: Int) -> Int {
    if let fixedParts { return fixedParts }
    let plans = plans(PlanContext(samples: samples, parts: 1))
    let worthwhile = plans.reduce(0) { $0 + $1.operations } / Self.fewestOperations
    return max(1, Int(min(Double(mostParts), worthwhile)))
  }

  private func tensors(_ layout: ParameterLayout, in arena: AlignedBuffer) -> [Tensor] {
    layout.slices.map { Tensor(elements(of: $0, in: arena), shape: $0.parameter.shape) }
  }

  private func set(
    _ tensors: [Tensor], _ layout: ParameterLayout, in arena: AlignedBuffer, _ name: String
  ) {
    let shapes = layout.slices.map(\.parameter.shape)
    require(
      tensors.map(\.shape) == shapes,
      "Sequential.\(name): expected shapes \(shapes), got \(tensors.map(\.shape))")
    for (slice, tensor) in zip(layout.slices, tensors) {
      tensor.withUnsafeBufferPointer {
        _ = elements(of: slice, in: arena).update(fromContentsOf: $0)
      }
    }
  }

  private func elements(
    of slice: ParameterLayout.Slice, in arena: AlignedBuffer
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: arena.floats + slice.offset, count: slice.parameter.shape.count)
  }
}

@available(*, unavailable, message: "A model is used by one thread at a time; share a Predictor.")
extension Sequential: Sendable {}

extension Sequential {
  /// Sets how the model is trained, and forgets earlier training except for the parameters.
  /// - Parameters:
  ///   - optimizer: the rule of the updates, such as `.adam()`
  ///   - loss: what is minimised, such as `.softmaxCrossEntropy`
  ///   - metrics: what is reported beside the loss; unless given, accuracy where the loss is of classes
  ///     or decisions, and nothing for a regression
  ///   - classWeights: what the samples of each class weigh in training, one per class, from 0; nil where
  ///     all weigh 1. A sample's loss counts so many times, and the sum is still divided by the number
  ///     of samples; validation and `evaluate` weigh all samples the same: Keras's `class_weight`. Not
  ///     for a loss of values, or of several decisions.
  ///   - clipNorm: where the Euclidean norm of all gradients together exceeds it, they are scaled
  ///     down to it (Pascanu et al. 2013); Keras's `global_clipnorm`; nil for no limit
  public func compile(
    optimizer: some Optimizer, loss: any Loss, metrics: [any Metric]? = nil,
    classWeights: [Float]? = nil, clipNorm: Float? = nil
  ) {
    require(
      clipNorm.map { $0 > 0 } ?? true,
      "Sequential.compile: expected a norm above 0 to clip to, got \(clipNorm ?? 0)")
    compilation = Compilation(
      model: self, method: .steps(optimizer), loss: loss, metrics: metrics,
      classWeights: classWeights, clipNorm: clipNorm)
  }

  /// The factor by which the optimizer's learning rate is multiplied, 1 at first.
  public var learningRateFactor: Float {
    get { compiled("learningRateFactor").rateFactor }
    set { compiled("learningRateFactor").rateFactor = newValue }
  }

  /// The learning rate of the next step; traps for ``LBFGS``, which has none.
  public var learningRate: Float {
    let compilation = compiled("learningRate")
    guard case .steps(let optimizer) = compilation.method else {
      fatalError("Sequential.learningRate: expected an optimizer that has one, got L-BFGS")
    }
    return optimizer.learningRate.rate(at: compilation.steps) * compilation.rateFactor
  }

  func compiled(_ operation: String) -> Compilation {
    guard let compilation else {
      fatalError(
        "Sequential.\(operation): expected a compiled model, got one that is not: call compile first"
      )
    }
    return compilation
  }
}
