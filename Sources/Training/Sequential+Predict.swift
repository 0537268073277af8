import Layers

extension Sequential {
  /// The loss, penalties included, and the metrics over labelled samples.
  ///
  /// All are NaN where there are no samples. Throws ``ModelError`` where data and model do not fit.
  /// The model must be compiled. It blocks the thread that calls it until all samples are scored.
  public func evaluate(_ samples: some SampleSource, _ labels: [Int]) throws(ModelError) -> Figures
  {
    try evaluate(samples, .classes(labels))
  }

  /// The loss and the metrics over samples with targets of either kind; otherwise as
  /// ``evaluate(_:_:)-(_,[Int])``.
  public func evaluate(_ samples: some SampleSource, _ targets: Targets) throws(ModelError)
    -> Figures
  {
    let compilation = compiled("evaluate")
    let prepared = try checked(samples, targets, compilation)
    return Evaluator(
      model: self, compilation: compilation, source: samples, targets: prepared,
      samples: (0..<Int32(samples.sampleCount)).map { $0 }
    ).evaluate()
  }

  /// The model's outputs for samples: [samples, outputs].
  ///
  /// Throws ``ModelError`` where the samples do not have the shape that the model expects. It blocks
  /// the thread that calls it until all samples are scored.
  /// - Parameters:
  ///   - samples: the inputs
  ///   - scores: whether a last ``/Layers/Softmax`` or ``/Layers/Sigmoid`` is left out, so that the
  ///     result is its scores (logits)
  public func predict(_ samples: some SampleSource, scores: Bool = false) throws(ModelError)
    -> Tensor
  {
    try checkShape(of: samples)
    let scorer = Scorer(
      model: self, layers: layers(scores: scores), samples: samples.sampleCount)
    return outputs(samples.sampleCount) { scorer.write(samples, to: $0) }
  }

  /// How many layers give the outputs, or the scores before a last activation.
  func layers(scores: Bool) -> Int { layers.count - (scores && endsInProbabilities ? 1 : 0) }

  /// A tensor for the outputs for so many samples, which `write` fills.
  func outputs(_ samples: Int, _ write: (MatrixView<Float>) -> Void) -> Tensor {
    Tensor(shape: [samples, outputShape.count]) { target in
      guard let start = target.baseAddress else { return }
      write(MatrixView(start, rows: samples, columns: outputShape.count))
    }
  }

  /// The outputs for samples as probabilities, also of a model that ends in scores.
  ///
  /// Those of a last ``/Layers/Sigmoid`` are each of its own class, and need not add up to 1.
  package func probabilities(of samples: some SampleSource) throws(ModelError) -> Tensor {
    let outputs = try predict(samples)
    if endsInProbabilities { return outputs }
    return try Sequential(inputShape: outputShape, [Softmax()]).predict(outputs)
  }

  /// The loss of class labels that fits what the model ends in: scores or probabilities.
  package var lossOfClasses: any Loss {
    endsInProbabilities ? CategoricalCrossEntropy() : SoftmaxCrossEntropy()
  }
}
