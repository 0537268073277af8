import FileTestSupport
import Foundation
import Maru
import Testing

/// Data and models that do not fit together, scored by `evaluate` and `predict`.
struct ScoringTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  // MARK: Data that lack some of the model's classes

  /// The stripes as a table, the classes named; of some of them alone where asked for.
  private func table(_ name: String, _ kept: [String] = Self.classes) throws -> String {
    let pixels = Stripes.pixels(100)
    let rows = (0..<100).filter { kept.contains(Self.classes[$0 % 4]) }.map { row in
      (pixels[row * 20..<(row + 1) * 20].map { "\(Float($0) / 255)" } + [Self.classes[row % 4]])
        .joined(separator: ",")
    }
    return try folder.write(Array(rows.joined(separator: "\n").utf8), to: name)
  }

  private static let classes = ["ant", "bee", "cat", "dog"]

  @Test(arguments: [["ant", "bee", "cat"], ["bee", "dog"], ["cat"]])
  func classesAreThoseOfTheModel(_ kept: [String]) throws {
    let all = try table("all.csv")
    expectSuccess(
      try Command.maru(
        Command.words(
          "train --layers 4:softmax --epochs 30 --learning-rate 0.5 --batch-size 8 --progress none")
          + ["--dataset", all, "--output", folder["run"]]))
    let some = try table("some.csv", kept)
    let evaluated = try Command.maru(["evaluate", folder["run"], "--dataset", some])
    expectSuccess(evaluated)
    let count = kept.count * 25
    #expect(
      evaluated.outputLines.first?.hasSuffix(" - accuracy: 1.0000 over \(count) test samples")
        == true, "\(evaluated.output)")
    // Every class of the model has its row, the ones that do not occur an empty one.
    let words = evaluated.outputLines.map { line in
      line.split { " │┃".contains($0) }.map(String.init)
    }
    for name in Self.classes {
      let support = kept.contains(name) ? "25" : "0"
      #expect(words.contains { $0.count == 5 && $0[0] == name && $0[4] == support }, "\(name)")
    }
    let predicted = try Command.maru(["predict", folder["run"], "--dataset", some])
    expectSuccess(predicted)
    #expect(predicted.outputLines.last == "accuracy score: 1.0000")
    #expect(predicted.outputLines.first?.hasSuffix("(\(kept[0]))") == true)
  }

  @Test func aClassThatTheModelDoesNotKnowIsNamed() throws {
    let some = try table("some.csv", ["ant", "bee", "cat"])
    expectSuccess(
      try Command.maru(
        Command.words("train --layers 3:softmax --epochs 1 --progress none")
          + ["--dataset", some, "--output", folder["run"]]))
    let all = try table("all.csv")
    let problem = "\(all): line 4: the model tells ant, bee, cat apart, column '21' also has dog"
    expectFailure(
      try Command.maru(["evaluate", folder["run"], "--dataset", all]), 65, problem)
    // Rows are predicted whatever their labels are.
    let predicted = try Command.maru(["predict", folder["run"], "--dataset", all])
    #expect(predicted.exitCode == 0)
    #expect(
      predicted.errorLines == [
        "\(problem); these rows are predicted, their labels ignored"
      ])
  }

  /// Without names, labels that are numbers are the model's own, and others are taken in their order.
  @Test func classesWithoutNamesAreNumbers() throws {
    let weight = Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], shape: [3, 3])
    try ModelFile(Sequential(inputShape: [3], [Dense(weight: weight, bias: nil)]))
      .write(to: folder["m"])
    func evaluate(_ labels: [String]) throws -> ProcessResult {
      let rows = (0..<20).map { row in
        "\(row % 2 == 0 ? "1,0,0" : "0,0,1"),\(labels[row % 2])"
      }
      let path = try folder.write(Array(rows.joined(separator: "\n").utf8), to: "d.csv")
      return try Command.maru(["evaluate", folder["m"], "--dataset", path])
    }
    let numbers = try evaluate(["0", "2"])
    expectSuccess(numbers)
    #expect(numbers.output.contains("accuracy: 1.0000"))
    expectFailure(
      try evaluate(["x", "y"]), 65,
      "\(folder["m"]): the model tells 0, 1, 2 apart, \(folder["d.csv"]) also has x, y")
  }

  // MARK: A last sigmoid

  /// Each output is a probability of its own, and is given as it is; the loss is that of Keras.
  @Test func sigmoidOutputsStayWhatTheyAre() throws {
    let data = try Stripes.write(to: folder)
    let random: [Float] = (0..<80).map { (index: Int) in Float((index * 37 + 11) % 41 - 20) / 20 }
    let layers: [any Layer] = [
      Dense(weight: Tensor(random, shape: [4, 20]), bias: Tensor([0.5, -1, 0.25, 2]))
    ]
    let model = try Sequential(inputShape: [20], layers + [Sigmoid()])
    try ModelFile(model).write(to: folder["m"])
    let state = Array(zip(["0.weight", "0.bias"], model.weights)).map { (name: $0, tensor: $1) }
    let imported = try ModelFile(
      stateDict: state, layers: [Dense(4), Sigmoid()], path: "state")
    let samples = try Dataset.load(.directory(data)).test
    let outputs = try imported.model.predict(samples.images)
    let logits = try Sequential(inputShape: [20], layers).predict(samples.images)
    let written: [(flags: [String], values: Tensor)] = [([], outputs), (["--logits"], logits)]
    for (flags, expected) in written {
      expectSuccess(
        try Command.maru(
          ["predict", folder["m"], "--dataset", data, "--force", "--output", folder["p.npy"]]
            + flags))
      #expect(try PredictTests.floats(folder.bytes(of: "p.npy")) == expected.elements)
    }
    let result = try Command.maru(["evaluate", folder["m"], "--dataset", data, "--json"])
    expectSuccess(result)
    let figures = try JSONDecoder().decode(Figures.self, from: Data(result.output.utf8))
    let losses = samples.labels.enumerated().map { (row: Int, label: Int) -> Double in
      let outputs = (0..<4).map { Double(outputs[row, $0]) }
      return -log(outputs[label] / outputs.reduce(0, +))
    }
    let mean = losses.reduce(0, +) / Double(losses.count)
    #expect(abs(figures.loss - mean) < 1e-5, "\(mean)")
  }

  private struct Figures: Decodable { let loss: Double }

  // MARK: The slope of a leaky ReLU

  /// PyTorch's slope is 0.01, and its states do not tell it.
  @Test func importTakesTheSlopeOfPyTorchAndSaysSo() throws {
    let weights = [4, 6].map { columns in
      let elements: [Float] = (0..<24).map { (index: Int) in
        Float(index * (columns + 3) % 11 - 5) / 5
      }
      return Tensor(elements, shape: [24 / columns, columns])
    }
    let model = { (slope: Float) in
      try Sequential(
        inputShape: [4],
        [
          Dense(weight: weights[0], bias: nil), LeakyReLU(slope: slope),
          Dense(weight: weights[1], bias: nil),
        ])
    }
    try ModelFile(model(0.01)).write(to: folder["m"])
    let elements: [Float] = (0..<40).map { (index: Int) in Float(index % 13 - 6) / 3 }
    let samples = Tensor(elements, shape: [10, 4])
    for form in ["npz", "pytorch"] {
      expectSuccess(
        try Command.maru([
          "export", folder["m"], "--to", form, "--output", folder["\(form).npz"],
        ]))
      let path = folder[form == "npz" ? "npz.npz" : "pytorch.npz/weights.safetensors"]
      for (item, slope) in [("leaky-relu", 0.01), ("leaky-relu:0.3", 0.3)] as [(String, Float)] {
        let result = try Command.maru([
          "import", path, "--layers", "6:\(item),4", "--force", "--output", folder["new"],
        ])
        #expect(result.exitCode == 0)
        #expect(
          result.errors
            == (item == "leaky-relu"
              ? "leaky-relu: slope 0.01 is taken, PyTorch's unless told otherwise; "
                + "leaky-relu:SLOPE gives another, as 0.3, that of maru train\n" : ""))
        #expect(result.output.contains("(LeakyReLU, slope \(slope))"))
        let found = try ModelFile(contentsOf: folder["new"]).model.predict(samples)
        #expect(try found.elements == model(slope).predict(samples).elements)
      }
    }
    #expect(try folder.text(of: "pytorch.npz/network.py").contains("nn.LeakyReLU(0.01),"))
    try ModelFile(model(0.125)).write(to: folder["m"])
    expectSuccess(
      try Command.maru(["export", folder["m"], "--to", "onnx", "--output", folder["m.onnx"]]))
    // The attribute alpha as ONNX writes it: field 2, a float of 0.125, little-endian.
    let alpha = Data("alpha".utf8) + [0x15, 0, 0, 0, 0x3E]
    #expect(try folder.bytes(of: "m.onnx").range(of: alpha) != nil)
  }

  // MARK: Divergence that ends in numbers

  /// Labels that follow from nothing, so that no step of a far too high rate is the last.
  private func noise() throws -> String {
    var state: UInt32 = 7
    let rows = (0..<300).map { _ in
      let numbers = (0..<3).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Int(state >> 16)
      }
      return "\(Float(numbers[0]) / 65536),\(Float(numbers[1]) / 65536),\(numbers[2] % 3)"
    }
    return try folder.write(Array(rows.joined(separator: "\n").utf8), to: "noise.csv")
  }

  /// Of one step the loss is measured before it.
  @Test(
    arguments: ["3:softmax", "8:relu,3:softmax"],
    ["1e10 --epochs 5", "1e4 --epochs 5", "1e30 --epochs 1 --batch-size full"])
  func aLossThatIsAbsurdIsNoSuccess(layers: String, rate: String) throws {
    let data = try noise()
    let line =
      "train --scale none --layers \(layers) --optimizer sgd --seed 3 --learning-rate \(rate) "
      + "--progress none --dataset \(data)"
    let result = try Command.maru(Command.words(line) + ["--output", folder["run"]])
    #expect(result.exitCode == 65)
    let pattern =
      /maru: error: (training diverged: the loss ended at \S+, that of the untrained model is \d\.\d{4}; try a --learning-rate below \S+); the model is saved all the same\n/
    let match = try #require(result.errors.wholeMatch(of: pattern), "\(result.errors)")
    #expect(result.output.hasSuffix("saved: \(folder["run"])\n"))
    // What is left tells it too, and is whole.
    #expect(try folder.text(of: "run/summary.txt").hasSuffix("\n\(match.1)\n"))
    expectSuccess(try Command.maru(["evaluate", folder["run"], "--dataset", data]))
    let unsaved = try Command.maru(Command.words(line))
    #expect(unsaved.exitCode == 65 && unsaved.errors == "maru: error: \(match.1)\n")
  }

  /// Losses that are high for a reason: values as they stand, weights that are penalised, a model that
  /// is sure of what it has seen, one step, a rate that is only too high.
  @Test(arguments: [
    "--layers 3:softmax --epochs 3", "--layers 8:relu,3:softmax --optimizer adam --epochs 3",
    "--layers 3:softmax --l2 1000 --learning-rate 1e-6 --epochs 2",
    "--layers 64:relu,3:softmax --optimizer adam --learning-rate 0.02 --epochs 150",
    "--layers 3:softmax --epochs 1 --batch-size full --learning-rate 1e-30",
    "--layers 3:softmax --epochs 3 --learning-rate 30", "--layers 3:softmax --optimizer lbfgs",
  ])
  func aLossThatIsHighIsNoDivergence(_ line: String) throws {
    let noise = try noise()
    var tables = [noise]
    let scaled = try String(contentsOfFile: noise, encoding: .utf8).split(separator: "\n").map {
      let fields = $0.split(separator: ",")
      return "\((Double(fields[0]) ?? 0) * 255),\((Double(fields[1]) ?? 0) * 255),\(fields[2])"
    }
    if !line.contains("30") {
      tables.append(
        try folder.write(Array(scaled.joined(separator: "\n").utf8), to: "scaled.csv"))
    }
    for data in tables {
      expectSuccess(
        try Command.maru(
          Command.words("train --scale none --optimizer sgd \(line) --seed 3 --progress none") + [
            "--dataset", data,
          ]))
    }
  }
}
