import Charts
import Datasets
import Foundation
import Testing
import Text
import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct ReportTests {
  /// One brightest pixel an image, which the model takes for the class: so what is predicted is
  /// given here, and so is what is true.
  private static let predicted = [0, 0, 1, 2, 2, 2, 0, 1]
  private static let labels = [0, 1, 1, 2, 2, 0, 0, 1]

  private static func dataset(_ names: [String], test: [Int] = labels, name: String = "tiny")
    -> Dataset
  {
    func images(_ labels: [Int], brightest: [Int]) -> LabelledImages {
      let pixels = brightest.enumerated().flatMap { index, bright in
        (0..<4).map { $0 == bright ? UInt8(255 - 10 * index) : 0 }
      }
      return LabelledImages(images: Images(pixels: pixels, shape: [2, 2]), labels: labels)
    }
    return Dataset(
      name: name, classNames: names, train: images([0, 1, 2], brightest: [0, 1, 2]),
      test: images(test, brightest: Array(predicted.prefix(test.count))))
  }

  /// Scores 5 times the pixel of each class.
  private static func model(softmax: Bool = true) throws -> Sequential {
    let last: [any Layer] = softmax ? [Softmax()] : []
    let model = try Sequential(inputShape: [2, 2], [Flatten(), Dense(3)] + last)
    let weight = (0..<12).map { Float($0 % 4 == $0 / 4 ? 5 : 0) }
    model.weights = [Tensor(weight, shape: [3, 4]), Tensor([0, 0, 0], shape: [3])]
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    return model
  }

  private static let history = History(
    epochs: (1...3).map { epoch in
      EpochRecord(
        epoch: epoch,
        values: [
          ("loss", 1 / Double(epoch)), ("accuracy", 0.25 * Double(epoch)), ("val_loss", 2),
          ("val_accuracy", 0.125),
        ], seconds: 0.5)
    })

  private static let plain = ["bag", "shirt", "dress"]

  private static func report(
    _ names: [String] = plain, test: [Int] = labels, history: History = history,
    name: String = "tiny", settings: KeyValuePairs<String, String> = [:], softmax: Bool = true
  ) throws -> Report {
    try Report(
      model: try model(softmax: softmax), history: history,
      dataset: dataset(names, test: test, name: name), settings: settings)
  }

  // MARK: Form

  @Test func pageIsOneWholeFile() throws {
    let report = try Self.report(settings: ["optimizer": "sgd"])
    #expect(report.pictureError == nil)
    let page = try Page(report.html())
    #expect(page.root == ["lang": "en"])
    // Two curves, two grids and a view of each cell: eight first predictions, two mistakes.
    #expect(page.count("svg") == 4 + 8 + 2 && page.count("figure") == 4 && page.count("table") == 8)
    for name in ["script", "link", "iframe", "object", "embed", "base", "form"] {
      #expect(page.count(name) == 0, "\(name)")
    }
    #expect(page.attributes("meta").contains { $0["charset"] == "utf-8" })
    #expect(
      page.attributes("meta").contains {
        $0["name"] == "viewport" && $0["content"] == "width=device-width, initial-scale=1"
      })
    // Nothing that a browser would fetch, and no two elements of one name.
    #expect(page.references.allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("data:image/png;") })
    #expect(!report.html().contains("url(http") && !report.html().contains("@import"))
    #expect(Set(page.ids).count == page.ids.count)
    for local in page.references where local.hasPrefix("#") {
      #expect(page.ids.contains(String(local.dropFirst())))
    }
    let levels = page.headings.map(\.level)
    #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 })
    #expect(page.headings.allSatisfy { !$0.text.isEmpty })
    #expect(page.attributes("th").allSatisfy { ["row", "col"].contains($0["scope"]) })
    #expect(page.attributes("svg").allSatisfy { $0["role"] == "img" })
    #expect(page.titles == ["Training on tiny"])
  }

  @Test func emptyNamesAndNoSettingsLeaveNoEmptySection() throws {
    let page = try Page(try Self.report(["", " ", "\n"]).html())
    #expect(page.headings.map(\.text).contains("Machine"))
    #expect(!page.headings.map(\.text).contains("Settings"))
  }

  // MARK: Contents

  @Test func figuresAreThoseOfTheTest() throws {
    let page = try Page(try Self.report(settings: ["learning rate": "0.5"]).html())
    // Right are 0, 2, 3, 4, 6, 7: 6 of 8. Class 0 was predicted thrice, and twice rightly; it
    // occurs thrice. Class 1: predicted twice, both right, of three. Class 2: two of three, both.
    #expect(page.rows.contains(["bag", "0.6667", "0.6667", "0.6667", "3"]))
    #expect(page.rows.contains(["shirt", "1.0000", "0.6667", "0.8000", "3"]))
    #expect(page.rows.contains(["dress", "0.6667", "1.0000", "0.8000", "2"]))
    #expect(page.rows.contains(["macro average", "0.7778", "0.7778", "0.7556", "8"]))
    #expect(page.rows.contains(["accuracy", "", "", "0.7500", "8"]))
    for row in [["bag", "2", "0", "1"], ["shirt", "1", "2", "0"], ["dress", "0", "0", "2"]] {
      #expect(page.rows.contains(row))
    }
    #expect(page.rows.contains(["", "bag", "shirt", "dress"]))
    #expect(page.rows.contains(["2", "0.5000", "0.5000", "2.0000", "0.1250", "0.500"]))
    #expect(page.rows.contains(["learning rate", "0.5"]))
    #expect(page.rows.contains(["dense (Dense)", "(batch, 3)", "15", "24"]))
    #expect(page.rows.contains(["total", "", "15", "84"]))
    #expect(page.rows.contains(["kernels", OpenBLAS.coreName]))
    #expect(page.rows.contains(["BLAS", OpenBLAS.buildDescription]))
    let heads = zip(page.texts("dt"), page.texts("dd")).map { "\($0): \($1)" }
    let loss = try Self.model().evaluate(
      Self.dataset(Self.plain).test.images, Self.labels
    ).loss
    #expect(
      heads == [
        "test accuracy: 75.00 %", "test loss: \(String(format: "%.4f", loss))", "epochs: 3",
        "training time: 1.50 s", "parameters: 15",
      ])
  }

  /// e⁵ against two times 1 for image 0; image 1 is dimmer, and so less sure, than image 5 is not.
  @Test(arguments: [true, false])
  func predictionsAreListedWithTheirProbabilities(_ softmax: Bool) throws {
    let page = try Page(try Self.report(softmax: softmax).html())
    func percent(_ index: Int) -> String {
      let score = exp(5 * Double(255 - 10 * index) / 255)
      return String(format: "%.1f %%", 100 * score / (score + 2))
    }
    let first = ["0", "bag", percent(0), "bag", "✓"]
    let mistakes = [
      ["1", "bag", percent(1), "shirt", "✗"], ["5", "dress", percent(5), "bag", "✗"],
    ]
    #expect(page.rows.count { $0 == first } == 1)
    for row in mistakes { #expect(page.rows.count { $0 == row } == 2) }
    // The surest mistake stands first.
    let places = mistakes.map { row in page.rows.lastIndex(of: row) ?? 0 }
    #expect(places[1] == places[0] + 1)
  }

  /// The cells lie in rows of three, 288 wide, and each view shows one of them.
  @Test func gridsAreCutAtTheirCells() throws {
    let page = try Page(try Self.report().html())
    let views = page.attributes("svg").filter { $0["aria-label"] != nil }
    #expect(
      views.map { $0["aria-label"] } == [
        "✓ bag (bag)", "✗ bag (shirt)", "✓ shirt (shirt)", "✓ dress (dress)", "✓ dress (dress)",
        "✗ dress (bag)", "✓ bag (bag)", "✓ shirt (shirt)", "✗ bag (shirt)", "✗ dress (bag)",
      ])
    #expect(
      views.prefix(4).map { $0["viewBox"] } == [
        "20.0 52.0 288.0 154.0", "308.0 52.0 288.0 154.0", "596.0 52.0 288.0 154.0",
        "20.0 206.0 288.0 154.0",
      ])
    let sources = page.attributes("use").compactMap { $0["href"] }
    #expect(sources.count == 10 && Set(sources[..<8]).count == 1 && Set(sources[8...]).count == 1)
  }

  @Test func figuresThatAreKnownAreNotComputedAgain() throws {
    let report = try Report(
      model: try Self.model(), history: Self.history, dataset: Self.dataset(Self.plain),
      test: Figures([("loss", 0.125)]))
    #expect(try Page(report.html()).texts("dd")[1] == "0.1250")
  }

  @Test func pageTellsWhenWhereAndHowItWasMade() throws {
    let report = try Report(
      model: try Self.model(), history: Self.history, dataset: Self.dataset(Self.plain),
      command: "maru train --output 'a b' <x>", date: Date(timeIntervalSince1970: 1_000_000_000))
    let page = try Page(report.html())
    #expect(page.texts("time") == ["2001-09-09 01:46:40Z"])
    #expect(page.texts("p").contains("2001-09-09 01:46:40Z, Maru \(Release.version)"))
    #expect(page.texts("code") == ["maru train --output 'a b' <x>"])
    var name = [CChar](repeating: 0, count: 256)
    try #require(gethostname(&name, name.count) == 0)
    let host = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    #expect(page.rows.contains(["host", host]))
    #expect(try Page(Self.report().html()).count("code") == 0)
  }

  /// Colours that are fixed in a picture would be dark on dark where the page is dark.
  @Test func picturesFollowThePageIntoTheDark() throws {
    let report = try Self.report()
    let html = report.html()
    let body = html[(html.range(of: "<body>")?.upperBound ?? html.startIndex)...]
    let used = Set(body.matches(of: /var\((--\w+)\)/).map { String($0.1) })
    #expect(used.isSuperset(of: ["--ink", "--card", "--line", "--blue", "--red"]))
    for form in ["rgb(34,34,34)", "rgb( 34,  34,  34)", "#ffffff", "\"black\""] {
      #expect(!body.contains(form), "\(form)")
    }
    let dark = try #require(
      html.firstMatch(of: /prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}/)
    ).1
    #expect(used.filter { !dark.contains("\($0): #") } == [])
    // A file of its own stays as it is.
    let file = try report.pictures.loss.get()
    #expect(file.contains("rgb(34,34,34)") && !file.contains("var("))
  }

  /// A page of one size for any number of classes. The model takes every image for class 0.
  @Test(arguments: [51, 3_000])
  func reportOfManyClassesShowsTheWorst(_ count: Int) throws {
    func images(_ count: Int) -> LabelledImages {
      LabelledImages(
        images: Images(pixels: [UInt8](repeating: 0, count: 4 * count), shape: [2, 2]),
        labels: Array(0..<count))
    }
    let model = try Sequential(inputShape: [2, 2], [Flatten(), Dense(count)])
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let dataset = Dataset(
      name: "many", classNames: (0..<count).map { "class \($0)" }, train: images(count),
      test: images(count))
    let html = try Report(model: model, history: Self.history, dataset: dataset).html()
    #expect(html.utf8.count < 400_000, "\(html.utf8.count)")
    let page = try Page(html)
    #expect(
      page.texts("p").contains(
        "Of \(count.grouped) classes the 20 of the lowest F1; the means are over all."))
    #expect(page.rows.contains(["class 1", "0.0000", "0.0000", "0.0000", "1"]))
    #expect(!page.rows.contains { $0.first == "class 21" && $0.count == 5 && $0[4] == "1" })
    #expect(page.rows.contains(["class 1", "class 0", "1", "100.0 %"]))
    #expect(page.rows.count { $0.count == 4 && $0[3] == "100.0 %" } == 20)
  }

  @Test func curveInWordsStandsBelowIt() throws {
    let page = try Page(try Self.report().html())
    #expect(
      page.texts("figcaption").prefix(2) == [
        "accuracy: training from 0.2500 to 0.7500, validation from 0.1250 to 0.1250",
        "loss: training from 1.0000 to 0.3333, validation from 2.0000 to 2.0000",
      ])
  }

  @Test func rowsOfATableAreNoImages() throws {
    let rows = LabelledImages(
      images: Images(values: Tensor([0, 1, 2, 0, 1, 0], shape: [3, 2])), labels: [0, 1, 0])
    let model = try Sequential(inputShape: [2], [Dense(2)], seed: 1)
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let dataset = Dataset(name: "table", classNames: ["a", "b"], train: rows, test: rows)
    let html = try Report(model: model, history: Self.history, dataset: dataset).html()
    let page = try Page(html)
    #expect(page.headings.map(\.text).contains("On 3 test samples"))
    #expect(page.rows.contains(["sample", "predicted", "probability", "true class", "right"]))
    let body = html[(html.range(of: "<body>")?.upperBound ?? html.startIndex)...]
    #expect(!body.contains(/\bimages?\b/))
  }

  // MARK: Edges

  private static let hostile = [
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>",
    "신발 & 옷\u{0}\u{1B}]]>\n\u{202E}\u{FFFE}",
  ]

  @Test func hostileNamesStayText() throws {
    let report = try Self.report(
      Self.hostile, name: "</title><script>", settings: ["<b>": "</td><td onclick=\"x\">"])
    let html = report.html()
    #expect(!html.contains("<script") && !html.contains("<img"))
    let page = try Page(html)
    let shown = Self.hostile[..<2] + [#"신발 & 옷\u{0}\u{1B}]]>\n\u{202E}\u{FFFE}"#]
    #expect(page.rows.contains([""] + shown))
    #expect(page.rows.contains(["<b>", "</td><td onclick=\"x\">"]))
    #expect(page.titles == ["Training on </title><script>"])
    #expect(page.allAttributes.allSatisfy { !$0.keys.contains { $0.hasPrefix("on") } })
  }

  @Test func runsWithoutFiguresAreToldOf() throws {
    let diverged = History(
      epochs: [EpochRecord(epoch: 1, values: [("loss", .nan), ("accuracy", 0)], seconds: 1)],
      stopReason: "the loss is <nan>")
    let page = try Page(try Self.report(history: diverged).html())
    #expect(page.texts("p").contains("Training ended early: the loss is <nan>."))
    #expect(page.rows.contains(["1", "nan", "0.0000", "1.000"]))
    let untested = try Page(try Self.report(test: [], history: History()).html())
    #expect(untested.headings.map(\.text).contains("On 0 test images"))
    let perfect = try Page(try Self.report(test: [0, 0, 1]).html())
    #expect(perfect.texts("p").contains("There are none."))
  }
}

/// A page, read by a parser of XML: it closes all that it opens.
private final class Page: NSObject, XMLParserDelegate {
  private var elements: [(name: String, attributes: [String: String], text: String)] = []
  private var open: [Int] = []
  /// The fields of each row of each table.
  private(set) var rows: [[String]] = []

  init(_ html: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    super.init()
    try #require(html.hasPrefix("<!DOCTYPE html>\n"), sourceLocation: sourceLocation)
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    try #require(
      parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
  }

  var root: [String: String] { elements[0].attributes }
  var allAttributes: [[String: String]] { elements.map(\.attributes) }
  var ids: [String] { elements.compactMap { $0.attributes["id"] } }
  var references: [String] {
    elements.flatMap { element in
      ["src", "href", "xlink:href", "srcset", "data", "action"].compactMap {
        element.attributes[$0]
      }
    }
  }
  var headings: [(level: Int, text: String)] {
    elements.filter { $0.name.wholeMatch(of: /h[1-6]/) != nil }
      .map { (Int($0.name.dropFirst()) ?? 0, $0.text) }
  }
  /// The title of the page, without those of the pictures.
  var titles: [String] { Array(texts("title").prefix(1)) }

  func count(_ name: String) -> Int { elements.count { $0.name == name } }
  func attributes(_ name: String) -> [[String: String]] {
    elements.filter { $0.name == name }.map(\.attributes)
  }
  func texts(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    if name == "tr" { rows.append([]) }
    open.append(elements.count)
    elements.append((name, attributes, ""))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    for index in open { elements[index].text += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    let index = open.removeLast()
    if name == "td" || name == "th" { rows[rows.count - 1].append(elements[index].text) }
  }
}
