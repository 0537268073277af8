import FileTestSupport
import Foundation
import Maru
import Testing
import Text

/// Principal components: as the first layer of a model, and as a picture.
struct ComponentsTests {
  @Test(arguments: [
    ("--pca 3 --validation-split 0", false),
    ("--pca 3 --whiten --validation-split 0.25 --split shuffled", true),
  ])
  func componentsOfTheTrainingPartBecomeTheFirstLayer(_ line: String, whitening: Bool) throws {
    let run = try StripesRun(more: line)
    let file = try ModelFile(contentsOf: run.path + "/model.safetensors")
    #expect(file.model.layers.map { "\(type(of: $0))" } == ["Dense", "Dense", "Softmax"])
    #expect(file.model.inputShape == [20] && file.model.weights.map(\.shape)[0] == [3, 20])
    let images = try Dataset.load(.directory(run.data)).train.images
    let kept =
      whitening
      ? try Validation.shuffled(0.25).split(
        .classes(Stripes.labels(80).map { Int($0) }), seed: 1
      ).training : nil
    #expect(kept?.count ?? 60 == 60)
    let principal = try PrincipalComponents<Float>(
      images, indices: kept, keeping: .count(3), whitening: whitening)
    // What was fitted is what was saved, but for the rounding of BLAS on other threads: nothing has
    // trained it.
    let (weight, bias) = principal.projection
    let fitted = zip(file.model.weights, [weight.elements, bias])
    for (saved, values) in fitted {
      #expect(zip(saved.elements, values).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let share = Double(principal.explainedVarianceRatio.reduce(0, +)).fixed(4)
    let summary = try run.folder.text(of: "run/summary.txt").split(separator: "\n")
    #expect(summary[1] == "principal components: 3 of 20, with \(share) of the variance")
    let history = try run.folder.text(of: "run/history.json")
    #expect(history.contains("\"pca:3\(whitening ? ":whiten" : ""),4:softmax\""))
  }

  @Test func savedModelIsOneThatOtherCommandsTake() throws {
    let run = try StripesRun(layers: "flatten,8:relu,4:softmax", more: "--pca 0.9")
    let printed = try Command.maru(
      Command.words(
        "train --layers flatten,8:relu,4:softmax --epochs 20 --learning-rate 0.5 --progress none "
          + "--batch-size 16 --seed 1 --pca 0.9") + ["--dataset", run.data])
    expectSuccess(printed)
    let evaluation = try Command.maru(["evaluate", run.path, "--dataset", run.data])
    expectSuccess(evaluation)
    #expect(printed.output == "test loss: \(try loss(evaluation)) - test accuracy: 1.0000\n")
    let summary = try Command.maru(["summary", run.path])
    expectSuccess(summary)
    #expect(summary.output.contains("flatten (Flatten)") && summary.output.contains("dense_2"))
    #expect(!summary.output.contains("flatten_1"))
    let drawn = try Command.maru(["summary", run.path, "--weights", run.folder["w.svg"]])
    expectSuccess(drawn)
    let exported = try Command.maru([
      "export", run.path, "--to", "pytorch", "--output", run.folder["torch"],
    ])
    expectSuccess(exported)
    #expect(try run.folder.text(of: "torch/network.py").contains("nn.Linear(20, "))
  }

  private func loss(_ evaluation: ProcessResult) throws -> Substring {
    try #require(evaluation.output.firstMatch(of: /loss: (\d+\.\d+)/)).1
  }

  @Test(arguments: [
    (
      "--pca 21",
      "--pca: expected 1 to 20 components of 64 samples with 20 inputs, got 21"
    ),
    (
      "--pca 20 --validation-split 0.9",
      "--pca: expected 1 to 7 components of 7 samples with 20 inputs, got 20"
    ),
  ])
  func moreComponentsThanThereAreAreRefused(_ line: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      Command.words("train --layers 4:softmax --progress none --dataset \(data) \(line)")
        + ["--output", folder["run"]])
    expectFailure(result, 64, message)
    #expect(!folder.contents.contains { $0.hasPrefix("run") })
  }

  @Test(arguments: ["0", "-3", "1.5", "0.0", "ten"])
  func whatIsNoNumberOfComponentsIsRefused(_ value: String) throws {
    let result = try Command.maru(["train", "--pca", value])
    #expect(result.exitCode == 64 && result.output == "")
    #expect(result.errorLines.first?.contains("--pca") == true, "\(result.errors)")
  }

  @Test func whiteningNeedsComponents() throws {
    expectFailure(
      try Command.maru("train --whiten"), 64, "--whiten: expected with --pca",
      hint: "maru train --help")
  }

  // MARK: the picture

  @Test func dataAreDrawnInThePlaneOfTheirComponents() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(["data", "show", data, "--pca", folder["p.svg"]])
    expectSuccess(result)
    #expect(result.output == "saved: \(folder["p.svg"])\n")
    let text = try folder.text(of: "p.svg")
    for count in ["20: ", "first component, ", "second component, "] {
      #expect(text.contains("<text>\(count)"))
    }
    #expect(text.components(separatedBy: "<image").count - 1 == 20)
  }

  /// A table has a plane too, but no images.
  @Test func tableIsDrawnWithoutImages() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<60).map { "\($0 % 2),\($0 % 3),\(["a", "b"][$0 % 2])\n" }.joined()
    let data = try folder.write(Array(("x,y,label\n" + rows).utf8), to: "table.csv")
    expectSuccess(try Command.maru(["data", "show", data, "--pca", folder["p.svg"]]))
    #expect(try !folder.text(of: "p.svg").contains("<image"))
    let narrow = try folder.write(
      Array(("x,label\n" + (0..<60).map { "\($0 * 7 % 60),\($0 % 2)\n" }.joined()).utf8),
      to: "n.csv")
    expectFailure(
      try Command.maru(["data", "show", narrow, "--pca", folder["n.svg"]]), 65,
      "--pca: expected at least 2 samples of 2 numbers, got 48 of 1")
  }

  @Test func pictureIsAskedForAlone() throws {
    for option in ["--output a.svg", "--count 2", "--index 3"] {
      expectFailure(
        try Command.maru("data show none --pca p.svg \(option)"), 64,
        "--pca: expected without --output, --count and --index", hint: "maru data show --help")
    }
    expectFailure(
      try Command.maru("data show none --pca p.gif"), 64,
      "--pca: p.gif: expected a name that ends in .svg or .png", hint: "maru data show --help")
  }
}
