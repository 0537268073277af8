import FileTestSupport
import Foundation
import Maru
import Testing

/// Training that begins with a model, and more epochs of a run that has ended.
struct FineTuningTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private func train(
    _ options: String, on data: String, to output: String
  ) throws -> ProcessResult {
    try Command.maru(
      "train --progress none \(options) --dataset", [data, "--output", folder[output]])
  }

  private func model(_ name: String) throws -> Sequential {
    try ModelFile(contentsOf: folder["\(name)/model.safetensors"]).model
  }

  /// Rows of which two numbers, in units far apart, tell the classes apart.
  private func table(
    _ name: String, classes: [String], order: [Int] = [0, 1, 2], shift: Double = 0
  ) throws -> String {
    var state: UInt32 = 3
    func noise() -> Double {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Double(state >> 16) / 65_536
    }
    let rows = (0..<90).map { row in
      let kind = row * 5 % classes.count
      return [
        "\((noise() + Double(kind) + shift) * 1000)", "\(noise() - Double(kind))", classes[kind],
      ]
    }
    let lines = ([["weight", "size", "species"]] + rows).map { row in
      order.map { row[$0] }.joined(separator: ",")
    }
    return try folder.write(Array(lines.joined(separator: "\n").utf8), to: name)
  }

  // MARK: Beginning with a model

  @Test func weightsAndPreparationAreKept() throws {
    let bugs = ["ant", "bee", "cat"]
    let first = try table("first.csv", classes: bugs)
    expectSuccess(try train("--layers 8:relu --epochs 20 --seed 1", on: first, to: "a"))
    // Columns in another order, with other means, and one that the model does not know.
    let second = try table("second.csv", classes: bugs, order: [2, 1, 0], shift: 5)
    let options =
      "--epochs 1 --learning-rate 1e-9 --optimizer sgd --seed 7 --initial \(folder["a"])"
    let result = try train(options, on: second, to: "b")
    expectSuccess(result)
    let (a, b) = (try model("a"), try model("b"))
    for (old, new) in zip(a.weights, b.weights) {
      #expect(old.shape == new.shape)
      #expect(zip(old.elements, new.elements).allSatisfy { abs($0 - $1) < 1e-6 })
    }
    // The same rows go in as they went before, and come out as the same.
    for run in ["a", "b"] {
      expectSuccess(
        try Command.maru(
          "predict --output", [folder["\(run).csv"], folder[run], "--dataset", first]))
    }
    func probabilities(_ name: String) throws -> [String: [Double]] {
      let lines = try folder.text(of: name).split(separator: "\n").dropFirst()
      return Dictionary(
        uniqueKeysWithValues: lines.map { line in
          let fields = line.split(separator: ",")
          return (String(fields[0]), fields[2...].compactMap { Double($0) })
        })
    }
    let (old, new) = (try probabilities("a.csv"), try probabilities("b.csv"))
    #expect(old.count == 18 && new.count == 90)
    for (row, values) in old {
      #expect(zip(values, new[row] ?? []).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    // The same again to the byte.
    expectSuccess(try train(options, on: second, to: "c"))
    #expect(
      try folder.bytes(of: "b/model.safetensors") == folder.bytes(of: "c/model.safetensors"))
    let told = try Command.maru(
      "train --epochs 1 --progress lines --initial", [folder["a"], "--dataset", second])
    #expect(
      told.errorLines.contains("begins with the weights of \(folder["a"]): all layers"),
      "\(told.errors)")
    #expect(told.errorLines.contains("scaled: as the model knows"))
  }

  @Test func lastLayerIsNewWhereClassesDiffer() throws {
    let first = try table("first.csv", classes: ["ant", "bee", "cat"])
    expectSuccess(try train("--layers 8:relu --epochs 20 --seed 1", on: first, to: "a"))
    let second = try table("second.csv", classes: ["ant", "bee", "dog", "eel"])
    let begun = try Command.maru(
      "train --epochs 1 --learning-rate 1e-9 --optimizer sgd --progress lines --seed 2 --initial",
      [folder["a"], "--dataset", second, "--output", folder["b"]])
    #expect(begun.exitCode == 0)
    #expect(
      begun.errorLines.contains(
        "begins with the weights of \(folder["a"]): all layers but the last, which is new, since the "
          + "classes differ"), "\(begun.errors)")
    let (a, b) = (try model("a"), try model("b"))
    for place in 0..<2 {
      #expect(
        zip(a.weights[place].elements, b.weights[place].elements).allSatisfy { abs($0 - $1) < 1e-6 }
      )
    }
    #expect(b.weights[2].shape == [4, 8])
    #expect(Set(b.weights[2].elements).count == 32)
    // Numbers in the place of classes, and the other way round.
    let numbers = try train(
      "--epochs 30 --label size --task regression --initial \(folder["a"])", on: first, to: "n")
    #expect(numbers.exitCode == 65 && numbers.errors.contains("that the model does not learn from"))
    let other = try folder.write(
      Array(
        ("weight,size,price\n"
          + (0..<60).map { "\($0 * 7 % 50),\($0 % 3),\($0 * 14 % 100)" }
          .joined(separator: "\n")).utf8), to: "prices.csv")
    let priced = try train(
      "--epochs 3 --label price --task regression --initial \(folder["a"])", on: other, to: "p")
    expectSuccess(priced)
    #expect(try model("p").outputShape == [1])
    let evaluated = try Command.maru("evaluate", [folder["p"], "--dataset", other])
    #expect(evaluated.output.contains("r2: ") && evaluated.output.contains("12 held-out rows"))
  }

  @Test func whatCannotFitIsRefused() throws {
    let first = try table("first.csv", classes: ["ant", "bee", "cat"])
    expectSuccess(try train("--layers 8:relu --epochs 1", on: first, to: "a"))
    let narrow = try folder.write(
      Array(
        ("size,species\n"
          + (0..<9).map { "\($0).5,\(["ant", "bee"][$0 % 2])" }.joined(separator: "\n")).utf8),
      to: "n.csv")
    let begin = "--epochs 1 --initial \(folder["a"])"
    expectFailure(
      try train(begin, on: narrow, to: "b"), 65,
      "\(narrow): expected the columns that the model learned from, found none named 'weight' among "
        + "size, species")
    expectFailure(
      try train(begin, on: data, to: "b"), 65,
      "--initial \(folder["a"]): the model expects samples of shape [2], \(data) has [4, 5]")
    expectFailure(
      try train("\(begin) --layers 9:relu", on: first, to: "b"), 64,
      "--layers: expected the layers of the model up to the last, '8:relu,3:softmax', got "
        + "'9:relu,3:softmax'")
    expectFailure(
      try train("\(begin) --scale none", on: first, to: "b"), 64,
      "--scale: expected without --initial, whose model has its own")
    expectFailure(
      try train("\(begin) --pca 2", on: first, to: "b"), 64,
      "--pca: expected without --initial, whose layers come without components",
      hint: "maru train --help")
    expectFailure(
      try train("--epochs 1 --initial \(folder["none"])", on: first, to: "b"), 66,
      "\(folder["none"]): cannot read: No such file or directory")
    #expect(!folder.contents.contains { $0.hasPrefix("b") })
    // Dropout may come in between.
    expectSuccess(try train("\(begin) --layers 8:relu,dropout:0.1", on: first, to: "d"))
  }

  @Test func imagesAreTrainedFurther() throws {
    expectSuccess(
      try train("--layers flatten,8:relu,batchnorm,4:softmax --epochs 5", on: data, to: "a"))
    let options = "--epochs 3 --optimizer adam --seed 4 --initial \(folder["a"])"
    expectSuccess(try train(options, on: data, to: "b"))
    let summary = try folder.text(of: "b/history.json")
    #expect(summary.contains(#""layers" : "flatten,8:relu,batchnorm,4:softmax""#))
    #expect(summary.contains(#""initial" : "\#(folder["a"])""#))
    // A run that was interrupted goes on with the same network.
    let long = Command.words(
      "train --epochs 3000 --optimizer adam --seed 4 --initial \(folder["a"])")
    let cut = try Command.maru(
      long + ["--progress", "lines", "--dataset", data, "--output", folder["cut"]],
      signal: (SIGINT, "Epoch 3/"))
    #expect(cut.exitCode == 130, "\(cut.errors)")
    expectSuccess(try Command.maru("train --progress none --resume", [folder["cut"]]))
    expectSuccess(
      try Command.maru(
        long + ["--progress", "none", "--dataset", data, "--output", folder["whole"]]))
    #expect(
      try folder.bytes(of: "cut/model.safetensors") == folder.bytes(of: "whole/model.safetensors"))
  }

  // MARK: More epochs

  @Test(
    arguments: [
      "--optimizer sgd", "--optimizer adam --layers 8:relu,batchnorm,dropout:0.2,4:softmax",
      "--optimizer adam --layers 8:relu,4:softmax --early-stopping 1000",
      "--optimizer momentum --pca 5", "--optimizer lbfgs --l2 0.001 --tolerance 0",
    ])
  func moreEpochsGiveTheBytesOfALongRun(options: String) throws {
    let layers = options.contains("--layers") ? "" : "--layers 4:softmax"
    let line = "\(options) \(layers) --validation-split 0.25 --split shuffled --seed 3"
    expectSuccess(try train("\(line) --epochs 4", on: data, to: "run"))
    let size = try folder.bytes(of: "run/state.maru").count
    expectSuccess(try Command.maru("train --progress none --epochs 9 --resume", [folder["run"]]))
    expectSuccess(try train("\(line) --epochs 9", on: data, to: "whole"))
    #expect(
      try folder.bytes(of: "run/model.safetensors") == folder.bytes(of: "whole/model.safetensors"))
    func figures(_ name: String) throws -> [String] {
      try folder.text(of: "\(name)/history.csv").split(separator: "\n").map {
        $0.split(separator: ",").dropLast().joined(separator: ",")
      }
    }
    #expect(try figures("run") == figures("whole") && figures("run").count == 10)
    #expect(!folder.contents.contains("run/checkpoint.maru"))
    // It does not grow with the epochs, but for what L-BFGS remembers of its first ones.
    if options.contains("lbfgs") { return }
    #expect(abs(try folder.bytes(of: "run/state.maru").count - size) < 1000)
  }

  @Test func whatCannotGoOnIsRefused() throws {
    expectSuccess(try train("--layers 4:softmax --epochs 2", on: data, to: "run"))
    for epochs in ["", "--epochs 2", "--epochs 1"] {
      expectFailure(
        try Command.maru("train \(epochs) --resume", [folder["run"]]), 64,
        "--resume \(folder["run"]): the run is complete after 2 epochs; to train for more: --epochs N, "
          + "N above 2")
    }
    try FileManager.default.removeItem(atPath: folder["run/state.maru"])
    expectFailure(
      try Command.maru("train --epochs 3 --resume", [folder["run"]]), 64,
      "--resume \(folder["run"]): the run is complete and keeps no state of training, since it ended "
        + "before its last epoch, or is of an earlier version; to train on from its weights: maru train "
        + "--initial \(folder["run"])")
    // A run that ends early has learned all it could, and keeps none.
    expectSuccess(
      try train(
        "--layers 4:softmax --epochs 500 --learning-rate 1e-30 --validation-split 0.5 --early-stopping 1",
        on: data, to: "early"))
    #expect(!folder.contents.contains("early/state.maru"))
    // One that takes its place leaves nothing of it.
    expectSuccess(try train("--layers 4:softmax --epochs 1", on: data, to: "other"))
    expectSuccess(
      try train(
        "--layers 4:softmax --epochs 500 --learning-rate 1e-30 --validation-split 0.5 --early-stopping 1 "
          + "--force", on: data, to: "other"))
    #expect(!folder.contents.contains("other/state.maru"))
  }

  @Test func moreEpochsMayBeInterrupted() throws {
    let line = "--layers 4:softmax --optimizer adam --seed 5"
    expectSuccess(try train("\(line) --epochs 2", on: data, to: "run"))
    let cut = try Command.maru(
      ["train", "--epochs", "3000", "--progress", "lines", "--resume", folder["run"]],
      signal: (SIGINT, "Epoch 5/"))
    #expect(cut.exitCode == 130, "\(cut.errors)")
    // The model of the shorter run is still there.
    let shorter = try Command.maru("evaluate", [folder["run"], "--dataset", data])
    #expect(shorter.exitCode == 0 && shorter.errors.contains("are of an earlier run"))
    expectSuccess(try Command.maru("train --progress none --resume", [folder["run"]]))
    expectSuccess(try train("\(line) --epochs 3000", on: data, to: "whole"))
    #expect(
      try folder.bytes(of: "run/model.safetensors") == folder.bytes(of: "whole/model.safetensors"))
  }
}
