import Charts
import Datasets
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

  /// Of each filter its channels side by side, in rows of whole filters.
  @Test func filtersArePicturesOfTheirChannels() throws {
    let model = try model(
      [4, 4, 2], [BatchNorm(), Conv2D(3, Window2D(1, 2)), Flatten(), Dense(2)], weight: [1, 1])
    var weights = model.weights
    weights[2] = Tensor((0..<12).map { Float($0) }, shape: [3, 1, 2, 2])
    model.weights = weights
    let chart = try Chart.firstLayerWeights(of: model)
    #expect(chart.data.count == 6)
    #expect(chart.data["weight0"] == [[0, 2]] && chart.data["weight1"] == [[1, 3]])
    #expect(chart.data["weight5"] == [[9, 11]])
    let title = "First-layer filters: 3 of 1×2, by channel"
    #expect(try expectWhole(chart).texts.contains(title))
    #expect(throws: ChartError.self) { try Chart.weights(of: model, classNames: []) }
  }

  /// The first filter gives the image without its border, the second −½.
  @Test func activationsArePicturesOfChannels() throws {
    let layers: [any Layer] = [
      Conv2D(2, 3), Dropout(0.5), MaxPool2D(2), Conv2D(40, 1), ReLU(), Flatten(), Dense(2),
    ]
    let middle: [Float] = [0, 0, 0, 0, 1, 0, 0, 0, 0]
    let model = try model(
      [4, 5], layers, weight: middle + [Float](repeating: 0, count: 9))
    var weights = model.weights
    weights[1] = Tensor([0, -0.5])
    model.weights = weights
    let images = Images(pixels: (0..<40).map { UInt8($0 * 5) }, shape: [4, 5])
    let chart = try Chart.activations(of: model, on: images, at: 1)
    #expect(chart.data.count == 2 + 2 + 32)
    // From −½ to the largest of the middle, 33 of 40 times 5.
    let largest = 165.0 / 255 + 0.5
    let expected = [[26.0, 27, 28], [31, 32, 33]].map { $0.map { ($0 * 5 / 255 + 0.5) / largest } }
    let found = try #require(chart.data["row0channel0"])
    for (found, expected) in zip(found.joined(), expected.joined()) {
      #expect(abs(found - expected) < 1e-5)
    }
    #expect(chart.data["row0channel1"] == [[0, 0, 0], [0, 0, 0]])
    let texts = try expectWhole(chart).texts
    #expect(texts.contains("dropout (Dropout): 2 of 2×3, from -0.50 to 0.65"), "\(texts)")
    #expect(texts.contains { $0.hasPrefix("re_lu (ReLU): the first 32 of 40 of 1×1, from ") })
    let dense = try Sequential(inputShape: [4, 5], [Flatten(), Dense(2)])
    let error = #expect(throws: ChartError.self) { try Chart.activations(of: dense, on: images) }
    #expect(error?.description == "no layer of the model gives images")
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
