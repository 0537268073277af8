import FileTestSupport
import Foundation
import Maru
import Testing

/// Tables as people have them, from the file to predictions by the command.
struct TableCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ name: String) throws -> String {
    try folder.write(Array(text.utf8), to: name)
  }

  private func train(_ data: String, _ options: String = "") throws -> ProcessResult {
    try Command.maru(
      "train --epochs 60 --progress none --force \(options) --dataset",
      [data, "--output", folder["run"]])
  }

  /// Three classes that two of the numbers tell apart, with a category, a missing value, and a column
  /// that counts.
  private static func rows(_ count: Int, from first: Int = 0) -> [[String]] {
    var state: UInt32 = 9
    func noise() -> Double {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Double(state >> 16) / 65_536 - 0.5
    }
    return (first..<first + count).map { row in
      let kind = row * 7 % 3
      return [
        "\(row + 1)", "\((noise() + Double(kind) * 3) * 1000)",
        row % 11 == 0 ? "" : "\(noise() - Double(kind % 2) * 3)",
        ["north", "south"][row % 2], ["ant", "bee", "cat"][kind],
      ]
    }
  }

  private static let names = ["Id", "weight", "size", "side", "species"]

  private static func text(
    _ rows: [[String]], _ order: [Int] = [0, 1, 2, 3, 4], separator: String = ","
  ) -> String {
    ([names] + rows).map { row in order.map { row[$0] }.joined(separator: separator) + "\n" }
      .joined()
  }

  private func accuracy(_ result: ProcessResult) throws -> Double {
    let text = try #require(
      (result.output + result.errors).firstMatch(of: /accuracy(?: score)?: (\d\.\d+)/), "\(result)"
    ).1
    return try #require(Double(text))
  }

  // MARK: From the file to predictions

  @Test func tableTrainsAndPredicts() throws {
    let data = try write(Self.text(Self.rows(150)), "bugs.csv")
    let trained = try train(data)
    expectSuccess(trained)
    #expect(try accuracy(trained) > 0.9)
    // What was held out, and nothing else of the file.
    let evaluated = try Command.maru("evaluate", [folder["run"], "--dataset", data])
    expectSuccess(evaluated)
    let line = try #require(evaluated.outputLines.first)
    #expect(line.hasSuffix(" over 30 held-out rows"))
    #expect(
      trained.outputLines[0].replacing("test ", with: "") + " over 30 held-out rows" == line)
    // Another file: all rows, in another order of columns and written in another way.
    let other = try write(
      Self.text(Self.rows(50, from: 150), [4, 2, 3, 1], separator: ";"), "other.tsv")
    let all = try Command.maru("evaluate", [folder["run"], "--dataset", other])
    expectSuccess(all)
    #expect(try accuracy(all) > 0.9)
    #expect(all.outputLines.first?.hasSuffix(" over 50 test samples") == true)
  }

  @Test func rowsWithoutLabelsArePredicted() throws {
    expectSuccess(try train(write(Self.text(Self.rows(150)), "bugs.csv")))
    let rows = Self.rows(40, from: 150)
    let data = try write(Self.text(rows, [1, 2, 3, 0]), "rows.csv")
    let result = try Command.maru(
      "predict --output", [folder["p.csv"], folder["run"], "--dataset", data])
    expectSuccess(result)
    #expect(result.outputLines.last == "saved: \(folder["p.csv"])")
    let lines = try folder.text(of: "p.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(lines[0] == ["row", "class", "ant", "bee", "cat"] && lines.count == 41)
    let right = zip(lines.dropFirst(), rows).count { String($0[1]) == $1[4] }
    #expect(right >= 36)
    for (row, line) in lines.dropFirst().enumerated() {
      let probabilities = line[2...].compactMap { Double($0) }
      #expect(line[0] == "\(row + 1)" && abs(probabilities.reduce(0, +) - 1) < 1e-5)
      let best = ["ant", "bee", "cat"][
        probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0]
      #expect(line[1] == best)
    }
    // By a column of its own, and the most probable alone.
    expectSuccess(
      try Command.maru(
        "predict --id Id --top 2 --output",
        [folder["top.csv"], folder["run"], "--dataset", data]))
    let top = try folder.text(of: "top.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(top[0] == ["Id", "class", "probability", "class2", "probability2"])
    #expect(top[1][0] == "151" && top[1][1] == lines[1][1])
    // The same from a stream, which may come in pieces.
    let streamed = try Command.shell(
      "(head -c 700 \"$2\"; sleep 0.2; tail -c +701 \"$2\") | \"$0\" predict \"$1\" --dataset -",
      [folder["run"], data])
    expectSuccess(streamed)
    let same = streamed.output.split(separator: "\n").map { $0.split(separator: ",") }
    #expect(same.count == 41 && same[0] == lines[0])
    for (a, b) in zip(same, lines).dropFirst() {
      // Blocks of other sizes may be rounded otherwise.
      #expect(a[..<2] == b[..<2])
      #expect(
        zip(a[2...], b[2...]).allSatisfy { abs((Double($0) ?? 2) - (Double($1) ?? 0)) < 1e-5 })
    }
  }

  @Test func numbersArePredictedInTheirUnits() throws {
    let rows = Self.rows(200).map { row in
      let size = (Double(row[2]) ?? 0) * 50_000 + 300_000
      return "\(row[2]),\(row[3]),\(size + (row[3] == "north" ? 20_000 : 0))"
    }
    let data = try write("size,side,price\n" + rows.joined(separator: "\n"), "prices.csv")
    let trained = try train(data, "--epochs 150")
    expectSuccess(trained)
    let evaluated = try Command.maru("evaluate --json", [folder["run"], "--dataset", data])
    expectSuccess(evaluated)
    let figures = try evaluated.object()
    #expect(Set(figures.keys) == ["loss", "mae", "rmse", "r2", "samples"])
    #expect(figures["samples"] as? Int == 40)
    // The held-out rows, scored by hand from what predict writes of all rows of a copy.
    let all = try write("size,side,price\n" + rows.joined(separator: "\n") + "\n\n", "copy.csv")
    expectSuccess(
      try Command.maru("predict --output", [folder["p.csv"], folder["run"], "--dataset", all]))
    let predicted = try folder.text(of: "p.csv").split(separator: "\n").dropFirst().map {
      try #require(Double($0.split(separator: ",")[1]))
    }
    let scored = try Command.maru("evaluate --json", [folder["run"], "--dataset", all])
    let truth = rows.compactMap {
      Double($0.split(separator: ",", omittingEmptySubsequences: false)[2])
    }
    let errors = zip(predicted, truth).map { $0 - $1 }
    let mean = truth.reduce(0, +) / 200
    let squares = errors.reduce(0) { $0 + $1 * $1 }
    let expected = try scored.object()
    let mae = errors.reduce(0) { $0 + abs($1) } / 200
    #expect(abs(try #require(expected["mae"] as? Double) / mae - 1) < 1e-4)
    #expect(
      abs(try #require(expected["rmse"] as? Double) / (squares / 200).squareRoot() - 1) < 1e-4)
    let variation = truth.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    #expect(abs(try #require(expected["r2"] as? Double) - (1 - squares / variation)) < 1e-5)
    #expect(try #require(expected["r2"] as? Double) > 0.5)
    #expect(trained.outputLines[0].contains(" - test mae: "))
    #expect(folder.contents.contains("run/report.html"))
  }

  @Test func evaluationIsOneObject() throws {
    let data = try write(Self.text(Self.rows(150)), "bugs.csv")
    expectSuccess(try train(data, "--test-split 0.4"))
    let object = try Command.maru("evaluate --json", [folder["run"], "--dataset", data]).object()
    #expect(
      object["samples"] as? Int == 60 && object["loss"] is Double && object["accuracy"] is Double)
    let classes = try #require(object["classes"] as? [String: [String: Any]])
    #expect(Set(classes.keys) == ["ant", "bee", "cat"])
    #expect(Set(classes["ant"]?.keys ?? [:].keys) == ["precision", "recall", "f1", "support"])
    #expect(classes.values.reduce(0) { $0 + ($1["support"] as? Int ?? 0) } == 60)
  }

  // MARK: What was found

  @Test func dataShowTellsWhatWasFound() throws {
    let data = try write(Self.text(Self.rows(44), separator: ";"), "bugs.csv")
    let shown = try Command.maru("data show --json", [data]).object()
    #expect(shown["rows"] as? Int == 44 && shown["features"] as? Int == 3)
    #expect(shown["separator"] as? String == ";")
    let label = try #require(shown["label"] as? [String: Any])
    #expect(label["column"] as? String == "species" && label["task"] as? String == "classification")
    #expect(label["classes"] as? [String] == ["ant", "bee", "cat"])
    let columns = try #require(shown["columns"] as? [[String: Any]])
    #expect(columns.compactMap { $0["name"] as? String } == Self.names)
    #expect(
      columns.compactMap { $0["kind"] as? String } == [
        "number", "number", "number", "category", "category",
      ])
    #expect(columns.compactMap { $0["missing"] as? Int } == [0, 0, 4, 0, 0])
    #expect(shown["ignored"] as? [String] == ["Id"] && shown["warnings"] as? [String] == [])
    // The same in lines, and before training.
    let lines = try Command.maru("data show", [data])
    expectSuccess(lines)
    let told = try Command.maru(
      "train --epochs 1 --progress lines --dataset", [data])
    for line in [
      "44 rows of 5 columns, semicolons between, a header",
      "columns: 3 numbers, 2 categories; values missing in size (4)",
      "label: 'species' (by its name; --label NAME|NUMBER), classification (texts; --task), "
        + "3 classes: ant, bee, cat",
      "left out: 'Id', which only counts the rows",
      "scaled: numbers to mean 0 and deviation 1 (--scale)",
      "split: 35 rows to train on, 9 to test with (stratified, seed 0; --test-split, --test FILE)",
    ] {
      #expect(lines.outputLines.contains(line), "\(lines.output)")
      #expect(told.errorLines.contains(line), "\(told.errors)")
    }
  }

  @Test func columnsWithoutNamesAreNumbers() throws {
    let rows = Self.rows(30).map { "\($0[4]),\($0[1]),\(Double($0[1])! / 7)" }
    let data = try write(rows.joined(separator: "\n"), "bugs.data")
    let shown = try Command.maru("data show --json", [data]).object()
    #expect((shown["label"] as? [String: Any])?["column"] as? Int == 1)
    #expect((shown["columns"] as? [[String: Any]])?.compactMap { $0["name"] as? Int } == [1, 2, 3])
    let asked = try Command.maru("data show --json --label 3 --ignore 1", [data]).object()
    #expect((asked["label"] as? [String: Any])?["column"] as? Int == 3)
    #expect(asked["ignored"] as? [Int] == [1])
  }

  @Test func warningsAreSaidEvenWithoutProgress() throws {
    let rows = Self.rows(60).sorted { $0[4] < $1[4] }
    let data = try write(Self.text(rows), "sorted.csv")
    let result = try train(data, "--split last --scale none --epochs 1")
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines.contains(
        "warning: the rows are sorted by 'species', so that the last ones are of few classes; "
          + "--split stratified"))
    #expect(result.errorLines.contains { $0.hasSuffix("; --scale standard") })
    let stratified = try train(data)
    expectSuccess(stratified)
    #expect(try accuracy(stratified) > 0.8)
  }

  // MARK: What is refused

  @Test func optionsOfTablesAreForTables() throws {
    expectFailure(
      try Command.maru("train --dataset digits --label x"), 64,
      "--label: expected with a table, but digits is none")
    expectFailure(
      try Command.maru("train --dataset a.csv --test b.csv --test-split 0.5"), 64,
      "--test-split: expected without --test, which has all rows to test with",
      hint: "maru train --help")
    expectFailure(
      try Command.maru("train --dataset a.csv --separator , --decimal ,"), 64,
      "--decimal ,: expected with another --separator than a comma", hint: "maru train --help")
    expectFailure(
      try Command.maru("data show digits --json"), 64,
      "--json: expected with a table, but digits is none")
  }

  @Test func otherDataForAModelOfATableAreRefused() throws {
    let run = try StripesRun()
    let data = try write(Self.text(Self.rows(60)), "bugs.csv")
    expectSuccess(try train(data, "--epochs 1"))
    for command in ["evaluate", "predict"] {
      expectFailure(
        try Command.maru(command, [folder["run"], "--dataset", run.data]), 65,
        "\(run.data): the model has learned from the columns of a table, and this is none")
      let narrow = try write("weight,side,species\n1,north,ant\n", "narrow.csv")
      expectFailure(
        try Command.maru(command, [folder["run"], "--dataset", narrow]), 65,
        "\(narrow): expected the columns that the model learned from, found none named 'size' among "
          + "weight, side, species")
    }
    let unlabelled = try write("weight,side,size\n1,north,2\n", "unlabelled.csv")
    expectFailure(
      try Command.maru("evaluate", [folder["run"], "--dataset", unlabelled]), 65,
      "\(unlabelled): expected a column 'species' with labels, found none among weight, side, size")
  }

  /// A run that was stopped goes on with the same rows, scales and layers.
  @Test func runsOnTablesGoOn() throws {
    let data = try write(Self.text(Self.rows(150)), "bugs.csv")
    let options = Command.words(
      "--ignore side --test-split 0.3 --seed 3 --threads 2 --progress lines")
    let begun = try Command.maru(
      ["train", "--epochs", "3000", "--dataset", data, "--output", folder["cut"]] + options,
      signal: (SIGINT, "Epoch 3/"))
    #expect(begun.exitCode == 130, "\(begun.errors)")
    let resumed = try Command.maru("train --progress none --epochs 3000 --resume", [folder["cut"]])
    expectSuccess(resumed)
    let whole = try Command.maru(
      ["train", "--epochs", "3000", "--dataset", data, "--output", folder["run"]] + options)
    #expect(whole.exitCode == 0, "\(whole.errors)")
    #expect(
      try folder.bytes(of: "run/model.safetensors") == folder.bytes(of: "cut/model.safetensors"))
  }

  /// What is chosen by a part of the rows does not suffer from their order.
  @Test func linearFitTakesTables() throws {
    let rows = Self.rows(150).sorted { $0[4] < $1[4] }
    let data = try write(Self.text(rows), "sorted.csv")
    let result = try Command.maru("fit-linear --output", [folder["linear"], "--dataset", data])
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines.contains("left out: 'Id', a number of its own in each row"),
      "\(result.errors)")
    #expect(try accuracy(result) > 0.8)
    let evaluated = try Command.maru("evaluate", [folder["linear"], "--dataset", data])
    expectSuccess(evaluated)
    #expect(evaluated.outputLines.first?.hasSuffix(" over 30 held-out rows") == true)
  }

  // MARK: How long it is trained

  /// Of noise there is nothing to learn, and so each epoch makes it worse.
  @Test func tablesEndWhereTheyNoLongerImprove() throws {
    var generator = RandomGenerator(seed: 1)
    let rows = (0..<200).map { _ in
      "\(Float.random(in: 0..<1, using: &generator)),\(Int.random(in: 0..<2, using: &generator))"
    }
    let data = try write("size,label\n" + rows.joined(separator: "\n"), "noise.csv")
    func losses(_ options: String) throws -> (result: ProcessResult, values: [Double]) {
      let result = try Command.maru(
        "train --progress lines --force \(options) --dataset",
        [data, "--output", folder["run"]])
      #expect(result.exitCode == 0, "\(result.errors)")
      let history = try JSONSerialization.jsonObject(with: folder.bytes(of: "run/history.json"))
      let figures = (history as? [String: Any])?["history"] as? [String: Any]
      return (result, figures?["val_loss"] as? [Double] ?? [])
    }
    let (result, values) = try losses("--learning-rate 0.05")
    #expect(
      result.errorLines.contains(
        "trains for 200 epochs, or until val_loss has not improved for 20 (--epochs, --early-stopping)"
      ),
      "\(result.errors)")
    let best = try #require(values.indices.min { values[$0] < values[$1] })
    #expect(values.count == best + 21 && values.count < 200)
    // Asked for, all epochs are done.
    #expect(
      try losses("--learning-rate 0.05 --epochs \(values.count + 5)").values.count == values.count
        + 5)
  }

  // MARK: Layers

  /// Layers without outputs get a last one for the classes, or for the number.
  @Test func lastLayerIsAppended() throws {
    let data = try write(Self.text(Self.rows(60)), "bugs.csv")
    for (layers, last) in [
      ("8:relu", "(batch, 3)"), ("dropout:0.1", "(batch, 3)"), ("3", "(batch, 3)"),
    ] {
      expectSuccess(try train(data, "--epochs 1 --layers \(layers)"))
      let summary = try Command.maru("summary", [folder["run"]])
      #expect(
        summary.outputLines.last { $0.hasPrefix("│") }?.contains(last) == true, "\(summary.output)")
    }
    expectFailure(
      try train(data, "--layers 4:softmax"), 64,
      "--layers: expected to end in 3:softmax or 3, an output for each class of the data, got '4:softmax'"
    )
    expectFailure(
      try train(data, "--label weight --layers 4"), 64,
      "--layers: expected to end in 1, an output for the number to predict, got '4'")
  }
}
