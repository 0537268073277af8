import Maru

func gettingStarted() throws -> (history: History, test: Figures, answer: String) {
  let digits = try Dataset.load(.digits)
  print(digits.train.count, digits.train.images.shape)

  let model = try Sequential(
    inputShape: [28, 28], [Flatten(), Dense(64), ReLU(), Dense(10), Softmax()], seed: 1)
  print(model.summary())

  model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
  let history = try model.fit(
    digits.train.images, digits.train.labels, epochs: 3, validation: .last(0.1))
  print(history.loss, history.validationAccuracy)

  let test = try model.evaluate(digits.test.images, digits.test.labels)
  print("loss \(test.loss), accuracy \(test["accuracy"] ?? .nan)")

  let probabilities = try model.predict(digits.test.images[0..<1])
  let answer = digits.classNames[probabilities.argmax()]
  print(answer)
  return (history, test, answer)
}
