import Charts
import Datasets
import Testing
import Text
import Training

struct PredictionTests {
  private static let (blue, red, grey) = (
    0x0057D9 as Double, 0xD7191C as Double, 0x777777 as Double
  )

  @Test func gridShowsImagesAnswersAndProbabilities() throws {
    let chart = Chart.predictions(
      Fixture.predicted, Fixture.probabilities, classNames: Fixture.names)
    #expect(chart.data.count == 10)
    #expect(chart.data["image1"] == Fixture.pixels(1))
    // The class, its probability, and its colour.
    #expect(
      chart.data["probabilities0"] == [
        [0, 0.75, Self.blue], [1, 0.25, Self.grey], [2, 0, Self.grey],
      ])
    #expect(
      chart.data["probabilities1"] == [
        [0, 0.25, Self.grey], [1, 0.5, Self.red], [2, 0.25, Self.blue],
      ])
    let svg = try expectWhole(chart)
    #expect(svg.texts.first == "Predictions")
    #expect(
      svg.texts.filter { $0.contains("(") } == [
        "✓ one 75% (one)", "✗ two 50% (three)", "✓ three 88% (three)", "✗ three 94% (one)",
        "✗ one 50% (two)",
      ])
    #expect(svg.texts.count { $0 == "✓" } == 5 && svg.texts.count { $0 == "✗" } == 3)
  }

  @Test func gridHasFifteenInRowsOfThree() throws {
    let images = Images(pixels: [UInt8](repeating: 9, count: 20 * 784), shape: [28, 28])
    let samples = LabelledImages(images: images, labels: [Int](repeating: 0, count: 20))
    let chart = Chart.predictions(
      samples, Tensor([Float](repeating: 0.5, count: 40), shape: [20, 2]), classNames: ["a", "b"])
    #expect(chart.data.keys.count { $0.hasPrefix("image") } == 15)
    #expect(chart.height == 64 + 5 * (112 + 42))
    try expectWhole(chart)
  }

  @Test func mistakesAreTheWrongOnesMostConfidentFirst() throws {
    let chart = Chart.mistakes(
      Fixture.predicted, Fixture.probabilities, classNames: Fixture.names)
    #expect(
      try expectWhole(chart).texts.filter { $0.contains("(") }
        == ["✗ three 94% (one)", "✗ two 50% (three)", "✗ one 50% (two)"])
    #expect([3, 1, 4].map(Fixture.pixels) == (0..<3).map { chart.data["image\($0)"] })
  }

  @Test func marksOfBarsAreInOneOrder() throws {
    let chart = Chart.mistakes(
      Fixture.predicted, Fixture.probabilities, classNames: Fixture.names)
    let marks = try expectWhole(chart).texts.filter { ["✓", "✗"].contains($0) }
    #expect(marks == ["✓", "✗", "✓", "✗", "✓", "✗"])
  }

  @Test func lineOnTheBarsIsWholeWhereThereIsOneMistake() throws {
    let one = LabelledImages(images: Fixture.samples.images, labels: [0, 2, 2, 2, 0])
    let chart = Chart.mistakes(one, Fixture.probabilities, classNames: Fixture.names)
    #expect(
      try expectWhole(chart).texts.contains(
        "bars: probability of each class, 0 to 1; ✓ true class, ✗ wrongly predicted class"))
  }

  @Test func confusionMatrixOfOneClassHasItsColour() throws {
    let chart = Chart.confusionMatrix(
      ConfusionMatrix(labels: [0, 0], predictions: [0, 0]), classNames: ["one"])
    #expect(try expectWhole(chart).elements.count { $0 == "polygon" } == 1)
  }

  @Test func noMistakesAreToldSo() throws {
    let right = LabelledImages(images: Fixture.samples.images, labels: [0, 1, 2, 2, 0])
    let chart = Chart.mistakes(right, Fixture.probabilities, classNames: Fixture.names)
    #expect(chart.data == [:])
    #expect(try expectWhole(chart).texts.contains("none"))
  }

  @Test func confusionMatrixCountsInCells() throws {
    let matrix = ConfusionMatrix(labels: [0, 0, 0, 0, 1, 2], predictions: [0, 0, 0, 1, 1, 0])
    let chart = Chart.confusionMatrix(
      ConfusionMatrix(labels: [0, 0, 0, 0, 1, 2], predictions: [0, 0, 0, 1, 1, 0]),
      classNames: Fixture.names)
    // The true class, the predicted one, the count, and its share of the true class.
    #expect(
      chart.data["confusion"] == [
        [0, 0, 3, 0.75], [0, 1, 1, 0.25], [0, 2, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [1, 2, 0, 0],
        [2, 0, 1, 1], [2, 1, 0, 0], [2, 2, 0, 0],
      ])
    let svg = try expectWhole(chart)
    #expect(svg.texts.compactMap { Int($0) } == matrix.counts.flatMap { $0 })
    let titles = ["Confusion matrix", "predicted class", "true class"]
    #expect(titles.filter { !svg.texts.contains($0) } == [])
    for name in Fixture.names { #expect(svg.texts.count { $0 == name } == 2) }
  }

  /// gnuplot is given no text per cell.
  @Test(arguments: [0, 1, 47, 50])
  func confusionMatrixOfAnyCount(_ count: Int) throws {
    let labels = (0..<count).map { $0 }
    let chart = Chart.confusionMatrix(
      ConfusionMatrix(labels: labels, predictions: labels), classNames: labels.map { "class \($0)" }
    )
    let texts = try expectWhole(chart).texts
    #expect(texts.count { $0.hasPrefix("class ") } == 2 * count)
    #expect(texts.count { Int($0) != nil } == count * count)
    let commands = chart.script.split(separator: "\n")
    #expect(commands.count { $0.hasPrefix("set label") } == 3 + 2 * count)
  }

  /// A picture of one size for any number of classes: the worst ones, and what was confused most.
  @Test(arguments: [51, 20_000])
  func confusionOfManyClassesShowsTheWorst(_ count: Int) throws {
    let labels = Array(0..<count) + [5, 5]
    let predictions = labels.map { $0 == 5 ? 6 : $0 }
    let chart = Chart.confusionMatrix(
      ConfusionMatrix(labels: labels, predictions: predictions),
      classNames: (0..<count).map { "class \($0)" })
    #expect(chart.width == 760 && chart.height == 644)
    #expect(chart.data["pairs"] == [[1, 1, 620, Self.red]])
    #expect(chart.data["classes"]?.count == 20)
    #expect(chart.data["classes"]?[1].prefix(2) == [2.0 / 5, 2.0 / 5])
    let texts = try expectWhole(chart).texts
    #expect(texts[0] == "The worst of \(count == 51 ? "51" : "20,000") classes")
    for text in ["class 5", "class 5 → class 6", "3 (100.0 %)", "0.4000"] {
      #expect(texts.contains(text), "\(text)")
    }
  }

  /// The 50 most probable classes have bars, and the true one has, in the order of the classes.
  @Test func barsAreOfTheMostProbableClasses() throws {
    let count = 3_000
    let images = Images(pixels: [UInt8](repeating: 9, count: 2 * 16), shape: [4, 4])
    let probabilities = (0..<2 * count).map { Float($0 % count) / Float(count) }
    let chart = Chart.predictions(
      LabelledImages(images: images, labels: [4, 2_990]),
      Tensor(probabilities, shape: [2, count]), classNames: (0..<count).map { "\($0)" })
    let shown = try #require(chart.data["probabilities0"])
    #expect(shown.map { $0[0] } == (0...50).map { Double($0) })
    #expect(shown.first?[2] == Self.blue && shown.last?[2] == Self.red)
    #expect(chart.data["probabilities1"]?.count == 50)
    #expect(
      try expectWhole(chart).texts.contains {
        $0.hasPrefix("bars: probability of the 50 most probable classes and the true one, 0 to 1;")
      })
  }

  @Test func countsOfManyClassesAreOfTheLargestAndTheSmallest() throws {
    let labels = (0..<80).flatMap { [Int](repeating: $0, count: 80 - $0) }
    let samples = LabelledImages(
      images: Images(pixels: [UInt8](repeating: 1, count: labels.count), shape: [1]), labels: labels
    )
    let chart = Chart.classCounts(
      of: Dataset(
        name: "many", classNames: (0..<80).map { "class \($0)" }, train: samples, test: samples))
    let counts = try #require(chart.data["training"]).map { Int($0[0]) }
    let expected = (1...25).reversed().map { $0 + 55 } + (1...25).reversed()
    #expect(counts == expected)
    #expect(
      try expectWhole(chart).texts[0]
        == "Images a class in many (the 25 largest and smallest of 80)")
  }

  @Test func namesOfOthersStayText() throws {
    let names = Fixture.hostileNames
    let linear = try Sequential(inputShape: [4], [Dense(3)])
    let charts = [
      Chart.imageGrid(Fixture.samples, classNames: names, title: names[2]),
      .image(Fixture.samples.images, title: names[0]),
      .predictions(Fixture.predicted, Fixture.probabilities, classNames: names, title: names[1]),
      .confusionMatrix(
        ConfusionMatrix(labels: [0, 1, 2], predictions: [0, 1, 2]), classNames: names),
      .classCounts(
        of: Dataset(
          name: names[1], classNames: names, train: Fixture.samples, test: Fixture.samples)),
      .comparison(of: names.map { ($0, Fixture.run) }),
      .mistakes(Fixture.predicted, Fixture.probabilities, classNames: names, title: names[2]),
      try .weights(of: linear, classNames: names),
      .throughput(of: names.map { .init(name: $0, peak: 2, speeds: [(8, 1)]) }, title: names[0]),
      .training(
        names.map { .init(workload: $0, name: $0, isNaive: false, samplesPerSecond: 1) },
        title: names[2]),
    ]
    for chart in charts {
      let svg = try expectWhole(chart)
      #expect(svg.titles[0] == chart.title.printable)
      #expect(!Marker.isThere)
    }
    let shown = try SVGFile(charts[5].svg()).texts
    for name in names {
      #expect(shown.contains(TextWidth.fittedEnd(of: name, to: 360, size: 12)))
    }
  }
}
