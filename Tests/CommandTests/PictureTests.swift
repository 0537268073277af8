import FileTestSupport
import Foundation
import Testing

/// The pictures that the commands draw: whole files, where they were asked for, or one clear line.
struct PictureTests {
  private static let missing =
    "pictures need gnuplot, which is not on the PATH: apt install gnuplot-nox"

  private func kind(of path: String) throws -> String {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "png" }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.hasPrefix("<svg") && text.hasSuffix("</svg>\n") ? "svg" : "neither"
  }

  @Test(arguments: [
    (["--count", "7"], "a.svg"), (["--count", "1000"], "a.png"), (["--index", "79"], "a.png"),
    ([], "a.SVG"),
  ])
  func dataAreDrawn(_ options: [String], _ name: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(["data", "show", data, "--output", folder[name]] + options)
    expectSuccess(result)
    #expect(result.output == "saved: \(folder[name])\n")
    #expect(try kind(of: folder[name]) == name.suffix(3).lowercased())
  }

  @Test func imageThatIsNotThereIsToldOfBeforeTheFile() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    for index in ["80", "-1"] {
      let result = try Command.maru(
        ["data", "show", data, "--output", folder["a.png"], "--index=\(index)"])
      expectFailure(result, 64, "--index: expected 0 to 79, got \(index)")
    }
    #expect(!folder.contents.contains("a.png"))
  }

  @Test func predictionsAreDrawn() throws {
    let run = try StripesRun()
    let paths = ["p.png", "m.svg", "c.png"].map { run.folder[$0] }
    let result = try Command.maru([
      "predict", run.path, "--dataset", run.data, "--count", "0", "--chart", paths[0],
      "--mistakes", paths[1], "--confusion", paths[2],
    ])
    expectSuccess(result)
    #expect(result.outputLines.prefix(3) == paths.map { "saved: \($0)" }[...])
    #expect(result.outputLines.last?.hasPrefix("accuracy score: ") == true)
    #expect(try paths.map(kind) == ["png", "svg", "png"])
  }

  @Test func activationsAndFiltersAreDrawn() throws {
    let run = try StripesRun(layers: "conv:3:2:relu,flatten,4:softmax")
    let paths = ["a.svg", "f.svg"].map { run.folder[$0] }
    let predict = ["predict", run.path, "--dataset", run.data, "--count", "0", "--activations"]
    let result = try Command.maru(predict + [paths[0]])
    expectSuccess(result)
    #expect(result.outputLines.first == "saved: \(paths[0])")
    #expect(try run.folder.text(of: "a.svg").contains("re_lu (ReLU): 3 of 3×4, from 0.00 to "))
    expectSuccess(try Command.maru(["summary", run.path, "--weights", paths[1]]))
    #expect(try run.folder.text(of: "f.svg").contains("First-layer filters: 3 of 2×2<"))
    let dense = try StripesRun()
    expectFailure(
      try Command.maru([
        "predict", dense.path, "--dataset", run.data, "--activations", run.folder["b.svg"],
      ]), 65, "--activations: \(dense.path): no layer of the model gives images")
  }

  @Test func trainingLeavesItsCurvesAndTheyAreDrawnAgain() throws {
    let run = try StripesRun(more: "--validation-split 0.25")
    for (figure, texts) in [
      ("accuracy", ["Training and validation accuracy", "Validation accuracy"]),
      ("loss", ["model loss", "validation"]),
    ] {
      let drawn = try run.folder.text(of: "run/\(figure).svg")
      for text in texts { #expect(drawn.contains("<text>\(text)</text>")) }
      for source in [run.path, run.path + "/history.json"] {
        let result = try Command.maru([
          "plot", source, "--figure", figure, "--force", "--output", run.folder["again.svg"],
        ])
        expectSuccess(result)
        #expect(try run.folder.text(of: "again.svg") == drawn)
      }
    }
  }

  @Test func curvesOfKerasAreDrawn() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Array(#"{"loss": [2, NaN], "acc": [0.5, 0.75]}"#.utf8), to: "keras.json")
    expectSuccess(try Command.maru(["plot", path, "--output", folder["a.svg"]]))
    #expect(try folder.text(of: "a.svg").contains("<text>Training accuracy</text>"))
  }

  @Test(arguments: [
    (#"{"loss": [2, 1]}"#, "accuracy"),
    (#"{"loss": [2, 1], "acc": [NaN, null], "val_acc": [NaN, NaN]}"#, "accuracy"),
    (#"{"loss": [NaN, Infinity], "acc": [0.5, 1]}"#, "loss"),
  ])
  func figureThatIsNotThereIsToldSo(_ history: String, _ figure: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(history.utf8), to: "keras.json")
    let result = try Command.maru(
      ["plot", path, "--figure", figure, "--output", folder["a.svg"]])
    expectFailure(result, 65, "\(path): no \(figure) of any epoch")
    #expect(folder.contents == ["keras.json"])
  }

  @Test(arguments: [("4:softmax", "Weights of each class"), ("3:relu,4", "of 3 units")])
  func weightsAreDrawn(_ layers: String, _ title: String) throws {
    let run = try StripesRun(layers: "flatten,\(layers)")
    let path = run.folder["w.svg"]
    let result = try Command.maru(["summary", run.path, "--weights", path])
    expectSuccess(result)
    #expect(result.outputLines.last == "saved: \(path)")
    #expect(try run.folder.text(of: "w.svg").contains(title))
  }

  @Test func weightsOfNoImageAreToldSo() throws {
    let run = try StripesRun()
    let result = try Command.maru(["summary", run.path, "--weights", run.folder["w.svg"]])
    expectFailure(
      result, 65,
      "--weights: \(run.path): the first layer has 20 inputs, which are no image")
    #expect(!run.folder.contents.contains("w.svg"))
  }

  // MARK: before the work

  /// What is read is not there, but the name of the picture is told of first.
  @Test(arguments: [
    ("data show none --output a.jpg", "--output", "maru data show"),
    ("predict none --dataset none --chart a.jpg", "--chart", "maru predict"),
    ("predict none --dataset none --mistakes a.jpg", "--mistakes", "maru predict"),
    ("predict none --dataset none --confusion a.jpg", "--confusion", "maru predict"),
    ("predict none a.png --activations a.jpg", "--activations", "maru predict"),
    ("plot none --output a.jpg", "--output", "maru plot"),
    ("summary none --weights a.jpg", "--weights", "maru summary"),
  ])
  func otherEndingIsRefused(_ line: String, _ option: String, _ command: String) throws {
    expectFailure(
      try Command.maru(line), 64, "\(option): a.jpg: expected a name that ends in .svg or .png",
      hint: "\(command) --help")
  }

  @Test(arguments: [
    "data show none --output a.png", "predict none --dataset none --chart a.png",
    "predict none --dataset none --mistakes a.png", "predict none --dataset none --confusion a.png",
    "plot none --output a.png", "summary none --weights a.png",
  ])
  func missingGnuplotIsOneLine(_ line: String) throws {
    let result = try Command.maru(
      Command.words(line), environment: ["PATH": "/nonexistent"])
    expectFailure(result, 66, Self.missing)
  }

  /// The terminal of the user's own gnuplot may be one that this one does not have.
  @Test func theUsersTerminalOfGnuplotDoesNotMatter() throws {
    let run = try StripesRun()
    let result = try Command.maru(
      ["plot", run.path, "--output", run.folder["a.svg"]], environment: ["GNUTERM": "nonsense"])
    expectSuccess(result)
    #expect(try kind(of: run.folder["a.svg"]) == "svg")
  }

  /// A table has counts to draw, but no images.
  @Test func samplesThatAreNoImagesAreToldSo() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<60).map { "\($0 % 4),\($0 % 3),\(["a", "b"][$0 % 2])\n" }.joined()
    let data = try folder.write(Array(("x,y,label\n" + rows).utf8), to: "table.csv")
    let trained = try Command.maru(
      Command.words("train --layers 2:softmax --epochs 1 --progress none")
        + ["--dataset", data, "--output", folder["run"]])
    expectSuccess(trained)
    let reason = "expected images, but \(data) has samples of shape [2]"
    for options in [["--count", "2"], ["--index", "0"]] {
      for output in [[], ["--output", folder["a.svg"]]] {
        let result = try Command.maru(["data", "show", data] + options + output)
        expectFailure(result, 64, "\(options[0]): \(reason)")
      }
    }
    for option in ["--chart", "--mistakes"] {
      let result = try Command.maru(
        ["predict", folder["run"], "--dataset", data, option, folder["a.svg"]])
      expectFailure(result, 64, "\(option): \(reason)")
    }
    #expect(!folder.contents.contains("a.svg"))
    let counts = try Command.maru(["data", "show", data, "--output", folder["counts.svg"]])
    expectSuccess(counts)
    let confusion = try Command.maru(
      ["predict", folder["run"], "--dataset", data, "--confusion", folder["confusion.svg"]])
    expectSuccess(confusion)
  }

  @Test func placeThatCannotBeWrittenIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder["none/a.png"]
    expectFailure(
      try Command.maru(["plot", "none", "--output", path]), 74,
      "\(path): cannot write: No such file or directory")
  }

  /// An earlier run's curves would be taken for the new one's.
  @Test func trainingSucceedsWithoutGnuplotAndSaysWhatToInstall() throws {
    let run = try StripesRun()
    #expect(run.folder.contents.contains("run/loss.svg"))
    let result = try Command.maru(
      Command.words("train --layers 4:softmax --epochs 1 --progress none --force")
        + ["--dataset", run.data, "--output", run.path],
      environment: ["PATH": "/nonexistent"])
    #expect(result.exitCode == 0)
    #expect(result.errors == "no pictures: \(Self.missing)\n")
    #expect(result.outputLines.last == "saved: \(run.path)")
    #expect(!run.folder.contents.contains { $0.hasSuffix(".svg") })
  }

  // MARK: benchmarks

  @Test func speedsAreDrawn() throws {
    let folder = try TemporaryFolder()
    try folder.write([], to: "g.svg")
    // A link stays one.
    #expect(symlink("g.svg", folder["link.svg"]) == 0)
    expectSuccess(
      try Command.benchmarks("gemm --sizes 8 16 --repeats 1 --chart \(folder["link.svg"])"))
    let drawn = try folder.text(of: "g.svg")
    for text in ["sgemm", "dgemm", "16", "GFLOP/s"] {
      #expect(drawn.contains("<text>\(text)</text>"))
    }
  }

  @Test func speedsThatCannotBeDrawnAreNotMeasured() throws {
    for (line, exitCode, message) in [
      ("gemm --chart a.gif", 64, "--chart: a.gif: expected a name that ends in .svg or .png"),
      ("gemm --set skinny --chart a.svg", 64, "--chart: expected with squares alone in --set"),
      (
        "gemm --chart /dev/null/a.svg", 74,
        "/dev/null/a.svg: cannot write: Not a directory"
      ),
      (
        "training --chart /dev/null/a.svg", 74,
        "/dev/null/a.svg: cannot write: Not a directory"
      ),
    ] as [(String, Int32, String)] {
      let result = try Command.benchmarks(line)
      #expect(result.exitCode == exitCode && result.output == "")
      #expect(result.errorLines.first == "Error: \(message)")
    }
    let result = try Command.benchmarks(
      "training --chart a.svg", environment: ["PATH": "/nonexistent"])
    #expect(result.exitCode == 66 && result.errors == "Error: \(Self.missing)\n")
  }
}
