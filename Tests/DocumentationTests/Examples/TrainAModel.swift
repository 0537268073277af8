import Maru

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
  model.compile(optimizer: .sgd(learningRate: 0.5), loss: .meanSquaredError)
  try model.fit(celsius, .values(fahrenheit), epochs: 200, batchSize: 100)
  print(model.weightNames, model.weights.map(\.elements))
  return model.weights[0]
}
