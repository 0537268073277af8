import Charts
import Datasets
import Testing
import Training

struct ComponentsTests {
  private static let title = "Principal components of small"

  /// Points in the order of their places, since they are drawn in a random one.
  private func points(_ chart: Chart) throws -> [[Double]] {
    try #require(chart.data["points"]).sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test func pointsLieWhereTheirCoordinatesSayInTheColorsOfTheirClasses() throws {
    let chart = Chart.scatter(
      Tensor([0, 10, 9, 100, 0, 9, 50, 20, 9], shape: [3, 3]), labels: [0, 1, 0],
      classNames: ["one", "two"], title: "Points", axes: ("across", "up"))
    let points = try points(chart)
    // The frame's 520 pixels hold the range with 3 % of it on either side.
    let step = 520 / 1.06
    let places = [(0.0, 0.0), (0.5, 1), (1, -0.0)].map { x, up in
      (84 + (x + 0.03) * step, 76 + 520 - (up + 0.03) * step)
    }
    let ups = [places[1].1 + step / 2, places[1].1, places[2].1]
    for (index, point) in points.enumerated() {
      #expect(abs(point[0] - places[index].0) <= 0.05 && abs(point[1] - ups[index]) <= 0.05)
    }
    #expect(points.map { $0[3] } == [0x332288, 0x332288, 0xCC6677])
    let texts = try expectWhole(chart).texts
    for text in ["Points", "across", "up", "one", "two", "100"] { #expect(texts.contains(text)) }
    #expect(!texts.contains { $0.contains("at random") })
  }

  @Test func moreThanFourThousandAreSampledAndALineSaysSo() throws {
    let labels = (0..<4500).map { $0 / 450 }
    let values = (0..<9000).map { Float($0 / 2 % 97) }
    let chart = Chart.scatter(
      Tensor(values, shape: [4500, 2]), labels: labels, classNames: (0..<10).map { "c\($0)" },
      title: "Many")
    let points = try points(chart)
    #expect(points.count == 4000)
    // Of each class some nine tenths.
    let colors = Dictionary(grouping: points) { $0[3] }
    #expect(colors.count == 10 && colors.values.allSatisfy { 360...440 ~= $0.count })
    #expect(try expectWhole(chart).texts.contains("4,000 of 4,500 samples, chosen at random"))
  }

  @Test func colorsGoRoundAndThenMarksChange() throws {
    let count = 60
    let chart = Chart.scatter(
      Tensor((0..<2 * count).map { Float($0 / 2) }, shape: [count, 2]),
      labels: Array(0..<count), classNames: (0..<count).map { "class \($0)" }, title: "Many")
    let points = try points(chart)
    #expect(points[0][3] == points[10][3] && points[0][2] != points[10][2])
    #expect(Set(points.prefix(50).map { [$0[2], $0[3]] }).count == 50)
    let texts = try expectWhole(chart).texts
    #expect(texts.contains("class 49") && !texts.contains("class 50"))
  }

  @Test func whatIsNotFiniteIsLeftOutAndNothingIsDrawnToo() throws {
    let chart = Chart.scatter(
      Tensor([.nan, 1, 2, .infinity, 5, 6], shape: [3, 2]), labels: [0, 0, 0],
      classNames: ["a"], title: "One")
    #expect(chart.data["points"]?.count == 1)
    try expectWhole(chart)
    try expectWhole(
      .scatter(Tensor(zeros: [0, 2]), labels: [], classNames: ["a"], title: "None"))
  }

  @Test func componentsAreImagesWithTheirShares() throws {
    let chart = Chart.components(
      Tensor([1, -2, 0.5, 0.25, 0, 1], shape: [1, 6]), imageShape: [2, 3], shares: [0.4567],
      title: Self.title)
    #expect(chart.data == ["weight0": [[1, -2, 0.5], [0.25, 0, 1]]])
    #expect(chart.script.contains("set cbrange [-2.0:2.0]"))
    let texts = try expectWhole(chart).texts
    #expect(texts.contains(Self.title) && texts.contains("1: 45.7 %"))
  }

  @Test func bothStandInOnePicture() throws {
    let samples = Fixture.samples
    let chart = Chart.principalComponents(
      scores: Tensor((0..<10).map { Float($0) }, shape: [5, 2]), labels: samples.labels,
      classNames: Fixture.hostileNames,
      components: Tensor((0..<16).map { Float($0) }, shape: [2, 8]),
      imageShape: [2, 4], shares: [0.75, 0.125], title: Self.title)
    #expect(chart.data["points"]?.count == 5)
    #expect(chart.data["weight1"] == [[8, 9, 10, 11], [12, 13, 14, 15]])
    let texts = try expectWhole(chart).texts
    for text in [
      Self.title, "first component, 75.0 % of the variance",
      "second component, 12.5 % of the variance", "2: 12.5 %",
    ] {
      #expect(texts.contains(text))
    }
    #expect(!Marker.isThere)
  }
}
