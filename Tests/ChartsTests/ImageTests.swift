import Charts
import Datasets
import Testing

struct ImageTests {
  @Test func imageHasItsPixelsAndAColourBar() throws {
    let chart = Chart.image(Fixture.samples.images, at: 3, title: "one")
    #expect(chart.data == ["image": Fixture.pixels(3)])
    let svg = try expectWhole(chart)
    let names = ["one", "column (pixels)", "row (pixels)", "brightness (0 to 255)", "255"]
    #expect(names.filter { !svg.texts.map { $0.trimmed }.contains($0) } == [])
    #expect(svg.references.contains { $0.hasPrefix("data:image/png") })
  }

  @Test func gridHasEveryImageWithTheNameOfItsClass() throws {
    let chart = Chart.imageGrid(Fixture.samples, classNames: Fixture.names, title: "Five")
    #expect(chart.data.count == 5)
    for index in 0..<5 { #expect(chart.data["image\(index)"] == Fixture.pixels(index)) }
    let svg = try expectWhole(chart)
    #expect(svg.texts == ["Five", "one", "two", "three", "one", "two"])
    #expect(svg.elements.count { $0 == "image" } == 5)
  }

  /// The lesson's grids of 5×5 and of 4 rows of 5, and others.
  @Test(arguments: [(1, 1, 1), (3, 1, 3), (20, 4, 5), (25, 5, 5), (26, 5, 6), (100, 10, 10)])
  func gridHasRows(_ count: Int, _ rows: Int, _ columns: Int) {
    let images = Images(pixels: [UInt8](repeating: 9, count: count * 784), shape: [28, 28])
    let samples = LabelledImages(images: images, labels: [Int](repeating: 0, count: count))
    let chart = Chart.imageGrid(samples, classNames: ["one"], title: "")
    #expect(chart.height == 64 + rows * 112)
    #expect(chart.width == max(360, 40 + columns * 108))
  }

  /// Each pixel is a square of its own then, beside those of which the colour bar is made.
  @Test(arguments: [[1, 6], [6, 1], [1, 1]])
  func imageOfOneRowOrColumnIsDrawn(_ sizes: [Int]) throws {
    let count = sizes[0] * sizes[1]
    let images = Images(pixels: (0..<count).map { UInt8($0 * 51) }, shape: [sizes[0], sizes[1]])
    let samples = LabelledImages(images: images, labels: [0])
    let bar = try expectWhole(.image(Fixture.samples.images, title: ""))
      .elements.count { $0 == "polygon" }
    for (chart, others) in [
      (Chart.image(images, title: ""), bar),
      (.imageGrid(samples, classNames: ["one"], title: ""), 0),
    ] {
      #expect(chart.data.values.first?.joined().map { $0 / 51 } == (0..<count).map(Double.init))
      #expect(try expectWhole(chart).elements.count { $0 == "polygon" } == count + others)
    }
  }

  @Test func gridOfNothingIsEmpty() throws {
    let chart = Chart.imageGrid(Fixture.samples[0..<0], classNames: [], title: "None")
    #expect(try expectWhole(chart).texts == ["None"])
  }

  @Test func classesAreCounted() throws {
    let dataset = Dataset(
      name: "numbers", classNames: Fixture.names, train: Fixture.samples,
      test: Fixture.samples[2..<4])
    let chart = Chart.classCounts(of: dataset)
    #expect(chart.data["training"]?.map { $0[0] } == [2, 2, 1])
    #expect(chart.data["training"]?.map { $0[1] } == [1, 1, 0.5])
    #expect(chart.data["test"]?.map { $0[0] } == [1, 0, 1])
    let svg = try expectWhole(chart)
    #expect(svg.texts.prefix(3) == ["Images a class in numbers", "training", "test"])
    #expect(
      svg.texts.dropFirst(3).sorted() == ["0", "1", "1", "1", "2", "2", "one", "three", "two"])
  }
}

extension String {
  /// The text without the blanks around it, which gnuplot puts before numbers.
  var trimmed: String { split(separator: " ").joined(separator: " ") }
}
