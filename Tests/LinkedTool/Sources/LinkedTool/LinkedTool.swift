import ModelFiles
import Training

/// Trains on arrays of its own, saves the model to the path that it is given, loads it and predicts;
/// or makes the mistake that it is given.
@main
struct LinkedTool {
  static func main() async throws {
    let path = CommandLine.arguments[1]
    if let mistake = Mistake(rawValue: path) { return try mistake.make() }
    let (samples, labels) = rings(count: 300)

    let model = try Sequential(
      inputShape: [2], [Dense(16), ReLU(), Dense(3), Softmax()], seed: 1)
    model.compile(optimizer: .adam(learningRate: 0.05), loss: .softmaxCrossEntropy)
    let history = try model.fit(samples, labels, epochs: 20, batchSize: 25)
    print("the loss fell: \(history.loss[19] < history.loss[0] / 2)")
    let accuracy = try model.evaluate(samples, labels)["accuracy"] ?? 0
    print("accuracy above 0.9: \(accuracy > 0.9)")

    try ModelFile(model, classNames: ["inner", "middle", "outer"]).write(to: path)
    let loaded = try ModelFile(contentsOf: path)
    let before = try model.predict(samples)
    print("the same predictions: \(try loaded.model.predict(samples).elements == before.elements)")
    let point = try loaded.model.predict(Tensor([0.1, -0.1], shape: [1, 2]))
    print("near the middle: \(loaded.classNames[point.argmax()])")
  }

  /// Points on three rings around the origin, of radius ½, 1½ and 2½, and the ring of each.
  static func rings(count: Int) -> (samples: Tensor, labels: [Int]) {
    var generator = RandomGenerator(seed: 1)
    let labels = (0..<count).map { $0 % 3 }
    let points = labels.flatMap { label in
      let (x, y) = (generator.normal(), generator.normal())
      let scale = (Float(label) + generator.uniform(0.3, 0.7)) / (x * x + y * y).squareRoot()
      return [x * scale, y * scale]
    }
    return (Tensor(points, shape: [count, 2]), labels)
  }
}
