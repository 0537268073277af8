import Layers

/// What a model needs to train, set by `compile`.
final class Compilation {
  /// What changes the parameters.
  enum Method {
    /// A rule, after every batch.
    case steps(any Optimizer)
    /// L-BFGS, over all samples.
    case fullBatch(LBFGS)

    var name: String {
      switch self {
      case .steps(let optimizer): "\(type(of: optimizer))"
      case .fullBatch: "\(LBFGS.self)"
      }
    }
  }

  let method: Method
  let loss: any Loss
  /// Whether the model's last layer is part of the loss.
  let absorbsLast: Bool
  /// What the loss and the metrics get.
  let outputs: Outputs
  let metrics: [any Metric]
  /// How many numbers each metric notes of a sample.
  let noteCounts: [Int]
  let classWeights: [Float]?
  let clipNorm: Float?
  let gradients: AlignedBuffer
  let slots: [AlignedBuffer]
  /// The updates made so far.
  var steps = 0
  /// What the optimizer's rate is multiplied by; callbacks lower it.
  var rateFactor: Float = 1
  /// The epochs shuffled so far, so that training twice goes on with new orders.
  var shuffling: RandomGenerator

  init(
    model: Sequential, method: Method, loss: any Loss, metrics: [any Metric]?,
    classWeights: [Float]?, clipNorm: Float?
  ) {
    self.method = method
    absorbsLast = model.layers.last.map { loss.absorbs($0) } ?? false
    self.loss = absorbsLast ? loss.fused : loss
    if !absorbsLast { loss.checkLast(of: model) }
    let outputs = Outputs(
      count: model.outputShape.count, kind: self.loss.outputKind,
      areScores: self.loss.takesScores)
    self.outputs = outputs
    self.metrics = metrics ?? (outputs.kind == .values ? [] : [.accuracy])
    noteCounts = outputs.noteCounts(of: self.metrics)
    if let classWeights { outputs.check(classWeights) }
    self.classWeights = classWeights
    self.clipNorm = clipNorm
    gradients = AlignedBuffer(zeros: model.layout.count)
    let slotCount = if case .steps(let optimizer) = method { optimizer.slotCount } else { 0 }
    slots = (0..<slotCount).map { _ in AlignedBuffer(zeros: model.layout.count) }
    shuffling = RandomGenerator(seed: model.seed, for: .shuffling)
  }

  /// The number of layers that are run in training.
  func layers(of model: Sequential) -> Int {
    absorbsLast ? model.layers.count - 1 : model.layers.count
  }
}

// What does not fit is a programmer's mistake, and known before there are data.

extension Loss {
  /// Traps where a loss of scores would get what an output activation made of them.
  fileprivate func checkLast(of model: Sequential) {
    guard takesScores, let last = model.layers.last, last is any OutputActivation else { return }
    let own = absorbedLayer.map { " or a last \($0)" } ?? ""
    fatalError(
      "Sequential.compile: expected scores\(own) for \(type(of: self)), got a last \(type(of: last))"
    )
  }
}

extension Outputs {
  /// Traps where a metric has no meaning for these outputs, or a name that another figure has.
  fileprivate func noteCounts(of metrics: [any Metric]) -> [Int] {
    var names: Set = ["loss"]
    return metrics.map { metric in
      require(
        names.insert(metric.name).inserted,
        "Sequential.compile: expected metrics of different names, got two figures \(metric.name)")
      do {
        return try metric.noteCount(for: self)
      } catch {
        fatalError("Sequential.compile: the metric \(metric.name) \(error)")
      }
    }
  }

  /// Traps where weights are not one per class, from 0.
  fileprivate func check(_ weights: [Float]) {
    require(
      weights.count == classCount,
      "Sequential.compile: expected \(classCount.map { "\($0)" } ?? "no") class weights for \(self), got \(weights.count)"
    )
    require(
      weights.allSatisfy { $0 >= 0 },
      "Sequential.compile: expected class weights from 0, got \(weights)")
  }
}
