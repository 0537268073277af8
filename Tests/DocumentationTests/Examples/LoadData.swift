import Maru

func knownByName() throws -> Dataset {
  let fashion = try Dataset.load(.fashionMNIST)
  print(fashion.classNames, fashion.train.count, fashion.test.count)
  return fashion
}

func fetch(into folder: String) async throws -> Dataset {
  let place = try await DatasetFetcher().fetch(.mnist, into: folder)
  print("mnist is in \(place)")
  return try Dataset.load(.mnist, dataDirectory: folder)
}

func fromFiles(_ table: String) throws -> LabelledImages {
  let flowers = try Dataset.load(.csv(table))
  print(flowers.classNames, flowers.train.images.shape)
  return flowers.train
}

func fromArrays() throws -> Sequential {
  let samples = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  let labels = [0, 1, 1, 0]

  let model = try Sequential(inputShape: [2], [Dense(8), Tanh(), Dense(2), Softmax()], seed: 3)
  model.compile(optimizer: .adam(learningRate: 0.05), loss: .softmaxCrossEntropy)
  try model.fit(samples, labels, epochs: 200, batchSize: 4)
  return model
}

/// Points of a curve, computed as they are needed.
struct Spirals: SampleSource {
  let sampleCount = 1_000
  let sampleShape: Shape = [2]

  var labels: [Int] { (0..<sampleCount).map { $0 % 2 } }

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    for (row, index) in indices.enumerated() {
      let point = point(Int(index))
      for (place, column) in columns.enumerated() { batch[row, place] = point[column] }
    }
  }

  private func point(_ index: Int) -> [Float] {
    let radius = Float(index) / Float(sampleCount)
    let side: Float = index % 2 == 0 ? 1 : -1
    // Two arms of a parabola, bent away from each other.
    return [side * radius, radius * radius * side - side * 0.2]
  }
}
