import Maru

func trainOnAll(_ model: Sequential, _ images: Images, _ labels: [Int]) throws {
  model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
  let history = try model.fit(images, labels, epochs: 100, validation: .last(0.2))
  print(history.stopReason ?? "")
}
