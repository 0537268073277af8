import Training

/// What programs get wrong, each of which ends the program with a line that says so.
enum Mistake: String {
  case element, rows, sum, product, units, shape, compile, batch, weights, label, samples

  func make() throws {
    let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let model = try Sequential(inputShape: [3], [Dense(2), Softmax()])
    switch self {
    case .element: print(matrix[2, 0])
    case .rows: print(matrix[rows: 1..<4])
    case .sum: print(matrix + Tensor([1, 2], shape: [2, 1]))
    case .product: print(matrix.multiplied(by: matrix))
    case .units: print(Dense(0))
    case .shape: print(Tensor([1, 2, 3], shape: [2, 2]))
    case .compile: try model.fit(matrix, [0, 1])
    case .batch: try compiled(model).fit(matrix, [0, 1], batchSize: 0)
    case .weights: model.weights = [Tensor(zeros: [3, 2]), Tensor(zeros: [2])]
    case .label: try compiled(model).fit(matrix, [0, 2])
    case .samples: try compiled(model).fit(matrix, [0, 1, 0])
    }
  }

  private func compiled(_ model: Sequential) -> Sequential {
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }
}
