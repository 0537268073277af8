import FileTestSupport
import Foundation
import Maru
import Testing

/// Data of the kinds that people really bring, each with the right answer of the command.
struct CaseTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ name: String) throws -> String {
    try folder.write(Array(text.utf8), to: name)
  }

  private func train(_ data: String, _ options: String = "") throws -> ProcessResult {
    try Command.maru(
      "train --epochs 40 --progress lines --seed 1 --force \(options) --dataset",
      [data, "--output", folder["run"]])
  }

  /// The rows of what `predict` writes, without the header.
  private func predictions(_ data: String, _ options: String = "") throws -> [[String]] {
    let result = try Command.maru(
      "predict --force \(options) --output", [folder["p.csv"], folder["run"], "--dataset", data])
    expectSuccess(result)
    return try folder.text(of: "p.csv").split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",").map(String.init) }
  }

  private func figure(_ name: String, of line: String?) throws -> Double {
    let text = try #require(line?.firstRange(of: "\(name): ").map { line![$0.upperBound...] })
    return try #require(Double(text.prefix { "0123456789.e+-".contains($0) }), "\(line ?? "")")
  }

  /// A figure of the samples to test with.
  private func tested(_ name: String, _ result: ProcessResult) throws -> Double {
    let line = result.outputLines.first { $0.hasPrefix("test loss: ") }
    return try figure("test \(name)", of: line)
  }

  private func found(_ result: ProcessResult) -> String? {
    result.errorLines.first { $0.hasPrefix("label: ") }
  }

  /// Numbers from 0 to 1 in an order that looks random.
  private static func noise(_ count: Int, seed: UInt32 = 1) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Double(state >> 16) / 65_536
    }
  }

  // MARK: Digits as text

  /// Rows of 784 pixels, of which a block is bright where the class tells; the last pixel is always 0.
  private static func digits(_ count: Int) -> (classes: [Int], rows: [String]) {
    let grey = noise(count * 784)
    let classes = (0..<count).map { $0 * 7 % 10 }
    let rows = classes.enumerated().map { row, kind in
      (0..<784).map { pixel -> String in
        if pixel == 783 { return "0" }
        let value = grey[row * 784 + pixel] * 60 + (pixel / 78 == kind ? 190 : 0)
        return "\(Int(value))"
      }.joined(separator: ",")
    }
    return (classes, rows)
  }

  @Test func digitsWithoutAHeaderHaveTheirLabelInFront() throws {
    let (classes, rows) = Self.digits(100)
    let data = try write(
      zip(classes, rows).map { "\($0),\($1)\n" }.joined(), "mnist_train.csv")
    let trained = try train(data)
    #expect(trained.exitCode == 0)
    #expect(
      found(trained) == "label: column 1 (column 1, with few values; --label NAME|NUMBER), "
        + "classification (10 whole numbers; --task), 10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9")
    #expect(try tested("accuracy", trained) == 1)
    let asked = try Command.maru("data show --json --label 1", [data]).object()
    #expect((asked["label"] as? [String: Any])?["column"] as? Int == 1)
    #expect(asked["features"] as? Int == 784)
  }

  @Test func digitsOfKaggleTrainAtScaleAndArePredictedWithoutLabels() throws {
    let (classes, rows) = Self.digits(120)
    let names = (0..<784).map { "pixel\($0)" }.joined(separator: ",")
    let labelled = zip(classes, rows).prefix(90).map { "\($0),\($1)\n" }.joined()
    let data = try write("label,\(names)\n" + labelled, "train.csv")
    let trained = try train(data)
    #expect(trained.exitCode == 0)
    #expect(trained.errorLines.contains("scaled: numbers divided by 255 (--scale)"))
    // Of values up to 255 the first loss would be in the hundreds.
    let first = try #require(trained.errorLines.first { $0.hasPrefix("Epoch 1/") })
    #expect(try figure("loss", of: first) < 3)
    let test = try write("\(names)\n" + rows.suffix(30).joined(separator: "\n"), "test.csv")
    let predicted = try predictions(test)
    #expect(predicted.map { $0[1] } == classes.suffix(30).map { "\($0)" })
  }

  /// What goes into a model of bytes in a table goes the way of its rows: 255 is 1.
  @Test func picturesGoIntoAModelOfATableOfPixelsAsItsRowsDid() throws {
    let (classes, rows) = Self.digits(100)
    let data = try write(zip(classes, rows).map { "\($0),\($1)\n" }.joined(), "digits.csv")
    #expect(try train(data).exitCode == 0)
    let pixels = rows[3].split(separator: ",").compactMap { UInt16($0) }
    let picture = try folder.write(PNG(pixels, width: 28).bytes, to: "three.png")
    let result = try Command.maru("predict", [folder["run"], picture])
    #expect(result.exitCode == 0)
    #expect(result.outputLines.last?.contains("three.png  \(classes[3]) ") == true)
    let same = try predictions(write(rows[3] + "\n", "row.csv"))
    #expect(same[0][1] == "\(classes[3])")
  }

  // MARK: Where the label stands, and how rows are written

  /// Three classes of wine, told apart by either number.
  private static let wines = zip(0..<90, noise(180)).map { row, value in
    [row % 3 + 1, 12, 500].enumerated().map { place, base in
      place == 0 ? "\(base)" : "\(Double(base) * (1 + Double(row % 3)) + value)"
    }
  }

  @Test(arguments: [
    ("class,Alcohol,Proline", "'class'"), ("y,Alcohol,Proline", "'y'"), ("", "column 1"),
  ])
  func theFirstColumnMayHaveTheClasses(header: String, name: String) throws {
    let rows = Self.wines.map { $0.joined(separator: ",") }
    let data = try write(([header] + rows).filter { $0 != "" }.joined(separator: "\n"), "wine.csv")
    let trained = try train(data)
    #expect(trained.exitCode == 0)
    let line = try #require(found(trained))
    #expect(line.hasPrefix("label: \(name) (") && line.hasSuffix(" 3 classes: 1, 2, 3"))
    #expect(try tested("accuracy", trained) > 0.9)
  }

  @Test(arguments: [
    (";", ",", "wine.csv"), ("\t", ".", "wine.tsv"), ("\t", ".", "wine.txt"),
    ("|", ".", "wine.csv"),
    (" ", ".", "wine.dat"), (",", ".", "wine.csv.gz"),
  ])
  func rowsWrittenInAnyWayGiveTheSameRun(separator: String, decimal: String, name: String) throws {
    let lines = { (separator: String, decimal: String) in
      ([["class", "Alcohol", "Proline"]] + Self.wines).map {
        $0.map { $0.replacing(".", with: decimal) }.joined(separator: separator) + "\n"
      }.joined()
    }
    let plain = try write(lines(",", "."), "plain.csv")
    let expected = try train(plain)
    let mark = decimal == "," ? "\u{FEFF}" : ""
    var other = try write(mark + lines(separator, decimal), name.replacing(".gz", with: ""))
    if name.hasSuffix(".gz") {
      try gzip([other])
      other += ".gz"
    }
    let trained = try train(other)
    #expect(trained.exitCode == 0, "\(trained.errors)")
    for name in ["loss", "accuracy"] {
      #expect(try tested(name, trained) == tested(name, expected))
    }
    let shown = try Command.maru("data show --json", [other]).object()
    #expect(shown["separator"] as? String == separator)
  }

  @Test func asGivenSeparatorAndDecimalCount() throws {
    let data = try write(
      "a;b;label\n" + (0..<20).map { "1,\($0);\($0);\($0 % 2)\n" }.joined(), "x.csv")
    let asked = try Command.maru("data show --json --separator ; --decimal ,", [data]).object()
    #expect(asked["rows"] as? Int == 20 && asked["separator"] as? String == ";")
    expectFailure(
      try Command.maru("train --separator | --dataset", [data]), 65,
      "\(data): expected two columns or more, found one; --separator tells what stands between "
        + "fields")
  }

  @Test func whatIsAskedForIsNotDoubted() throws {
    let rows = (0..<60).map { "\($0 * 7 % 11).5,\($0 % 17).25,\($0 * 5 % 19).75\n" }
    let data = try write("X1,Y1,Y2\n" + rows.joined(), "energy.csv")
    let guessed = try Command.maru("data show --json", [data]).object()
    #expect((guessed["warnings"] as? [String])?.count == 1)
    let asked = try Command.maru("data show --json --label Y2", [data]).object()
    #expect(asked["warnings"] as? [String] == [])
  }

  // MARK: Numbers to predict

  @Test func pricesAreNumbersToPredict() throws {
    let noise = Self.noise(400)
    let rows = (0..<200).map { row -> String in
      let (rooms, rate) = (noise[row] * 6 + 3, noise[200 + row] * 20)
      return "\(rooms),\(rate),\(((rooms * 6 - rate / 2) * 10).rounded() / 10)"
    }
    let data = try write("rm,lstat,medv\n" + rows.joined(separator: "\n"), "prices.csv")
    let trained = try train(data)
    #expect(trained.exitCode == 0)
    #expect(found(trained)?.contains("'medv'") == true)
    #expect(found(trained)?.contains(", regression (numbers; --task), from ") == true)
    #expect(!trained.output.contains("accuracy") && trained.output.contains("test rmse: "))
    #expect(try tested("r2", trained) > 0.9)
  }

  @Test func columnsOfAnySizeAreLearnedFrom() throws {
    let noise = Self.noise(600)
    let rows = (0..<200).map { row -> String in
      let (area, year) = (500 + 1500 * noise[row], 1940 + Int(70 * noise[200 + row]))
      let price = 150_000 + 200 * area + 9e4 * noise[400 + row]
      return "\(price),\(area),\(year),\(2020 - year),\(area > 1250 ? "dear" : "cheap")"
    }
    let data = try write("price,sqft,year,age,label\n" + rows.joined(separator: "\n"), "prices.csv")
    let trained = try train(data)
    #expect(trained.exitCode == 0)
    #expect(
      trained.errorLines.contains("scaled: numbers to mean 0 and deviation 1 (--scale)"))
    #expect(try tested("accuracy", trained) > 0.9)
    // The scale is the model's: rows without labels go the same way.
    let copy = try write(
      "price,sqft,year,age\n" + rows.joined(separator: "\n").replacing(/,(dear|cheap)/, with: ""),
      "copy.csv")
    let right = try zip(predictions(copy), rows).count { $1.hasSuffix($0[1]) }
    #expect(right > 180)
    let raw = try train(data, "--scale none --epochs 1")
    #expect(
      raw.errorLines.contains { $0.hasPrefix("warning: ") && $0.hasSuffix("--scale standard") })
  }

  // MARK: Arrays

  /// Samples of 8×8 pixels whose bright row is the class.
  private func archive(_ labels: [Float], labelSizes: [Int], scale: Float = 1) throws -> String {
    let count = 60
    let noise = Self.noise(count * 64)
    let samples = (0..<count * 64).map { index -> Float in
      (Float(noise[index]) * 60 + (index / 8 % 8 == index / 64 % 3 ? 190 : 0)).rounded() * scale
    }
    return try folder.write(
      NumPyFile.archive(
        of: [
          ("X", Tensor(samples, shape: [count, 8, 8])),
          ("y", Tensor(labels, shape: Shape(labelSizes))),
        ], for: "a.npz"), to: "a.npz")
  }

  @Test(arguments: ["numbers", "rows of one", "from 1"])
  func arraysOfEachFormAreTaken(form: String) throws {
    let classes = (0..<60).map { $0 % 3 }
    let data =
      switch form {
      case "rows of one":
        try archive(classes.flatMap { k in (0..<3).map { $0 == k ? 1 : 0 } }, labelSizes: [60, 3])
      case "from 1": try archive(classes.map { Float($0 + 1) }, labelSizes: [60])
      default: try archive(classes.map { Float($0) }, labelSizes: [60])
      }
    let result = try train(data, "--layers flatten,16:relu --optimizer adam")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(try tested("accuracy", result) > 0.9)
    // Numbers of pixels are taken as the bytes would be.
    #expect(result.errors.contains("are pixels, 0 to 255, and become 0 to 1"))
    let first = try #require(result.errorLines.first { $0.hasPrefix("Epoch 1/") })
    #expect(try figure("loss", of: first) < 3)
    #expect(result.errors.contains("counted from 1") == (form == "from 1"), "\(result.errors)")
  }

  // MARK: Two files

  private static func animals(_ count: Int, seed: UInt32) -> [[String]] {
    let noise = noise(count * 3, seed: seed)
    return (0..<count).map { row in
      let kind = row % 3
      return (0..<3).map { "\(noise[row * 3 + $0] + ($0 == kind ? 2 : 0))" } + [
        ["cat", "dog", "eel"][kind]
      ]
    }
  }

  private func write(_ rows: [[String]], _ order: [Int], _ name: String) throws -> String {
    let names = [["f1", "f2", "f3", "label"]] + rows
    return try write(
      names.map { row in order.map { row[$0] }.joined(separator: ",") + "\n" }.joined(), name)
  }

  @Test func anotherFileIsScoredWholeAndByName() throws {
    let data = try write(Self.animals(150, seed: 3), [0, 1, 2, 3], "train.csv")
    let rows = Self.animals(50, seed: 4)
    let test = try write(rows, [0, 1, 2, 3], "test.csv")
    let trained = try train(data, "--test \(test)")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    #expect(
      trained.errorLines.contains("split: all 150 rows to train on, tested with \(test)"))
    let scored = try Command.maru("evaluate", [folder["run"], "--dataset", test])
    #expect(scored.outputLines.first?.hasSuffix(" over 50 test samples") == true)
    #expect(try figure("accuracy", of: scored.outputLines.first) > 0.9)
    let reordered = try write(rows, [2, 0, 3, 1], "reordered.csv")
    let again = try Command.maru("evaluate", [folder["run"], "--dataset", reordered])
    #expect(again.outputLines.first == scored.outputLines.first)
    #expect(try predictions(test) == predictions(reordered))
    #expect(try predictions(test) == predictions(write(rows, [0, 1, 2], "unlabelled.csv")))
    // A class that is missing leaves the others their numbers; one row is enough.
    let two = try write(rows.filter { $0[3] != "dog" }, [0, 1, 2, 3], "two.csv")
    let without = try Command.maru("evaluate --json", [folder["run"], "--dataset", two]).object()
    #expect(try #require(without["accuracy"] as? Double) > 0.9)
    let one = try write([rows[1]], [0, 1, 2, 3], "one.csv")
    #expect(
      try Command.maru("evaluate --json", [folder["run"], "--dataset", one]).object()["samples"]
        as? Int == 1)
    #expect(try predictions(one)[0][1] == "dog")
  }

  @Test func columnsTooManyOrTooFewAreNamed() throws {
    let data = try write(Self.animals(60, seed: 3), [0, 1, 2, 3], "train.csv")
    #expect(try train(data, "--epochs 1").exitCode == 0)
    let lacking = try write("f1,f3,label\n1,2,cat\n", "lacking.csv")
    expectFailure(
      try Command.maru("evaluate", [folder["run"], "--dataset", lacking]), 65,
      "\(lacking): expected the columns that the model learned from, found none named 'f2' among f1, f3, "
        + "label")
    let more = try write("f1,f2,f3,f4,label\n1,2,3,4,cat\n", "more.csv")
    let result = try Command.maru("evaluate", [folder["run"], "--dataset", more])
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("the model does not know 'f4': left out"), "\(result.errors)")
    let other = try write("f1,f2,f3,label\n1,2,3,bat\n", "other.csv")
    expectFailure(
      try Command.maru("evaluate", [folder["run"], "--dataset", other]), 65,
      "\(other): line 2: the model tells cat, dog, eel apart, column 'label' also has bat")
  }

  // MARK: Blanks, repeated names, order

  @Test func blankLinesAreNoRowsAndDoubtfulNamesAreSaid() throws {
    let rows = (0..<40).map {
      "\(Double($0 % 2) + 0.5),\($0 * 7 % 11).25,\($0 % 2 == 0 ? "x" : "ünï")  "
    }
    let text =
      "a,b,label\n" + rows[..<20].joined(separator: "\n") + "\n\n   \n"
      + rows[20...].joined(separator: "\n") + "\n\n\n"
    let trained = try train(write(text, "blank.csv"))
    #expect(trained.exitCode == 0)
    #expect(trained.errorLines.first == "40 rows of 3 columns, commas between, a header")
    #expect(found(trained)?.hasSuffix("2 classes: x, ünï") == true)
    let twice = try write(
      "label,a,label\n" + (0..<30).map { "\($0 % 2),\(Double($0) * 1.5),\($0 % 2)\n" }.joined(),
      "two.csv")
    let labels = try train(twice, "--epochs 1")
    #expect(
      labels.errorLines.contains(
        "warning: 2 columns are named 'label': 1, 3; choose by number: --label N, --ignore N"))
    #expect(labels.errorLines.contains("left out: 'label.1', named like the label"))
    let cases = try write(
      "a,b,label\n"
        + (0..<32).map { "\($0),\(Double($0 * 3 % 7)),\(["Yes", "yes", "no"][$0 % 3])\n" }.joined(),
      "cases.csv")
    #expect(
      try train(cases, "--epochs 1").errorLines.contains(
        "warning: the classes 'Yes', 'yes' of column 'label' differ in the case of their letters alone"
      ))
  }

  /// Sorted by class, the rows are trained on, validated and fitted as shuffled ones.
  @Test func rowsSortedByClassTrainAsOthers() throws {
    let rows = Self.animals(150, seed: 9)
    let sorted = try write(rows.sorted { $0[3] < $1[3] }, [0, 1, 2, 3], "sorted.csv")
    let trained = try train(sorted, "--validation-split 0.2 --early-stopping 5")
    #expect(trained.exitCode == 0)
    #expect(try tested("accuracy", trained) > 0.9)
    let validations = try trained.errorLines.filter { $0.hasPrefix("Epoch ") }.map {
      try figure("val_accuracy", of: $0)
    }
    #expect(validations.count > 5 && validations.last ?? 0 > 0.8)
    let linear = try Command.maru("fit-linear --dataset", [sorted])
    #expect(linear.exitCode == 0 && linear.output.contains("accuracy"))
    #expect(
      try figure("test accuracy", of: linear.outputLines.first { $0.contains("accuracy") }) > 0.8)
  }

  /// A counter is left out, a header of numbers is none of the rows, and 1.0 is the class 1.
  @Test func countersHeadersAndWholeNumbersAreWhatTheyAre() throws {
    let rows = (0..<60).map { row in
      "\(row + 1),\(Double(row % 2) * 2 + 0.25),\(row * 7 % 11).5,\(row % 2 == 0 ? "1" : row % 4 == 1 ? "0" : "0.0")"
    }
    let shown = try Command.maru(
      "data show --json", [write("Id,1,2,label\n" + rows.joined(separator: "\n"), "id.csv")]
    ).object()
    #expect(shown["rows"] as? Int == 60 && shown["ignored"] as? [String] == ["Id"])
    #expect((shown["label"] as? [String: Any])?["classes"] as? [String] == ["0", "1"])
    let numbered = try Command.maru(
      "data show --json", [write("0,1,2,3\n" + rows.joined(separator: "\n"), "n.csv")]
    ).object()
    #expect(numbered["rows"] as? Int == 60 && numbered["ignored"] as? [String] == ["0"])
  }

  @Test func aNullByteIsNoEndOfANumber() throws {
    let data = try write(
      "a,label\n" + (0..<20).map { "\($0).5,\($0 % 2)\n" }.joined() + "12\0345.5,1\n", "n.csv")
    expectFailure(
      try Command.maru("train --dataset", [data]), 65,
      "\(data): line 22: expected text, found a null byte")
  }
}
