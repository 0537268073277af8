import FileTestSupport
import Foundation
import Maru
import Testing

/// Numbers are predicted, from the file to the report, one target or several.
struct RegressionCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func train(_ data: String, _ options: String = "") throws -> ProcessResult {
    try Command.maru(
      "train --epochs 40 --learning-rate 0.01 --progress none --force \(options) --dataset",
      [data, "--output", folder["run"]])
  }

  private func rows(of name: String) throws -> [[String]] {
    try folder.text(of: name).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Flats whose price and rent follow from size and age, in units far apart.
  private static let flats: [(size: Double, age: Double, price: Double, rent: Double)] = {
    var state: UInt32 = 5
    func random() -> Double {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Double(state >> 16) / 65_536
    }
    return (0..<150).map { _ in
      let (size, age) = (20 + 100 * random(), 80 * random())
      return (
        size, age, 100_000 + 3000 * size - 500 * age + 2000 * random(),
        4 + 0.1 * size - 0.02 * age + 0.1 * random()
      )
    }
  }()

  private func write(
    _ name: String, names: String = "size,age,price,rent", changing row: (Int, String)? = nil
  ) throws -> String {
    var lines = Self.flats.map { "\($0.size),\($0.age),\($0.price),\($0.rent)" }
    if let row { lines[row.0] = row.1 }
    // A copy has another checksum, so that all of its rows are taken.
    let end = name == "copy.csv" ? "\n\n" : ""
    return try folder.write(
      Array((([names] + lines).joined(separator: "\n") + end).utf8), to: name)
  }

  // MARK: Losses

  @Test(arguments: ["squared", "absolute", "huber", "huber:0.5"])
  func lossIsChosen(name: String) throws {
    let data = try write("flats.csv")
    let options = "--label price --ignore rent --seed 2"
    let trained = try train(data, "\(options) --epochs 1 --loss \(name)")
    expectSuccess(trained)
    let evaluated = try Command.maru("evaluate --json", [folder["run"], "--dataset", data])
    let figures = try evaluated.object()
    let loss = try #require(figures["loss"] as? Double)
    // Training and evaluation tell the same loss: that of the held-out rows in standard deviations.
    let told = try #require(trained.output.firstMatch(of: /test loss: (\d\.\d+)/)).1
    #expect(abs(try #require(Double(told)) - loss) < 1e-4)
    let model = try ModelFile(contentsOf: folder["run/model.safetensors"])
    let preparation = try JSONDecoder().decode(
      Preparation.self, from: Data(try #require(model.attachments["preparation"]).utf8))
    let deviation = Double(preparation.label.targets[0].deviation)
    let copy = try write("copy.csv")
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["run"], "--dataset", copy]))
    let errors = try zip(rows(of: "p.csv").dropFirst(), Self.flats).map {
      abs(try #require(Double($0[1])) - $1.price) / deviation
    }
    let delta = name == "huber:0.5" ? 0.5 : 1
    let expected = errors.reduce(0) { sum, error in
      sum
        + (name == "squared"
          ? error * error
          : name == "absolute"
            ? error : error <= delta ? error * error / 2 : delta * (error - delta / 2))
    }
    let all = try Command.maru("evaluate --json", [folder["run"], "--dataset", copy]).object()
    #expect(abs(try #require(all["loss"] as? Double) / (expected / 150) - 1) < 1e-4)
    let history = try folder.text(of: "run/history.json")
    #expect(history.contains(#""loss" : "\#(name)""#))
  }

  @Test func lossThatDoesNotFitIsRefused() throws {
    let data = try write("flats.csv")
    expectFailure(
      try train(data, "--label price --loss crossentropy"), 64,
      "--loss crossentropy: expected squared, absolute or huber, since \(data) has numbers to predict"
    )
    #expect(!folder.contents.contains("run"))
    let (stripes, images) = try Stripes.inNewFolder()
    _ = stripes
    expectFailure(
      try Command.maru("train --loss huber --progress none --dataset", [images]), 64,
      "--loss huber: expected crossentropy, since \(images) has classes (--task regression takes their "
        + "column for numbers)")
    for wrong in ["hinge", "huber:0", "huber:x", "squared:1"] {
      let result = try Command.maru("train --dataset digits --loss \(wrong)")
      #expect(result.exitCode == 64 && result.errors.contains("--loss"), "\(wrong)")
    }
    expectSuccess(
      try Command.maru(
        "train --loss crossentropy --layers 4:softmax --epochs 1 --progress none --dataset",
        [images]))
  }

  // MARK: Several targets

  @Test func severalTargetsArePredictedInTheirUnits() throws {
    let data = try write("flats.csv")
    expectSuccess(try train(data, "--label price,rent"))
    let copy = try write("copy.csv")
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["run"], "--dataset", copy]))
    let predicted = try rows(of: "p.csv")
    #expect(predicted[0] == ["row", "price", "rent"] && predicted.count == 151)
    let figures = try Command.maru("evaluate --json", [folder["run"], "--dataset", copy]).object()
    #expect(Set(figures.keys) == ["loss", "mae", "rmse", "r2", "samples", "targets"])
    let targets = try #require(figures["targets"] as? [String: [String: Double]])
    var sums = ["mae": 0.0, "rmse": 0.0, "r2": 0.0]
    for (column, name, truth) in [
      (1, "price", Self.flats.map(\.price)), (2, "rent", Self.flats.map(\.rent)),
    ] {
      let values = try predicted.dropFirst().map { try #require(Double($0[column])) }
      let errors = zip(values, truth).map { $0 - $1 }
      let mean = truth.reduce(0, +) / 150
      let squares = errors.reduce(0) { $0 + $1 * $1 }
      let variation = truth.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let expected = [
        "mae": errors.reduce(0) { $0 + abs($1) } / 150, "rmse": (squares / 150).squareRoot(),
        "r2": 1 - squares / variation,
      ]
      for (figure, value) in expected {
        #expect(abs(try #require(targets[name]?[figure]) / value - 1) < 1e-4, "\(name) \(figure)")
        sums[figure, default: 0] += value / 2
      }
      #expect(try #require(targets[name]?["r2"]) > 0.95)
    }
    for (figure, value) in sums {
      #expect(abs(try #require(figures[figure] as? Double) / value - 1) < 1e-4, "\(figure)")
    }
    let lines = try Command.maru("evaluate", [folder["run"], "--dataset", data])
    expectSuccess(lines)
    #expect(lines.outputLines[0].hasSuffix(" over 30 held-out rows"))
    #expect(lines.output.contains("price") && lines.output.contains("target"))
    // The same of a stream, and as an array.
    let streamed = try Command.shell(
      "\"$0\" predict \"$1\" --dataset - < \"$2\"", [folder["run"], copy])
    expectSuccess(streamed)
    #expect(streamed.outputLines[0] == "row,price,rent" && streamed.outputLines.count == 151)
    expectSuccess(
      try Command.maru("predict --output", [folder["p.npy"], folder["run"], "--dataset", copy]))
    let array = try NumPyArray(contentsOf: folder["p.npy"]).tensor
    #expect(array.shape == [150, 2] && "\(array[7, 1])" == predicted[8][2])
  }

  @Test func namesMayHaveCommas() throws {
    let data = try write("commas.csv", names: #"size,age,"price, net",rent"#)
    let shown = { (options: [String]) in
      let result = try Command.maru(["data", "show", data, "--json"] + options)
      return try #require(try result.object()["label"] as? [String: Any], "\(result)")
    }
    let one = try shown(["--label", "price, net"])
    #expect(one["column"] as? String == "price, net" && one["columns"] == nil)
    let both = [["--label", "price, net", "--label", "rent"], ["--label", "3,4"]]
    for options in both {
      let label = try shown(options)
      #expect(label["columns"] as? [String] == ["price, net", "rent"] && label["column"] == nil)
      #expect(label["task"] as? String == "regression")
    }
    let ignored = try Command.maru([
      "data", "show", data, "--json", "--label", "rent", "--ignore", "price, net",
    ]).object()
    #expect(ignored["ignored"] as? [String] == ["price, net"])
  }

  @Test func whatIsNoNumberIsRefusedByName() throws {
    let data = try write("flats.csv", changing: (4, "1,2,3,"))
    expectFailure(
      try train(data, "--label price,rent --missing refuse"), 65,
      "\(data): line 6: expected a label in column 'rent', found none; remove the rows without one")
    let words = try write("words.csv", changing: (4, "1,2,3,cheap"))
    expectFailure(
      try train(words, "--label price,rent"), 65,
      "\(words): line 6: expected a number in column 'rent', found 'cheap'; --task classification")
    let sound = try write("sound.csv")
    expectFailure(
      try train(sound, "--label price,rent --task classification"), 65,
      "\(sound): expected one column of classes for --label, found 'price', 'rent'")
    expectFailure(
      try train(sound, "--label rent,rent"), 65,
      "\(sound): expected different columns for --label, found 'rent', 'rent'")
    expectFailure(
      try train(sound, "--label price,rend"), 65,
      "\(sound): expected a column 'rend' for --label, found the columns size, age, price, rent")
    expectSuccess(try train(sound, "--label price,rent --epochs 1"))
    let narrow = try folder.write(Array("size,age,rent\n1,2,3\n".utf8), to: "narrow.csv")
    expectFailure(
      try Command.maru("evaluate", [folder["run"], "--dataset", narrow]), 65,
      "\(narrow): expected a column 'price' with labels, found none among size, age, rent")
    expectFailure(
      try train(sound, "--label price,rent --layers 8:relu,3"), 64,
      "--layers: expected to end in 2, an output for each of the numbers to predict, got '8:relu,3'"
    )
  }

  // MARK: Linear functions

  /// As scikit-learn's `Ridge(alpha=λ)` behind a `StandardScaler`: here by least squares over the rows and
  /// √λ times the weights, in double precision.
  @Test(arguments: [("price", ["price"]), ("price,rent", ["price", "rent"])])
  func linearFitIsRidgeRegression(label: String, names: [String]) throws {
    let (data, copy) = (try write("flats.csv"), try write("copy.csv"))
    let ignored = names.count == 1 ? " --ignore rent" : ""
    let result = try Command.maru(
      "fit-linear --ridge 7.5 --label \(label)\(ignored) --output",
      [folder["linear"], "--dataset", data, "--test", copy])
    #expect(result.exitCode == 0)
    let columns = [Self.flats.map(\.size), Self.flats.map(\.age)].map { values -> [Double] in
      let mean = values.reduce(0, +) / 150
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 150).squareRoot()
      return values.map { ($0 - mean) / deviation }
    }
    let penalty = 7.5.squareRoot()
    let inputs = Matrix(
      (0..<150).map { row in [columns[0][row], columns[1][row]] } + [[penalty, 0], [0, penalty]])
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["linear"], "--dataset", copy]))
    let predicted = try rows(of: "p.csv").dropFirst()
    for (target, name) in names.enumerated() {
      let truth = name == "price" ? Self.flats.map(\.price) : Self.flats.map(\.rent)
      let mean = truth.reduce(0, +) / 150
      let weights = try leastSquares(
        inputs, Matrix((truth.map { $0 - mean } + [0, 0]).map { [$0] })
      ).x.elements
      var (absolute, squared) = (0.0, 0.0)
      for (row, fields) in predicted.enumerated() {
        let value = mean + weights[0] * columns[0][row] + weights[1] * columns[1][row]
        #expect(abs(try #require(Double(fields[target + 1])) / value - 1) < 1e-5)
        absolute += abs(value - truth[row]) / 150
        squared += (value - truth[row]) * (value - truth[row]) / 150
      }
      if names.count > 1 { continue }
      let line = try #require(
        result.output.firstMatch(of: /test mae: ([\d.]+) - test rmse: ([\d.]+) - test r2: ([\d.]+)/)
      )
      #expect(abs(try #require(Double(line.1)) / absolute - 1) < 1e-5)
      #expect(abs(try #require(Double(line.2)) / squared.squareRoot() - 1) < 1e-5)
    }
    let evaluated = try Command.maru("evaluate --json", [folder["linear"], "--dataset", copy])
      .object()
    #expect(try #require(evaluated["r2"] as? Double) > 0.9)
    #expect((evaluated["targets"] != nil) == (names.count > 1))
    expectSuccess(try Command.maru("evaluate", [folder["linear"], "--dataset", copy]))
  }

  // MARK: Arrays

  private func archive(_ name: String, targets: Int, by change: Double = 1) throws -> String {
    let x = Self.flats.flatMap { [$0.size / 50 - 1, $0.age / 40 - 1] }
    let y = Self.flats.flatMap { targets == 1 ? [$0.price + 0.5] : [$0.price + 0.5, $0.rent] }
    let shape: Shape = targets == 1 ? [150] : [150, 2]
    let arrays = [
      ("X", Tensor(x.map { Float($0) }, shape: [150, 2])),
      ("y", Tensor(y.map { Float($0 * change) }, shape: shape)),
    ]
    return try folder.write(
      Array(NumPyFile.archive(of: arrays, for: folder[name])), to: name)
  }

  @Test(arguments: [1, 2]) func numbersOfArraysArePredicted(targets: Int) throws {
    let data = try archive("flats.npz", targets: targets)
    let trained = try train(data, "--layers 16:relu --optimizer adam --seed 3")
    #expect(trained.exitCode == 0 && trained.output.contains("test r2: 0.9"), "\(trained)")
    let same = try Command.maru("evaluate --json", [folder["run"], "--dataset", data]).object()
    #expect(same["samples"] as? Int == 30)
    #expect((same["targets"] != nil) == (targets == 2))
    // What was held out then, whatever the seed.
    let told = try #require(trained.output.firstMatch(of: /test loss: (\d\.\d+)/)).1
    #expect(abs(try #require(Double(told)) - (same["loss"] as? Double ?? 9)) < 1e-4)
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["run"], "--dataset", data]))
    let predicted = try rows(of: "p.csv")
    #expect(predicted[0] == ["row"] + (targets == 1 ? ["value"] : ["y1", "y2"]))
    #expect(predicted.count == 31 && (Double(predicted[1][1]) ?? 0) > 50_000)
    // Another file goes in by the scale that was learned.
    let other = try archive("other.npz", targets: targets, by: 2)
    let scored = try Command.maru("evaluate --json", [folder["run"], "--dataset", other]).object()
    #expect(scored["samples"] as? Int == 150 && (scored["mae"] as? Double ?? 0) > 50_000)
  }

  // MARK: Two classes

  @Test func areaUnderTheCurveIsToldOfTwoClasses() throws {
    let lines = Self.flats.enumerated().map { row, flat in
      "\(flat.size),\(flat.age),\(flat.price + Double(row % 7 * 20_000) > 300_000 ? "dear" : "cheap")"
    }
    let text = (["size,age,class"] + lines).joined(separator: "\n")
    let data = try folder.write(Array(text.utf8), to: "classes.csv")
    expectSuccess(try train(data, "--epochs 3"))
    let copy = try folder.write(Array((text + "\n\n").utf8), to: "copy.csv")
    let figures = try Command.maru("evaluate --json", [folder["run"], "--dataset", copy]).object()
    #expect(Set(figures.keys) == ["loss", "accuracy", "roc_auc", "samples", "classes"])
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["run"], "--dataset", copy]))
    // The definition: pairs of one sample of each class, of which a tie counts half.
    let scores = try rows(of: "p.csv").dropFirst().map { try #require(Double($0[3])) }
    let isDear = lines.map { $0.hasSuffix("dear") }
    var (pairs, right) = (0.0, 0.0)
    for (a, dear) in zip(scores, isDear) where dear {
      for (b, cheap) in zip(scores, isDear) where !cheap {
        pairs += 1
        right += a > b ? 1 : a == b ? 0.5 : 0
      }
    }
    let area = try #require(figures["roc_auc"] as? Double)
    #expect(abs(area - right / pairs) < 1e-4 && area > 0.5 && area < 1)
    let line = try Command.maru("evaluate", [folder["run"], "--dataset", copy])
    #expect(line.outputLines[0].contains(" - roc_auc: 0."))
    // Of one class alone there is none.
    let one = try folder.write(
      Array(
        (["size,age,class"] + lines.filter { $0.hasSuffix("dear") }).joined(separator: "\n").utf8),
      to: "one.csv")
    let single = try Command.maru("evaluate --json", [folder["run"], "--dataset", one]).object()
    #expect(single["roc_auc"] is NSNull)
    #expect(
      !(try Command.maru("evaluate", [folder["run"], "--dataset", one])).output.contains("roc_auc"))
  }

  // MARK: Pictures

  @Test func reportShowsPredictionsAndResiduals() throws {
    let data = try write("flats.csv")
    expectSuccess(try train(data, "--label price,rent --epochs 2"))
    let page = try folder.text(of: "run/report.html")
    for text in [
      "price: Predicted against true", "rent: Residuals", "mean absolute error", "R²",
      "price: predicted minus true, against predicted",
    ] { #expect(page.contains(text), "\(text)") }
    #expect(
      folder.contents.filter { $0.hasPrefix("run/") && $0.hasSuffix(".svg") }
        == ["run/loss.svg", "run/predictions.svg"])
    let copy = try write("copy.csv")
    let drawn = try Command.maru(
      "predict --chart", [folder["p.svg"], folder["run"], "--dataset", copy])
    expectSuccess(drawn)
    #expect(try folder.text(of: "p.svg").contains("rent: Residuals"))
    expectFailure(
      try Command.maru("predict --confusion", [folder["c.svg"], folder["run"], "--dataset", copy]),
      64,
      "--confusion: expected classes, but the model predicts numbers")
    expectFailure(
      try Command.maru(
        "predict --logits --output", [folder["l.npy"], folder["run"], "--dataset", copy]), 64,
      "--logits: expected with classes, but \(copy) has numbers")
  }
}
