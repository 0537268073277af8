import Maru

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func regularised() throws -> Sequential {
  let model = try Sequential(
    inputShape: [28, 28],
    [Flatten(), Dense(128, l2: 1e-4), ReLU(), Dropout(0.2), Dense(10), Softmax()], seed: 7)
  return model
}

func orthogonal() throws -> Sequential {
  var generator = RandomGenerator(seed: 7)
  let layers: [any Layer] = (0..<20).flatMap { _ -> [any Layer] in
    let weight = Tensor.orthogonal(units: 64, inputs: 64, using: &generator)
    return [Dense(weight: weight, bias: Tensor(zeros: [64])), Tanh()]
  }
  let model = try Sequential(inputShape: [64], layers + [Dense(10), Softmax()], seed: 7)
  return model
}

func compile(_ model: Sequential) {
  model.compile(
    optimizer: .adam(learningRate: .cosine(peak: 2e-3, warmUp: 100, steps: 2_000)),
    loss: .softmaxCrossEntropy(labelSmoothing: 0.1), metrics: [.accuracy, .topK(3)], clipNorm: 1)
}

func fit(_ model: Sequential, _ data: LabelledImages) throws -> History {
  let stopping = EarlyStopping(monitor: "val_loss", patience: 3)
  let history = try model.fit(
    data.images, data.labels, epochs: 20, batchSize: 64, validation: .stratified(0.1),
    callbacks: [StopOnNaN(), stopping])
  print(history.names, history["val_top_3_accuracy"], stopping.bestEpoch)
  return history
}

func regression() throws -> Tensor {
  let celsius = Tensor((0..<100).map { Float($0) / 100 }, shape: [100, 1])
  let fahrenheit = celsius * 1.8 + 0.32

  let model = try Sequential(inputShape: [1], [Dense(1)])
  model.compile(optimizer: .sgd(learningRate: 0.5), loss: .meanSquaredError, metrics: [.r2])
  try model.fit(celsius, .values(fahrenheit), epochs: 200, batchSize: 100)
  print(model.weightNames, model.weights.map(\.elements))
  return model.weights[0]
}

/// The mean over a row of `log cosh(x − t)`, smooth and almost the absolute error; its gradient is
/// `tanh(x − t) / columns`.
struct LogCosh: Loss {
  var outputKind: OutputKind { .values }

  func evaluate(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, scale: Float,
    losses: UnsafeMutablePointer<Float>, gradient: MatrixView<Float>
  ) {
    let share = 1 / Float(outputs.columns)
    for row in 0..<outputs.rows {
      losses[row] = 0
      for column in 0..<outputs.columns {
        let error = outputs[row, column] - targets[row, column]
        // Without overflow where the error is large.
        losses[row] += share * (abs(error) + log1p(exp(-2 * abs(error))) - log(2))
        gradient[row, column] = scale * share * tanh(error)
      }
    }
  }
}

/// The largest absolute error of all samples.
struct MaximumError: Metric {
  var name: String { "max_error" }
  var isHigherBetter: Bool { false }

  func noteCount(for outputs: Outputs) throws(ModelError) -> Int {
    guard outputs.kind == .values else { throw ModelError("expects values, got \(outputs)") }
    return 1
  }

  func note(
    _ scores: MatrixView<Float>, _ targets: TargetRows, _ outputs: Outputs,
    into notes: MatrixView<Float>
  ) {
    for row in 0..<scores.rows {
      notes[row, 0] = 0
      for column in 0..<scores.columns {
        notes[row, 0] = max(notes[row, 0], abs(scores[row, column] - targets[row, column]))
      }
    }
  }

  func value(of notes: MatrixView<Float>, _ outputs: Outputs) -> Double {
    (0..<notes.rows).reduce(0) { max($0, Double(notes[$1, 0])) }
  }
}

func compileWithOwn(_ model: Sequential) {
  model.compile(optimizer: .adam(), loss: LogCosh(), metrics: [MaximumError(), .r2])
}
