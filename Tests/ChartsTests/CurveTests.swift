import Charts
import Testing
import Training

struct CurveTests {
  private func curve(_ values: [Double]) -> [[Double]] {
    values.enumerated().map { [Double($0 + 1), $1] }
  }

  @Test func accuracyIsLabelledAsInTheLesson() throws {
    let chart = Chart.accuracy(of: Fixture.run)
    #expect(
      chart.data == [
        "accuracy": curve([0.25, 0.5, 0.75]), "val_accuracy": curve([0.375, 0.625, 0.5]),
      ])
    let svg = try expectWhole(chart)
    #expect(chart.title == "Training and validation accuracy")
    let texts = [chart.title, "Epochs", "Accuracy", "Training accuracy", "Validation accuracy"]
    #expect(texts.filter { !svg.texts.contains($0) } == [])
  }

  @Test func lossIsLabelledAsInTheLesson() throws {
    let chart = Chart.loss(of: Fixture.run)
    #expect(
      chart.data == ["loss": curve([1.5, 0.75, 0.5]), "val_loss": curve([1.25, 1, 0.875])])
    let svg = try expectWhole(chart)
    #expect(chart.title == "model loss")
    let texts = ["model loss", "epoch", "loss", "train", "validation"]
    #expect(texts.filter { !svg.texts.contains($0) } == [])
  }

  @Test func whatWasNotMeasuredIsNotInTheLegend() throws {
    let history = Fixture.history(["loss": [2, 1]])
    #expect(try !expectWhole(.loss(of: history)).texts.contains("validation"))
    let empty = Chart.accuracy(of: history)
    #expect(empty.data == [:])
    #expect(try !expectWhole(empty).texts.contains("Training accuracy"))
    try expectWhole(.loss(of: History()))
  }

  @Test(arguments: [
    [Double.nan], [.infinity, .nan], [1, .nan, 0.5], [0, 0, 0], [1e300, 1e-300], [-3, -2],
    [Double](repeating: 0.5, count: 1000), [1e308, -1e308, 1e308], [1.79e308, 1.79e308],
    [-1e306, 1e306], [1, 1.0000000000000002], [.leastNonzeroMagnitude, 0],
    [-.leastNonzeroMagnitude, .leastNonzeroMagnitude],
  ])
  func anyNumbersAreDrawn(_ losses: [Double]) throws {
    let chart = Chart.loss(of: Fixture.history(["loss": losses]))
    try expectWhole(chart)
    let drawn = try #require(chart.data["loss"]).map { $0[1] }
    #expect(drawn.count == losses.count)
    for (drawn, loss) in zip(drawn, losses) {
      #expect(loss.isFinite ? drawn == loss : drawn.isNaN)
    }
  }

  @Test func runsAreInOnePicture() throws {
    let short = Fixture.history(["loss": [1], "accuracy": [0.5]])
    let chart = Chart.comparison(of: [("runs/a", Fixture.run), ("달리기 100 %", short)])
    #expect(
      Set(chart.data.keys) == [
        "accuracy0", "val_accuracy0", "loss0", "val_loss0", "accuracy1", "loss1",
      ])
    #expect(chart.data["val_loss0"] == curve([1.25, 1, 0.875]))
    #expect(chart.data["accuracy1"] == curve([0.5]))
    let svg = try expectWhole(chart)
    let texts = ["Runs compared", "Epochs", "Accuracy", "Loss", "runs/a", "달리기 100 %"]
    #expect(texts.filter { !svg.texts.contains($0) } == [])
    // Once below each of the two, where its own panel is.
    #expect(svg.texts.count { $0 == "runs/a" } == 2)
    for name in ["runs/a", "달리기 100 %", "validation", "training"] {
      let places = svg.places(of: name).map { $0.x }
      #expect(places.count == 2 && 70..<480 ~= places[0] && 540..<960 ~= places[1], "\(places)")
    }
    for name in ["runs/a", "validation", "training"] {
      #expect(svg.places(of: name).map { $0.y }.allSatisfy { $0 > 424 })
    }
    // Where no run was validated, nothing is said of it.
    #expect(try !expectWhole(.comparison(of: [("a", short)])).texts.contains("validation"))
  }

  @Test func longNamesThatDifferAtTheirEndsAreToldApart() throws {
    let folders = String(repeating: "folder/", count: 40)
    let chart = Chart.comparison(
      of: ["first", "second"].map { (folders + $0, Fixture.run) })
    let texts = try expectWhole(chart).texts.filter { $0.contains("folder/") }
    #expect(
      texts.map { $0.split(separator: "/").last } == ["first", "second", "first", "second"])
    #expect(texts.allSatisfy { $0.hasPrefix("…") && TextWidth.estimate($0, size: 12) <= 360 })
  }

  @Test func marksOfAnAxisAreAtMostTen() {
    #expect(
      [1, 9, 10, 11, 20, 30, 50, 99, 101, 1000].map(Axis.wholeStep) == [
        1, 1, 1, 2, 2, 5, 5, 10, 20, 100,
      ])
  }

  @Test func axisHoldsWhatIsFinite() {
    #expect(Axis.range(of: [], highest: 1) == 0...1)
    #expect(Axis.range(of: [.nan, .infinity], highest: 1) == 0...1)
    #expect(Axis.range(of: [0.5, 1], highest: 1) == 0.475...1)
    #expect(Axis.range(of: [0.01, 1.01], highest: .infinity).lowerBound == 0)
    // An accuracy in percent.
    #expect(Axis.range(of: [50, 90], highest: 1) == 48...92)
  }
}
