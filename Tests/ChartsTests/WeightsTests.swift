import Charts
import Testing
import Training

struct WeightsTests {
  private func model(_ inputShape: Shape, _ layers: [any Layer], weight: [Float]) throws
    -> Sequential
  {
    let model = try Sequential(inputShape: inputShape, layers)
    var weights = model.weights
    weights[0] = Tensor(weight, shape: weights[0].shape)
    model.weights = weights
    return model
  }

  @Test func linearModelIsAPictureAClass() throws {
    let model = try model(
      [4], [Dense(2), Softmax()], weight: [1, -2, 0.5, 0.25, 0, 1, 1.5, -0.5])
    let chart = try Chart.weights(of: model, classNames: ["one", "two"])
    #expect(
      chart.data == ["weight0": [[1, -2], [0.5, 0.25]], "weight1": [[0, 1], [1.5, -0.5]]])
    #expect(chart.script.contains("set cbrange [-2.0:2.0]"))
    let svg = try expectWhole(chart)
    let texts = ["Weights of each class", "one", "two", "weight", "0"]
    #expect(texts.filter { !svg.texts.map(\.trimmed).contains($0) } == [])
  }

  @Test func networkIsAPictureAUnitOfItsFirstLayer() throws {
    let model = try model(
      [2, 3], [Flatten(), Dense(3), ReLU(), Dense(2)], weight: (0..<18).map { Float($0) })
    let chart = try Chart.firstLayerWeights(of: model)
    #expect(chart.data.count == 3)
    #expect(chart.data["weight2"] == [[12, 13, 14], [15, 16, 17]])
    #expect(try expectWhole(chart).texts.contains("First-layer weights of 3 units"))
    let error = #expect(throws: ChartError.self) {
      try Chart.weights(of: model, classNames: ["a", "b"])
    }
    #expect(error?.description == "the model has hidden layers: expected a linear one")
  }

  @Test(arguments: [(400, "400"), (401, "the first 400 of 401")])
  func wideLayerHasItsFirstUnits(_ units: Int, _ title: String) throws {
    let model = try Sequential(inputShape: [2, 2], [Flatten(), Dense(units), ReLU(), Dense(2)])
    let chart = try Chart.firstLayerWeights(of: model)
    #expect(chart.data.count == 400)
    #expect(try expectWhole(chart).texts.contains("First-layer weights of \(title) units"))
  }

  @Test func weightsOfZeroOrWithoutNumbersAreDrawn() throws {
    for weight: Float in [0, .nan] {
      let model = try model([4], [Dense(1)], weight: [weight, 0, 0, 0])
      try expectWhole(try Chart.weights(of: model, classNames: []))
    }
  }

  @Test func whatIsNoImageIsRefused() throws {
    let five = try Sequential(inputShape: [5], [Dense(1)])
    let error = #expect(throws: ChartError.self) { try Chart.firstLayerWeights(of: five) }
    #expect(error?.kind == .noImages)
    #expect(error?.description == "the first layer has 5 inputs, which are no image")
    let chart = try Chart.firstLayerWeights(of: five, imageShape: [1, 5])
    #expect(chart.data["weight0"]?.map(\.count) == [5])
    let none = try Sequential(inputShape: [5], [Softmax()])
    #expect(throws: ChartError.self) { try Chart.firstLayerWeights(of: none) }
  }
}
